//! The thread that writes to the index, behind everything else: nobody waits for it unless it falls far behind.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use scrip_store::EventStore;

use super::tables::Changes;
use super::{Entry, Index};
use crate::stats::Stats;

/// Batches that may wait to be taken in.
pub(super) const QUEUE: usize = 1024;
/// Keys that make a write.
const KEYS_PER_WRITE: usize = 262_144;
/// Snapshots that make a write.
const SNAPSHOTS_PER_WRITE: usize = 4096;
/// How long changes wait for others at the most.
const WRITE_EVERY: Duration = Duration::from_secs(5);

pub(super) struct Writer {
    index: Arc<Index>,
    store: Arc<dyn EventStore>,
    stats: Arc<Stats>,
    changes: Changes,
    durable: Option<(u64, u64)>,
    written: Instant,
    broken: bool,
}

impl Writer {
    pub(super) fn new(index: Arc<Index>, store: Arc<dyn EventStore>, stats: Arc<Stats>) -> Self {
        let written = Instant::now();
        Self { index, store, stats, changes: Changes::default(), durable: None, written, broken: false }
    }

    pub(super) fn run(mut self, inbox: &Receiver<Vec<Entry>>) {
        loop {
            match inbox.recv_timeout(WRITE_EVERY) {
                Ok(entries) => entries.into_iter().for_each(|entry| self.take(entry)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.write(),
            }
            let full = self.changes.keys.len() >= KEYS_PER_WRITE
                || self.changes.snapshots.len() >= SNAPSHOTS_PER_WRITE;
            if full || self.written.elapsed() >= WRITE_EVERY {
                self.write();
            }
        }
    }

    fn take(&mut self, entry: Entry) {
        if let Entry::Durable { item, next_position } = entry {
            self.durable = Some((item, next_position));
            return;
        }
        if self.index.tables.is_none() || self.broken {
            return;
        }
        match entry {
            Entry::Key(scope, used) => self.changes.keys.push((scope, used)),
            Entry::Secret(secret, owner) => self.changes.secrets.push((secret, owner)),
            Entry::Due(account, due) => self.changes.due.push((account, due)),
            Entry::Snapshot(snapshot) => self.changes.snapshots.push(snapshot),
            Entry::Durable { .. } => {}
        }
    }

    fn write(&mut self) {
        self.written = Instant::now();
        if self.broken {
            // Its position must stay where the last good write left it.
            return;
        }
        let (Some(tables), Some((item, position))) = (&self.index.tables, self.durable.take()) else {
            return;
        };
        let last = position.checked_sub(1).and_then(|last| self.store.read_all(last, 1).ok());
        let Some(hash) = last.and_then(|events| events.first().map(|event| event.hash)) else { return };
        match tables.write(std::mem::take(&mut self.changes), position, &hash) {
            Ok(()) => {
                self.index.indexed_item.store(item, Ordering::Release);
                self.stats.indexed_position.store(position, Ordering::Relaxed);
            }
            Err(error) => {
                // Keys stay in memory from now on, which is safe; the index is built anew at the next start.
                tracing::error!(%error, "the index cannot be written; delete its folder and restart");
                self.broken = true;
            }
        }
    }
}
