//! A naive ledger, to check the real one against: written the slow and obvious way from the architecture page and the
//! contract, and sharing no code with `scrip_ledger`.
//!
//! It reads commands and terms as JSON and predicts every event as JSON. Credits are **coins**: pieces of a lot,
//! each in one place. Nothing is summed up in advance: every question goes through all coins again.

#[path = "model_account.rs"]
mod account;
#[path = "model_calls.rs"]
mod calls;
#[path = "model_money.rs"]
pub mod money;
#[path = "model_refunds.rs"]
mod refunds;
#[path = "model_rules.rs"]
mod rules;

use std::collections::BTreeMap;

use serde_json::Value;

pub use account::{Account, Coin, Place};

/// A refusal's stable code.
pub type Code = &'static str;

/// All versions of a book's terms, as JSON; the last is in force.
#[derive(Clone, Debug)]
pub struct Terms {
    pub catalogs: Vec<Value>,
    pub policies: Vec<Value>,
}

impl Terms {
    fn version(versions: &[Value], version: &Value) -> Value {
        versions
            .iter()
            .find(|terms| terms["version"] == *version)
            .expect("a version that was in force")
            .clone()
    }

    pub fn catalog(&self, version: &Value) -> Value {
        Self::version(&self.catalogs, version)
    }

    pub fn policy(&self, version: &Value) -> Value {
        Self::version(&self.policies, version)
    }
}

/// An event that the model expects.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub name: &'static str,
    pub payload: Value,
    /// In microseconds; nothing if it takes effect when it is recorded.
    pub effective_at: Option<i64>,
}

/// What an accepted command leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub events: Vec<Recorded>,
    /// The balance afterwards, as the contract shows it.
    pub balance: Value,
    /// When its events are recorded: time in an account never runs backwards.
    pub recorded_at: i64,
}

/// Books and accounts. Feed it the accepted commands of a log in the order of their positions, or every command in
/// the order it was decided, and compare each answer.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub books: BTreeMap<String, Terms>,
    accounts: BTreeMap<String, Account>,
}

impl Model {
    pub fn new(books: impl IntoIterator<Item = (String, Terms)>) -> Self {
        Self { books: books.into_iter().collect(), accounts: BTreeMap::new() }
    }

    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// Applies a command, in its canonical JSON form, at a time in microseconds. A refused one changes nothing.
    pub fn apply(&mut self, account: &str, command: &Value, now: i64) -> Result<Answer, Code> {
        let (after, answer) = self.attempt(account, command, now)?;
        if !answer.events.is_empty() {
            self.accounts.insert(account.to_owned(), after);
        }
        Ok(answer)
    }

    /// What would come of a command now: for an answer that recorded nothing, to be checked where it was given.
    pub fn ask(&self, account: &str, command: &Value, now: i64) -> Result<Answer, Code> {
        self.attempt(account, command, now).map(|(_, answer)| answer)
    }

    fn attempt(&self, account: &str, command: &Value, now: i64) -> Result<(Account, Answer), Code> {
        let known = self.accounts.get(account).cloned();
        if command["op"] == "open" {
            if known.is_some() {
                return Err("already_exists");
            }
        } else if known.is_none() {
            return Err("account_not_found");
        }
        let account_before = known.unwrap_or_default();
        let book = match command["op"] == "open" {
            true => command["book"].as_str().unwrap().to_owned(),
            false => account_before.book.clone(),
        };
        let now = now.max(account_before.last_recorded_at);
        let mut attempt =
            rules::Attempt { account: account_before, terms: &self.books[&book], now, events: Vec::new() };
        attempt.settle_what_is_due();
        attempt.act(command)?;
        let rules::Attempt { account: mut after, events, .. } = attempt;
        if !events.is_empty() {
            after.last_recorded_at = now;
        }
        let balance = after.balance();
        Ok((after, Answer { events, balance, recorded_at: now }))
    }
}
