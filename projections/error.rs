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
