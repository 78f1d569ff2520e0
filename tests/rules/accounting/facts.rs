//! Given, when, then: one event a line, and the postings that it leads to on the lines below it, further in.
//!
//! ```text
//! topped_up o1 10.00 for 10 tax 2.00
//!     assets:processor-clearing:stripe 12.00 USD
//!     ...
//! granted promotional 5
//!     nothing in USD
//! ```
//! An event is a fact: nothing is decided here. Lots are named by the revisions of the events that made them; `open` is
//! event 0. Of an event without lines below it only that it balances is checked. Every account that is posted to must stand in
//! the event's row of `docs/postings.md`.

use scrip_ledger::accounting::{Before, Commodity, Posting};
use scrip_ledger::{Account, Event, Timestamp, Token, decode};
use serde_json::{Value, json};

use super::page;

const AT: i64 = 1_772_000_000_000_000;
const TIME: &str = "2026-03-01T00:00:00.000000Z";

/// Plays the events and checks what is expected of them.
#[track_caller]
pub fn check(script: &str) -> Account {
    let mut account = Account::absent(Token::new("alice").unwrap());
    take(&mut account, "open");
    let lines: Vec<&str> = script.lines().filter(|line| !line.trim().is_empty()).collect();
    let depth = |line: &str| line.len() - line.trim_start().len();
    let outer = depth(lines[0]);
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].trim();
        let expected: Vec<&str> =
            lines[at + 1..].iter().take_while(|line| depth(line) > outer).map(|line| line.trim()).collect();
        at += 1 + expected.len();
        let postings = take(&mut account, line);
        let posted: Vec<String> = postings
            .iter()
            .map(|posting| {
                let Posting { account, commodity, quantity } = posting;
                format!("{account} {} {commodity}", commodity.amount(*quantity))
            })
            .collect();
        match expected[..] {
            [] => {}
            ["nothing"] => assert_eq!(posted, Vec::<String>::new(), "{line}"),
            ["nothing in money"] => {
                assert!(
                    postings.iter().all(|posting| posting.commodity == Commodity::Credits),
                    "{line}: {posted:?}"
                );
            }
            _ => {
                let sorted = |lines: Vec<String>| {
                    let mut lines = lines;
                    lines.sort();
                    lines
                };
                let expected = expected.into_iter().map(str::to_owned).collect();
                assert_eq!(sorted(posted), sorted(expected), "\n  of: {line}\n  in: {script}");
            }
        }
    }
    account
}

/// Takes an event; answers its postings, which balance.
#[track_caller]
fn take(account: &mut Account, line: &str) -> Vec<Posting> {
    let event = event(line, account);
    let before = Before::of(account, &event);
    account.evolve(&event, Timestamp::from_micros(AT));
    assert_eq!(account.inconsistency(), None, "{line}");
    let postings = before.postings(account, &event).unwrap_or_else(|error| panic!("{line}: {error}"));
    page::check(&event, &postings);
    postings
}

/// What a line says.
fn event(line: &str, account: &Account) -> Event {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (kind, fields) = fields(&words, account);
    let fields = fields.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    let fields: serde_json::Map<String, Value> =
        fields.map(|(name, value)| (name.clone(), value.clone())).collect();
    let payload = Value::Object(fields).to_string();
    decode(kind, 1, payload.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}: {payload}"))
}

fn money(amount: &str) -> Value {
    let (amount, currency) = amount.split_once('/').unwrap_or((amount, "USD"));
    json!({ "currency": currency, "amount": amount })
}

/// `1:3,2:0.5`.
fn parts(text: &str) -> Value {
    let part = |part: &str| {
        let (lot, amount) = part.split_once(':').unwrap();
        json!({ "lot": lot.parse::<u64>().unwrap(), "amount": amount })
    };
    text.split(',').map(part).collect()
}

fn fields<'a>(words: &[&'a str], account: &Account) -> (&'a str, Value) {
    let word = |at: usize| words[at];
    let number = |at: usize| json!(words[at].parse::<u64>().unwrap());
    let option = |name: &str| words.iter().position(|word| *word == name).map(|at| words[at + 1]);
    let lots = || option("lots").map_or(json!([]), parts);
    let maybe_money = |name: &str| option(name).map(money);
    let has = |name: &str| words.contains(&name).then_some(true);
    let zero = |name: &str| json!(option(name).unwrap_or("0"));
    let payment = |amount: &str, order: &str| {
        let mut payment = json!({
            "provider": option("by").unwrap_or("stripe"), "payment_id": format!("pi-{order}"), "method": "card",
            "amount": money(amount),
        });
        for name in ["tax", "fee"] {
            if let Some(extra) = option(name) {
                payment[name] = money(extra);
            }
        }
        payment
    };
    let kind = word(0);
    let body = match kind {
        "open" => return ("account_opened", json!({ "book": "test" })),
        "topped_up" => json!({
            "order_id": word(1), "product_id": "p", "catalog": 1, "payment": payment(word(2), word(1)),
            "credits": option("for"), "priority": 0,
        }),
        "granted" => json!({ "source": word(1), "credits": word(2), "priority": 0 }),
        "hold_placed" => json!({
            "request_id": "r", "model": "m", "endpoint": "e", "amount": word(1), "lots": lots(), "expires_at": TIME,
            "catalog": 1, "policy": 1, "after": { "available": "0", "posted": "0" },
        }),
        "debited" | "hold_captured" => {
            let mut charge = json!({
                "request_id": "r", "model": "m", "endpoint": "e", "outcome": "completed", "charged": word(1),
                "lots": lots(), "catalog": 1, "policy": 1,
            });
            for name in ["debt", "absorbed"] {
                if let Some(amount) = option(name) {
                    charge[name] = json!(amount);
                }
            }
            match option("hold") {
                Some(hold) => {
                    json!({ "hold": hold.parse::<u64>().unwrap(), "charge": charge, "released": "0" })
                }
                None => json!({ "charge": charge }),
            }
        }
        "usage_refunded" => json!({
            "debit": number(1), "reason": "failed", "credits": word(2), "debt": zero("debt"), "lots": lots(),
            "repaid": option("repaid").map(parts),
        }),
        "lot_expired" => json!({ "lot": number(1), "amount": word(2), "expired_at": TIME }),
        "lot_forfeited" => json!({ "lot": number(1), "amount": word(2), "reason": "misuse" }),
        "lot_reinstated" | "lot_reclaimed" => json!({ "lot": number(1), "amount": word(2) }),
        "debt_repaid" => json!({ "lots": lots() }),
        "adjusted" => json!({ "approval": 0, "reason": "undercharged", "lots": lots() }),
        "refund_requested" => json!({
            "order_id": word(1), "cause": "mind", "evidence": [], "channel": word(2), "handling": "review",
            "policy": 1, "refundable": money("0"), "by": "ann",
        }),
        "refund_approved" => json!({ "refund": number(1) }),
        "refund_reclaimed" => json!({
            "refund": number(1), "lots": lots(), "amount": maybe_money("amount"), "tax": maybe_money("tax"),
            "fee": maybe_money("fee"), "lapses": has("lapses"),
        }),
        "refund_paid" => json!({ "refund": number(1), "by": "ann" }),
        "refund_failed" => {
            json!({ "refund": number(1), "reason": "iban", "reinstated": lots(), "by": "ann" })
        }
        "payment_refunded" => json!({
            "order_id": word(1), "refunded": money(word(2)), "lots": lots(), "lapses": has("lapses"),
        }),
        "payment_dispute_closed" => json!({
            "order_id": word(1), "dispute": word(2), "won": word(3) == "won", "credits": zero("credits"),
            "lots": lots(), "debt": zero("debt"),
        }),
        "withdrawn" => {
            let amounts: Vec<Value> = option("amounts").unwrap().split(',').map(money).collect();
            json!({ "lots": lots(), "amounts": amounts, "reason": "asked", "by": "ann" })
        }
        "migration_started" => json!({ "to": "bob", "lots": lots(), "reason": "asked", "by": "ann" }),
        "migration_completed" => json!({ "migration": number(1) }),
        "migration_reversed" => json!({ "migration": number(1), "lots": lots(), "reason": "full" }),
        "lot_received" => json!({
            "from": "bob", "migration": 5, "lot": 1, "credits": word(1), "priority": 0,
            "source": option("source"),
            "basis": option("paid").map(|paid| json!({
                "order_id": "o1", "paid": money(paid), "credits": option("for"), "paid_at": TIME,
                "provider": option("by"),
            })),
        }),
        "subscribed" => json!({ "plan": "basic", "every": "P1M" }),
        "period_granted" => {
            let period = account.records().subscriptions.all()[0].periods.len() + 1;
            json!({
                "subscription": number(1), "period": period, "from": TIME, "until": TIME, "order_id": word(2),
                "price": money(word(3)), "payment": has("paid").map(|_| payment(word(3), word(2))),
                "credits": option("for"), "expires_at": TIME, "priority": 0, "catalog": 1,
            })
        }
        "period_paid" => json!({
            "subscription": number(1), "order_id": word(2), "lot": number(3), "payment": payment(word(4), word(2)),
        }),
        "subscription_ended" => json!({ "subscription": number(1), "reason": word(2), "ended_at": TIME }),
        "compensation_claimed" => json!({ "amount": money(word(1)), "reason": "damage" }),
        "compensation_settled" => json!({ "claim": number(1), "paid": word(2) == "paid" }),
        other => panic!("no such event here: {other}"),
    };
    (kind, body)
}
