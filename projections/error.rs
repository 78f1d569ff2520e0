//! What can go wrong with the read side.

use std::path::Path;

use scrip_engine::HistoryError;
use scrip_store::StoreError;

/// Why the read side cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// What is there was made by something else: it is not touched.
    #[error("{0} holds something else than read models of this program: name another place, or move it away")]
    Foreign(String),
    /// The file system's own error.
    #[error("{file}: {source}")]
    File {
        /// The file or folder.
        file: String,
        /// What it said.
        source: std::io::Error,
    },
    /// The database's own error.
    #[error("the database of the read models: {0}")]
    Database(#[from] sqlx::Error),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event of the log cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The thread cannot be started, or has ended.
    #[error("the thread of the read models: {0}")]
    Thread(std::io::Error),
}

impl OpenError {
    pub(crate) fn file(file: &Path, source: std::io::Error) -> Self {
        Self::File { file: file.display().to_string(), source }
    }
}

/// Why the read side does not answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is being built and has not caught up with the log yet.
    #[error("what is asked is being computed from the log: ask again later")]
    CatchingUp,
    /// The model that would answer has stopped at an event that it cannot take.
    #[error("the read model {model} has stopped at the event at position {position}")]
    Stopped {
        /// The model.
        model: String,
        /// The position of the event.
        position: u64,
    },
    /// A position that the log has not reached.
    #[error("the log ends before position {0}")]
    BeyondEnd(u64),
    /// The database's own error.
    #[error("the database of the read models: {0}")]
    Database(#[from] sqlx::Error),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event of the log cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// An account whose history contradicts itself: what it has cannot be told.
    #[error("the history of {account} contradicts itself: {what}")]
    Contradiction {
        /// The account.
        account: String,
        /// What is wrong with it.
        what: String,
    },
    /// A row that no model has written.
    #[error("a row of the read models cannot be read: {0}")]
    Row(&'static str),
}
