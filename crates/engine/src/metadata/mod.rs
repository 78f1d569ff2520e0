//! What providers said of calls, where a book keeps that for a time only (A6): a table of its own, beside the log.
//!
//! It is no part of the billing record, and nothing is ever decided on it. Rows are handed over when the event that
//! charged the call is durable; a thread writes them in batches, and nobody who charges a call waits for it. They are
//! deleted when their time is over, but for those of accounts under a legal hold (M11).
//!
//! - **Invariant**: a row past its time is never read, whether or not it was deleted yet.
//! - **Invariant**: what is not written is counted and logged; it is never lost in silence.

mod legal_holds;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod writer;

use std::path::PathBuf;

use scrip_ledger::book::Book;
use scrip_ledger::event::ProviderAnswer;
use scrip_ledger::{AccountId, BookId, Event, Timestamp};
use scrip_store::StoreError;

pub(crate) use store::{CallMetadata, Start};

use crate::history::HistoryError;

/// What the provider said of one call, on its way to the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) account: AccountId,
    /// The event that charged the call.
    pub(crate) revision: u64,
    pub(crate) book: BookId,
    pub(crate) recorded_at: Timestamp,
    /// The last instant at which it may be read.
    pub(crate) kept_until: Timestamp,
    pub(crate) provider: ProviderAnswer,
}

/// Takes what the provider said of a call out of the event that charges it, where the book keeps that for a time only
/// (A6). The command has it still: should it be decided again, so is this.
pub(crate) fn set_apart(
    book: &Book,
    account: &AccountId,
    events: &mut [Event],
    first_revision: u64,
    recorded_at: Timestamp,
) -> Option<Row> {
    let (at, answer) = events.iter_mut().enumerate().find_map(|(at, event)| {
        let answer = event.provider_mut()?;
        answer.is_some().then_some((at, answer))
    })?;
    let kept_until = book.policy(recorded_at).retention.kept_until(recorded_at)?;
    Some(Row {
        account: account.clone(),
        revision: first_revision.saturating_add(at as u64),
        book: book.id.clone(),
        recorded_at,
        kept_until,
        provider: answer.take()?,
    })
}

/// What is still kept of a call besides its billing record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCall {
    /// The event that charged the call, in its account's stream.
    pub revision: u64,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// What the provider said of it.
    pub provider: ProviderAnswer,
}

/// Why the metadata of calls cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// The file is not whole.
    #[error(
        "the call metadata in {} is damaged: {finding}. It is no part of the billing record: move the file and those \
         beside it (-wal, -shm) away and start again, and calls of the past show no provider's answer",
        file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What was found.
        finding: String,
    },
    /// The file is something else.
    #[error("{} does not hold call metadata", .0.display())]
    Foreign(PathBuf),
    /// The file was written by a later version.
    #[error("the call metadata in {} was written by a later version of this program (format {format})", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        format: i64,
    },
    /// The file is of another log, or of a later state of this one.
    #[error(
        "the call metadata in {} is of another log, or of a later state of this one: put back the file that was kept \
         with the log, or move it away",
        .0.display()
    )]
    OtherLog(PathBuf),
    /// The database's own error.
    #[error("the call metadata in {}: {source}", file.display())]
    Database {
        /// The file.
        file: PathBuf,
        /// What the database said.
        source: Box<sqlx::Error>,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event of the log cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The thread that writes it.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}
