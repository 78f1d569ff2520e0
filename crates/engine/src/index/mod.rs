//! The index: what the log says, arranged for looking up. It can be deleted at any time.
//!
//! It keeps idempotency keys, snapshots of accounts, keys' secrets, and when each account has something due, in an
//! LSM tree (fjall), up to a position of the log that is written with them. What the log has beyond that position is
//! read again when the engine starts; an index that does not belong to the log is thrown away and built anew.

mod rebuild;
mod tables;
mod writer;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::Sender;
use scrip_ledger::book::Book;
use scrip_ledger::event::SecretHash;
use scrip_ledger::{Account, AccountId, Timestamp};
use scrip_store::EventStore;

use crate::accounts::Snapshot;
use crate::history::HistoryError;
use crate::keys::{RecentKeys, Scope, Used};
use crate::request::KeyClass;
use crate::secrets::{KeyOwner, Secrets};
use crate::stats::Stats;
use tables::Tables;

/// Something durable that the index takes in.
pub(crate) enum Entry {
    Key(Scope, Used),
    Secret(SecretHash, KeyOwner),
    Due(AccountId, Timestamp),
    Snapshot(Snapshot),
    /// Everything up to this item and position has been sent.
    Durable {
        item: u64,
        next_position: u64,
    },
}

/// The index, or nothing to look up in where none is kept.
pub(crate) struct Index {
    tables: Option<Tables>,
    indexed_item: AtomicU64,
}

/// What an engine starts from.
pub(crate) struct Recovered {
    pub(crate) index: Arc<Index>,
    pub(crate) keys: RecentKeys,
    pub(crate) secrets: Secrets,
    pub(crate) due: BTreeSet<(Timestamp, AccountId)>,
}

/// Why an index cannot be opened. It can be deleted.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The tree's own error.
    #[error("the index in {dir}: {source}; it can be deleted and will be built anew")]
    Tree {
        /// The folder.
        dir: String,
        /// What the tree said.
        source: Box<fjall::Error>,
    },
    /// The folder of a stale index cannot be removed.
    #[error("the index in {dir} is of another log and cannot be removed: {source}")]
    Remove {
        /// The folder.
        dir: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The log cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl Index {
    /// Opens the index of a log in a folder, or builds it; without a folder, everything is kept in memory.
    pub(crate) fn open(
        dir: Option<&Path>,
        store: &Arc<dyn EventStore>,
        books: &[Arc<Book>],
        retention_days: u64,
    ) -> Result<Recovered, IndexError> {
        let tables = dir.map(|dir| Tables::open(dir, store.as_ref(), retention_days)).transpose()?;
        let from = tables.as_ref().map_or(0, Tables::position);
        let index = Self { tables, indexed_item: AtomicU64::new(0) };
        if from == 0 {
            rebuild::from_start(index, store.as_ref(), books)
        } else {
            rebuild::from_tail(index, store, from)
        }
    }

    /// The first use of a key, where it is not in memory any more.
    ///
    /// Errors: the index cannot be read. That is not the same as a key that was never used.
    pub(crate) fn key(&self, scope: &Scope, class: KeyClass) -> Result<Option<Used>, fjall::Error> {
        self.tables.as_ref().map_or(Ok(None), |tables| tables.key(scope, class))
    }

    /// Keeps the keys of calls for so many days at least.
    pub(crate) fn keep_call_keys(&self, days: u64) {
        if let Some(tables) = &self.tables {
            tables.keep_call_keys(days);
        }
    }

    /// The latest snapshot of an account, if there is one and it can be read.
    pub(crate) fn snapshot(&self, account: &AccountId) -> Option<Account> {
        self.tables.as_ref()?.snapshot(account)
    }

    /// The last item whose key is on disk. Without an index none ever is.
    pub(crate) fn indexed_item(&self) -> u64 {
        self.indexed_item.load(Ordering::Acquire)
    }

    /// Starts the thread that writes to it. It ends when the channel does.
    pub(crate) fn start(
        self: &Arc<Self>,
        store: Arc<dyn EventStore>,
        stats: Arc<Stats>,
    ) -> std::io::Result<Writer> {
        let (sender, receiver) = crossbeam_channel::bounded(writer::QUEUE);
        let index = Arc::clone(self);
        let run = move || writer::Writer::new(index, store, stats).run(&receiver);
        let thread = std::thread::Builder::new().name("scrip-index".to_owned()).spawn(run)?;
        Ok(Writer { sender, thread })
    }
}

/// The thread that writes to the index.
pub(crate) struct Writer {
    pub(crate) sender: Sender<Vec<Entry>>,
    pub(crate) thread: std::thread::JoinHandle<()>,
}
