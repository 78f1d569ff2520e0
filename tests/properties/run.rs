//! One account, driven by random steps through the ledger and the model side by side.

use std::collections::BTreeSet;

use proptest::sample::Index;
use scrip_ledger::accounting::Before;
use scrip_ledger::book::{Book, GrantSource, Outcome};
use scrip_ledger::command::{CaptureHold, Command, Debit, Grant, Open, PlaceHold, RefundDebit, TopUp};
use scrip_ledger::event::{Charged, ClosedBy, HoldPlaced, Payment, SecretHash};
use scrip_ledger::{
    Account, Event, FreezeScope, Refusal, Timestamp, command, command::Call, decide, decode, encode,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::accounting::Books;
use super::model::{Answer, Model, Recorded};
use super::steps::{Freeze, OUTCOMES, SOURCES, Step, token};
use super::terms::Versions;

pub const ACCOUNT: &str = "alice";

/// A value by its wire name.
fn named<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_value(json!(name)).unwrap()
}

/// What of an event the model can know: everything but a key's secret. Lines are compared in the order of their units.
pub fn observed(event: &Event) -> Recorded {
    let mut payload: Value = serde_json::from_slice(&encode(event)).unwrap();
    payload.as_object_mut().unwrap().remove("secret_sha256");
    if let Some(lines) = payload.pointer_mut("/charge/lines").and_then(Value::as_array_mut) {
        lines.sort_by_key(|line| line["unit"].as_str().unwrap().to_owned());
    }
    let effective_at = event.effective_at().map(Timestamp::micros);
    Recorded { name: event.wire_name(), payload, effective_at }
}

/// A run: the account as the ledger sees it, its history, and the model.
pub struct Run {
    pub versions: Versions,
    pub book: Book,
    pub version: usize,
    pub now: i64,
    /// By how much the clock is wrong at the next command.
    pub behind: i64,
    pub account: Account,
    pub history: Vec<(Event, Timestamp)>,
    pub model: Model,
    pub accounting: Books,
    /// The codes of the refusals that it met.
    pub refused: BTreeSet<&'static str>,
}

impl Run {
    pub fn new(versions: Versions) -> Self {
        let model = Model::new([(versions.id.clone(), versions.terms(1))]);
        let mut run = Self {
            book: versions.book(1),
            version: 1,
            now: 1_772_000_000_000_000,
            behind: 0,
            account: Account::absent(token(ACCOUNT)),
            history: Vec::new(),
            accounting: Books::default(),
            model,
            refused: BTreeSet::new(),
            versions,
        };
        let open = Open {
            book: run.book.id.clone(),
            owner: Some(token("owner")),
            region: None,
            attestations: None,
            terms_version: None,
            frozen: None,
        };
        run.command(&Command::Open(open));
        run
    }

    /// Runs a step; nothing comes of one that only moves the clock or the book.
    pub fn step(&mut self, step: &Step) {
        let command = match step {
            Step::Wait(seconds) => return self.now += seconds * 1_000_000,
            Step::Back(seconds) => return self.behind = seconds * 1_000_000,
            Step::NextVersion => {
                self.version = (self.version + 1).min(self.versions.catalogs.len());
                self.book = self.versions.book(self.version);
                let terms = self.versions.terms(self.version);
                self.model.books.insert(self.versions.id.clone(), terms);
                return;
            }
            other => self.resolve(other),
        };
        let clock = self.now;
        self.now -= std::mem::take(&mut self.behind);
        self.command(&command);
        self.now = clock;
    }

    /// Decides a command twice, checks it against the model, and takes its events.
    fn command(&mut self, command: &Command) {
        let now = Timestamp::from_micros(self.now);
        let decided = decide(&self.account, &self.book, command, now);
        assert_eq!(decided, decide(&self.account, &self.book, command, now), "decide is a function");
        let asked = serde_json::to_value(command).unwrap();
        let foreseen = self.model.ask(ACCOUNT, &asked, self.now);
        let expected = self.model.apply(ACCOUNT, &asked, self.now);
        assert_eq!(foreseen, expected);
        match decided {
            Err(refusal) => {
                let code = self.code_as_told(&refusal, command);
                assert_eq!(expected, Err(code), "{command:?} was refused: {refusal}");
                self.refused.insert(code);
            }
            Ok(events) => {
                let balance_before = self.account.balance();
                let recorded_at = now.max(self.account.last_recorded_at());
                for event in &events {
                    self.check_uses(event, recorded_at);
                    let before = Before::of(&self.account, event);
                    self.account.evolve(event, recorded_at);
                    self.check_equations();
                    self.accounting.take(before, event, &self.account);
                    let bytes = encode(event);
                    let decoded = decode(event.wire_name(), 1, &bytes).unwrap();
                    assert_eq!((&decoded, encode(&decoded)), (event, bytes));
                    self.history.push((event.clone(), recorded_at));
                }
                let observed = Answer {
                    events: events.iter().map(observed).collect(),
                    balance: serde_json::to_value(self.account.balance()).unwrap(),
                    recorded_at: recorded_at.micros(),
                };
                assert_eq!(Ok(observed), expected, "{command:?}");
                self.check_floor(&balance_before, &events);
            }
        }
    }

    /// A hold that the account does not know, but that an event of its stream placed, is settled: who asks says so.
    fn code_as_told(&self, refusal: &Refusal, command: &Command) -> &'static str {
        let hold = match command {
            Command::ExtendHold { hold, .. } | Command::VoidHold { hold, .. } => Some(*hold),
            _ => None,
        };
        match (refusal, hold.and_then(|hold| self.placed(hold))) {
            (Refusal::HoldNotFound, Some(_)) => Refusal::HoldAlreadySettled.code(),
            _ => refusal.code(),
        }
    }

    fn placed(&self, revision: u64) -> Option<HoldPlaced> {
        match self.history.get(usize::try_from(revision).unwrap()) {
            Some((Event::HoldPlaced(placed), _)) => Some(placed.clone()),
            _ => None,
        }
    }

    fn charged(&self, revision: u64) -> Option<Charged> {
        match self.history.get(usize::try_from(revision).unwrap()) {
            Some((Event::Debited(debited), _)) => Some(debited.charge.clone()),
            Some((Event::HoldCaptured(captured), _)) => Some(captured.charge.clone()),
            _ => None,
        }
    }

    /// The revision of an event of some types; now and then of any event.
    fn pick(&self, index: &Index, names: &[&str]) -> u64 {
        let known: Vec<u64> = (0u64..)
            .zip(&self.history)
            .filter(|(_, (event, _))| names.contains(&event.wire_name()))
            .map(|(revision, _)| revision)
            .collect();
        if known.is_empty() || index.index(16) == 7 {
            return index.index(self.history.len() + 2) as u64;
        }
        known[index.index(known.len())]
    }

    /// A hold, most often one that is open.
    fn pick_hold(&self, index: &Index) -> u64 {
        let open: Vec<u64> = self.account.holds().map(|(revision, _)| revision).collect();
        if open.is_empty() || index.index(7) == 3 {
            return self.pick(index, &["hold_placed"]);
        }
        open[index.index(open.len())]
    }

    /// A model that is sold, and its units.
    fn sold(&self, index: &Index) -> (Call, Vec<String>) {
        let rates = self.book.catalog(Timestamp::MAX).all_rates();
        let rate = &rates[index.index(rates.len())];
        let units = self.units(&rate.model, &rate.endpoint);
        let unknown = index.index(64) == 63;
        let call = Call {
            request_id: token("req-1"),
            model: if unknown { "nobody-sells-this".into() } else { rate.model.clone() },
            endpoint: rate.endpoint.clone(),
            key: None,
        };
        (call, units)
    }

    fn units(&self, model: &str, endpoint: &str) -> Vec<String> {
        let rates = self.book.catalog(Timestamp::MAX).all_rates().iter();
        rates.filter(|r| r.model == model && r.endpoint == endpoint).map(|r| r.unit.to_string()).collect()
    }

    fn units_of_hold(&self, hold: u64) -> Vec<String> {
        self.placed(hold).map_or_else(Vec::new, |hold| self.units(&hold.model, &hold.endpoint))
    }

    fn resolve(&self, step: &Step) -> Command {
        const LOTS: [&str; 2] = ["topped_up", "granted"];
        const KEYS: [&str; 1] = ["key_issued"];
        const DEBITS: [&str; 2] = ["debited", "hold_captured"];
        let key = |index: &Option<Index>| index.as_ref().map(|index| self.pick(index, &KEYS));
        let outcome = |index: &usize| named::<Outcome>(OUTCOMES[*index]);
        match step {
            Step::Wait(_) | Step::Back(_) | Step::NextVersion | Step::Sweep => Command::Sweep,
            Step::IssueKey => Command::IssueKey { secret: SecretHash([7; 32]) },
            Step::RotateKey(index) => {
                Command::RotateKey { key: self.pick(index, &KEYS), secret: SecretHash([8; 32]) }
            }
            Step::RevokeKey(index) => Command::RevokeKey { key: self.pick(index, &KEYS), reason: None },
            Step::TopUp(index, wrong) => self.top_up(index, *wrong),
            Step::Grant { source, credits, expires_in, priority } => Command::Grant(Grant {
                source: named::<GrantSource>(SOURCES[*source]),
                campaign: None,
                credits: *credits,
                expires_at: expires_in.map(|seconds| Timestamp::from_micros(self.now + seconds * 1_000_000)),
                priority: *priority,
                reason: Some(token("test")),
                by: token("finance"),
                so_far: scrip_ledger::book::ClaimsSoFar::default(),
            }),
            Step::Hold { model, size, ttl_seconds, key: with } => {
                let (call, units) = self.sold(model);
                let call = Call { key: key(with), ..call };
                Command::PlaceHold(PlaceHold { call, size: size.of(&units), ttl_seconds: *ttl_seconds })
            }
            Step::Extend(index, size) => {
                let hold = self.pick_hold(index);
                Command::ExtendHold { hold, size: size.of(&self.units_of_hold(hold)) }
            }
            Step::Capture(index, size, how) => {
                let hold = self.pick_hold(index);
                let past = self.placed(hold).filter(|_| self.account.hold(hold).is_none()).map(Box::new);
                let size = size.of(&self.units_of_hold(hold));
                let outcome = outcome(how);
                Command::CaptureHold(CaptureHold { hold, size, outcome, provider: None, past })
            }
            Step::Void(index, how) => {
                Command::VoidHold { hold: self.pick_hold(index), outcome: outcome(how) }
            }
            Step::Debit { model, size, outcome: how, key: with } => {
                let (call, units) = self.sold(model);
                let call = Call { key: key(with), ..call };
                Command::Debit(Debit { call, size: size.of(&units), outcome: outcome(how), provider: None })
            }
            Step::Refund(index, amount) => {
                let debit = self.pick(index, &DEBITS);
                let past = self.charged(debit).map(Box::new);
                Command::RefundDebit(RefundDebit { debit, reason: token("failed"), amount: *amount, past })
            }
            Step::Freeze(freeze) => {
                let scope = match freeze {
                    Freeze::Account => FreezeScope::Account,
                    Freeze::Amount(amount) => FreezeScope::Amount { amount: *amount },
                    Freeze::Lots(lots) => {
                        FreezeScope::Lots { lots: lots.iter().map(|index| self.pick(index, &LOTS)).collect() }
                    }
                    Freeze::Key(index) => FreezeScope::Key { key: self.pick(index, &KEYS) },
                };
                Command::Freeze(command::Freeze {
                    scope,
                    reason: token("abuse"),
                    effective_at: None,
                    owner_wide: false,
                    origin: None,
                    preserve_logs: false,
                })
            }
            Step::Thaw(index) => {
                let freeze = index.as_ref().map(|index| self.pick(index, &["frozen"]));
                Command::Thaw { freeze, reason: token("cleared") }
            }
            Step::CreditLine(limit) => Command::SetCreditLine { limit: *limit },
            Step::Close => {
                Command::Close(command::Close { by: ClosedBy::Holder, reason: None, effective_at: None })
            }
        }
    }

    fn top_up(&self, index: &Index, wrong: u8) -> Command {
        let products = &self.book.catalog(Timestamp::MAX).products;
        let product = &products[index.index(products.len())];
        let money = |currency: &str, amount: &str| {
            serde_json::from_value(json!({ "currency": currency, "amount": amount }))
        };
        let usd = |amount: &str| money("USD", amount).unwrap();
        Command::TopUp(TopUp {
            order_id: token("order"),
            product_id: if wrong == 1 { token("nothing") } else { product.id.clone() },
            payment: Payment {
                provider: token("stripe"),
                payment_id: token("pi_1"),
                method: token("card"),
                amount: if wrong == 2 { usd("0.99") } else { product.price },
                tax: (wrong == 3).then(|| money("EUR", "1.00").unwrap()),
                fee: (wrong == 4).then(|| money(product.price.currency().code(), "0.30").unwrap()),
            },
            notices: Vec::new(),
        })
    }
}
