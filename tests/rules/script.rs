//! Given, when, then as a table: one command a line, and what comes of it behind the arrow.
//!
//! ```text
//! grant promotional 10      -> granted 10
//! hold 4                    -> held 4 = l1:4 until 10m
//! capture 2 5               -> captured h2 5 = l1:5, released 0
//! debit 9                   -> ! insufficient_credits, available 5, required 9
//! ```
//! A lot, hold, key, freeze or debit is named by its event's revision; `open` is event 0 of every script. Several
//! events are joined by `;`, on one line or the next. Times count from the start: `10m`, `30d`. An account is opened
//! first unless the script says `openless`.

use scrip_ledger::book::{Book, Catalog, Policy, Version};
use scrip_ledger::{Account, Event, Timestamp, decide};
use serde_json::{Value, json};

use super::commands::{seconds, token};
use super::render::{balance, lot, outcome};

pub const START: i64 = 1_772_000_000_000_000;

pub fn catalog() -> Value {
    let rate = |unit, rate, per: u64| json!({ "model": "m", "endpoint": "chat/completions", "unit": unit, "rate": rate, "per": per });
    let price = |amount: &str| json!({ "currency": "USD", "amount": amount });
    json!({
        "version": 1,
        "products": [
            { "id": "p10", "price": price("10.00"), "credits": "10" },
            { "id": "p20", "price": price("20.00"), "credits": "22", "valid_for": "P10D", "priority": 5 },
        ],
        "rates": [rate("input_tokens", "1", 1), rate("output_tokens", "2", 1), rate("images", "0.0000000005", 1)],
    })
}

pub fn policy() -> Value {
    let charge = "charge";
    json!({
        "version": 1,
        "burn_order": ["oldest_first"],
        "rounding": "half_even",
        "holds": { "ttl_seconds": 600, "max_ttl_seconds": 3600, "amount_allowed": true },
        "overrun": { "rule": "absorb", "beyond_credit_line": "absorb" },
        "freeze": { "open_holds": "settle" },
        "usage_refunds": { "allowed": true, "clause": "P5", "expired_lot": "lapse" },
        "outcomes": {
            "completed": charge, "partial": charge, "client_disconnected": charge, "usage_unknown": charge,
            "failed": "release", "provider_limited": "release", "retried": "release",
            "moderation_blocked": "release", "policy_violation": charge,
        },
        "grants": {
            "promotional": { "priority": 1 }, "signup": { "valid_days": 14, "priority": 2 },
            "manual": { "priority": 3 }, "compensation": { "priority": 4 },
        },
        "close": { "remainder": "keep" },
        "idempotency": { "call_key_days": 7 },
    })
}

pub struct Script {
    catalogs: Vec<Value>,
    policies: Vec<Value>,
    pub account: Account,
    pub history: Vec<Event>,
    pub now: i64,
}

/// Runs a script; every line without an arrow is expected to be accepted, whatever it leads to.
#[track_caller]
pub fn check(script: &str) -> Script {
    let mut run = Script {
        catalogs: vec![catalog()],
        policies: vec![policy()],
        account: Account::absent(token("alice")),
        history: Vec::new(),
        now: START,
    };
    let mut lines: Vec<String> = script.lines().map(|line| line.trim().to_owned()).collect();
    // A line that begins with a semicolon goes on with the one before.
    while let Some(at) = lines.iter().position(|line| line.starts_with(';')) {
        let more = lines.remove(at);
        lines[at - 1].push_str(&more);
    }
    let openless = lines.iter().any(|line| line == "openless");
    lines.retain(|line| line != "openless");
    if !openless && !lines.iter().any(|line| line.starts_with("open")) {
        let first = lines.iter().position(|line| !line.is_empty() && !line.starts_with("policy"));
        lines.insert(first.unwrap_or(0), "open".to_owned());
    }
    for line in lines.iter().filter(|line| !line.is_empty()) {
        let (command, expected) = match line.split_once("->") {
            Some((command, expected)) => (command.trim(), Some(expected)),
            None => (line.as_str(), None),
        };
        let actual = run.line(command);
        let expected = expected.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        match expected {
            Some(expected) => {
                assert_eq!(actual, expected.replace(" ;", ";"), "\n  in the line: {line}\n  of: {script}");
            }
            None => assert!(!actual.starts_with('!'), "{command}: {actual}\n  of: {script}"),
        }
        super::invariants::check(&run.account);
    }
    run
}

fn set(terms: &mut Value, path: &str, value: &str) {
    let pointer = format!("/{}", path.replace('.', "/"));
    // A key that a policy may leave out.
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    if let Some(parent) = terms.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.entry(name).or_insert(Value::Null);
    }
    let key = terms.pointer_mut(&pointer).unwrap_or_else(|| panic!("no such key: {path}"));
    // A text stays one: "12.00" is an amount.
    *key = match key.is_string() && !value.starts_with(['{', '[']) {
        true => json!(value),
        false => serde_json::from_str(value).unwrap(),
    };
}

impl Script {
    pub fn book(&self) -> Book {
        fn read<T: serde::de::DeserializeOwned>(versions: &[Value]) -> Vec<Version<T>> {
            let read = |json: &Value| serde_json::from_value(json.clone()).unwrap();
            let since = Timestamp::from_micros(0);
            versions.iter().map(|json| Version::at_once(since, read(json))).collect()
        }
        let (catalogs, policies) = (read::<Catalog>(&self.catalogs), read::<Policy>(&self.policies));
        Book::new(token("test"), catalogs, policies).unwrap()
    }

    /// Changes the terms: those in force before the account is opened, a new version afterwards.
    fn change(&mut self, what: &str, path: &str, value: &str) {
        let opened = !self.history.is_empty();
        let versions = if what == "policy" { &mut self.policies } else { &mut self.catalogs };
        let mut terms = versions.last().unwrap().clone();
        set(&mut terms, path, value);
        if opened {
            terms["version"] = json!(versions.len() + 1);
            versions.push(terms);
        } else {
            *versions.last_mut().unwrap() = terms;
        }
    }

    /// A command so many times over.
    pub fn repeat(&mut self, command: &str, times: usize) {
        for _ in 0..times {
            self.line(command);
        }
    }

    pub fn line(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["policy" | "catalog", path, value] => {
                self.change(words[0], path, value);
                return "changed".to_owned();
            }
            ["wait", time] => {
                self.now += seconds(time) * 1_000_000;
                return "waited".to_owned();
            }
            ["back", time] => {
                self.now -= seconds(time) * 1_000_000;
                return "went back".to_owned();
            }
            ["balance"] => return balance(&self.account.balance()),
            ["lot", revision] => return lot(self.account.lot(revision.parse().unwrap()).unwrap()),
            _ => {}
        }
        let command = self.command(&words);
        let now = Timestamp::from_micros(self.now);
        match decide(&self.account, &self.book(), &command, now) {
            Err(refusal) => super::render::refusal(&refusal),
            Ok(events) => {
                let now = now.max(self.account.last_recorded_at());
                for event in &events {
                    self.account.evolve(event, now);
                    self.history.push(event.clone());
                }
                outcome(&events)
            }
        }
    }
}
