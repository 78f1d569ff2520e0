//! A store that forgets: for tests, and to put a second writer beside one under test. It keeps every promise of
//! [`EventStore`] but durability.

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::envelope::{RunningHash, ZERO_HASH, chain_hash, encode};
use crate::key::{KeyMap, StreamKey};
use crate::plan::{Plan, plan};
use crate::{
    Appended, Conflict, EventStore, Group, Head, Recorded, RecordedRef, StoreError, StreamHead, StreamName,
};

/// How many events a scan takes at a time, so that a visitor never runs under the lock.
const PAGE: usize = 256;

/// Events in memory. Any number of threads may append and read.
#[derive(Debug, Default)]
pub struct MemoryStore {
    log: Mutex<Log>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct Log {
    events: Vec<Arc<Recorded>>,
    /// Positions of each stream's events.
    streams: KeyMap<Vec<usize>>,
    running: RunningHash,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The log changes only by whole batches and no caller's code runs under its lock, so it is whole even if
    /// a thread died holding it.
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn visit(
        &self,
        mut page: impl FnMut(&Log, usize) -> Vec<Arc<Recorded>>,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) {
        let mut done = 0;
        loop {
            let events = page(&self.log(), done);
            if events.is_empty() {
                return;
            }
            for event in &events {
                if visit(event.view()).is_break() {
                    return;
                }
            }
            done += events.len();
        }
    }
}

impl Log {
    fn head_of(&self, key: StreamKey) -> Option<StreamHead> {
        let last = self.events.get(*self.streams.get(&key)?.last()?)?;
        Some(StreamHead { revision: last.revision, recorded_at: last.event.recorded_at, hash: last.hash })
    }

    fn write(&mut self, plan: &Plan<'_, StreamHead>) {
        let mut canonical = Vec::new();
        let mut hashes: Vec<_> =
            plan.streams.iter().map(|stream| stream.found.map_or(ZERO_HASH, |head| head.hash)).collect();
        for write in &plan.writes {
            let (Some(stream), Some(previous)) =
                (plan.streams.get(write.stream), hashes.get_mut(write.stream))
            else {
                continue;
            };
            for (revision, event) in (write.first_revision..).zip(write.events) {
                canonical.clear();
                encode(&mut canonical, stream.name.as_str(), revision, event);
                canonical.extend_from_slice(&event.payload);
                let hash = chain_hash(previous, &canonical);
                *previous = hash;
                self.running.push(&hash);
                self.streams.entry(stream.key).or_default().push(self.events.len());
                self.events.push(Arc::new(Recorded {
                    position: self.events.len() as u64,
                    stream: stream.name.clone(),
                    revision,
                    event: event.clone(),
                    hash,
                }));
            }
        }
    }
}

impl EventStore for MemoryStore {
    fn append(&self, groups: &[Group]) -> Result<Vec<Result<Appended, Conflict>>, StoreError> {
        let mut log = self.log();
        let plan =
            plan(groups, log.events.len() as u64, |key| log.head_of(key).map(|head| (head.revision, head)))?;
        log.write(&plan);
        drop(log);
        self.grown.notify_all();
        Ok(plan.answers)
    }

    fn head(&self) -> Result<Head, StoreError> {
        let log = self.log();
        Ok(Head { next_position: log.events.len() as u64, running_hash: log.running.get() })
    }

    fn stream_head(&self, stream: &StreamName) -> Result<Option<StreamHead>, StoreError> {
        Ok(self.log().head_of(StreamKey::of(stream)))
    }

    fn scan_stream(
        &self,
        stream: &StreamName,
        from: u64,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let key = StreamKey::of(stream);
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let page = |log: &Log, done: usize| {
            let positions = log.streams.get(&key).and_then(|all| all.get(from.saturating_add(done)..));
            let events = positions.into_iter().flatten().take(PAGE).filter_map(|&at| log.events.get(at));
            events.cloned().collect()
        };
        self.visit(page, visit);
        Ok(())
    }

    fn scan_all(
        &self,
        from: u64,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let page = |log: &Log, done: usize| {
            let events = log.events.get(from.saturating_add(done)..).into_iter().flatten();
            events.take(PAGE).cloned().collect()
        };
        self.visit(page, visit);
        Ok(())
    }

    fn wait_past(&self, position: u64, timeout: Duration) -> Result<u64, StoreError> {
        let short = |log: &mut Log| log.events.len() as u64 <= position;
        let (log, _) =
            self.grown.wait_timeout_while(self.log(), timeout, short).unwrap_or_else(PoisonError::into_inner);
        Ok(log.events.len() as u64)
    }
}
