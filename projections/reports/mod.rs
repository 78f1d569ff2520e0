//! What is asked of the read models, a file a report.
//!
//! A report reads within one transaction of one generation, so that what it answers is true of one position. SQL is one text
//! for SQLite and PostgreSQL.

mod balances;
pub mod calendar;
pub mod ledger;
pub mod queues;
pub(crate) mod statement;
pub mod usage;

pub use balances::{AccountBalance, BalanceTotals};

use crate::table::join;

/// A part of a list, in an order that never changes.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// Where the next one begins: after this key. Nothing if there is none.
    pub next: Option<String>,
    /// The number of events that the answer has taken into account.
    pub position: u64,
}

/// What a report says, and of which state of the log.
#[derive(Clone, Debug)]
pub struct Told<T> {
    /// The number of events that are taken into account.
    pub count: u64,
    /// What it says.
    pub what: T,
}

/// An amount of credits from its two columns.
pub(crate) fn credits(whole: i64, nanos: i64) -> scrip_ledger::Credits {
    scrip_ledger::Credits::from_nanos(join(whole, nanos))
}

/// A count as a column has it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
