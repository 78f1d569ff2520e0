//! What a read model is: a pure function from events to rows.
//!
//! A model gathers what a batch of events changes, and gives its net changes out when the batch is written: a hold that
//! was placed and captured within a batch touches no row. What its tables hold depends on the events alone, never on how
//! they were cut into batches.

use compact_str::CompactString;
use scrip_ledger::accounting::{AccountingError, Booked, Posting};
use scrip_ledger::book::event::BookEvent;
use scrip_ledger::event::Charged;
use scrip_ledger::{Account, AccountId, BookId, Event, Hold, Timestamp};

use crate::accounts::Accounts;
use crate::table::{Change, Table};

/// Why a model cannot take an event: it stops there, alone, until somebody decides what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The event cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// The event contradicts the account's history.
    #[error("it contradicts the account's history: {0}")]
    Contradiction(CompactString),
    /// A number is beyond what a column can hold.
    #[error("{0} is beyond what can be shown")]
    OutOfRange(&'static str),
    /// The database refuses the rows.
    #[error("the database refuses its rows: {0}")]
    Refused(String),
}

/// Where an event stands in the log, and who wrote it when.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its position.
    pub position: u64,
    /// Its revision in its stream.
    pub revision: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When it took effect.
    pub effective_at: Timestamp,
    /// Who asked for it.
    pub actor: CompactString,
}

/// An event of an account, and the account with it.
pub struct AccountStep<'a> {
    /// Where it stands.
    pub place: &'a Place,
    /// What happened.
    pub event: &'a Event,
    /// The account after it.
    pub account: &'a Account,
    /// The account's book.
    pub book: &'a BookId,
    /// Of a refund of a call: what was charged, by the event that the refund names.
    pub refunded: Option<&'a Charged>,
    /// Of a hold that ends: what it was.
    pub ended: Option<&'a Hold>,
    /// Of the closing of the account: what it overtook.
    pub overtaken: &'a [Overtaken],
    /// What it means for the books.
    pub postings: Result<&'a [Posting], AccountingError>,
    /// When that counts.
    pub booked: Booked,
}

/// Something that the closing of an account brings to its end, by the revision of the event that began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overtaken {
    /// A breach that could still be cured.
    Breach(u64),
    /// An announced closing.
    Announcement(u64),
}

/// Whose events a model takes: what cannot be read of others does not stop it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Those of accounts.
    Accounts,
    /// Those of books.
    Books,
    /// Those of both.
    Both,
}

impl AccountStep<'_> {
    /// The account's id.
    pub fn id(&self) -> &AccountId {
        self.account.id()
    }
}

/// An event of a book.
pub struct BookStep<'a> {
    /// Where it stands.
    pub place: &'a Place,
    /// The book.
    pub book: &'a BookId,
    /// What happened.
    pub event: &'a BookEvent,
}

/// A read model.
pub trait Model: Send {
    /// Its name, which is that of its file.
    fn name(&self) -> &'static str;

    /// The statements that make its tables.
    fn schema(&self) -> &'static str;

    /// Its tables.
    fn tables(&self) -> &'static [&'static Table];

    /// Whose events it takes.
    fn takes(&self) -> Takes {
        Takes::Accounts
    }

    /// Takes an event of an account.
    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        let _ = step;
        Ok(())
    }

    /// Takes an event of a book.
    fn book(&mut self, step: &BookStep<'_>) -> Result<(), Fault> {
        let _ = step;
        Ok(())
    }

    /// What the events since the last time change, a change for each of its tables.
    fn drain(&mut self, accounts: &Accounts) -> Vec<Change>;
}
