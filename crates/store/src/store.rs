//! The trait that every backend keeps.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::{Group, Hash, Recorded, RecordedRef, StoreError, StreamName};

/// Where the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The position that the next event will get: the number of events in the log.
    pub next_position: u64,
    /// The running hash over all of them: `R(n+1) = SHA-256(R(n) ‖ hash of event n)`, `R(0)` = 32 zero bytes.
    pub running_hash: Hash,
}

/// Where a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamHead {
    /// Revision of its last event.
    pub revision: u64,
    /// `recorded_at` of its last event, microseconds since the Unix epoch.
    pub recorded_at: i64,
    /// Hash of its last event.
    pub hash: Hash,
}

/// A group that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Position of the group's first event; the others follow densely, in the group's order.
    pub first_position: u64,
}

/// A group that was refused because a stream was not where the writer thought. Nothing of it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The first stream that was not at its expected revision.
    pub stream: StreamName,
    /// Its actual last revision, `None` if it does not exist.
    pub actual: Option<u64>,
}

/// An append-only log of streams.
///
/// **Invariant**: positions and revisions are dense, and what was acknowledged is never changed or lost.
pub trait EventStore: Send + Sync {
    /// Writes groups with ONE durable sync and answers one result a group, in order. When it returns `Ok`,
    /// every group that has `Ok` is durable. A group falls alone; one that builds on a fallen one falls too.
    ///
    /// A group builds on an earlier one of the same batch when it expects a stream where that one would have
    /// left it. If somebody else has brought the stream to just that revision it falls all the same, and its
    /// conflict's `actual` equals what it expected: it was decided on events that were never written.
    fn append(&self, groups: &[Group]) -> Result<Vec<Result<Appended, Conflict>>, StoreError>;

    /// The end of the durable log.
    fn head(&self) -> Result<Head, StoreError>;

    /// The end of a stream, `None` if it does not exist.
    fn stream_head(&self, stream: &StreamName) -> Result<Option<StreamHead>, StoreError>;

    /// Visits a stream's events with `revision >= from`, in order, until the visitor breaks.
    fn scan_stream(
        &self,
        stream: &StreamName,
        from: u64,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Visits the log's events with `position >= from`, in order, until the visitor breaks or the durable end.
    fn scan_all(
        &self,
        from: u64,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Blocks until the log holds more than `position` events or the time is up; answers the durable
    /// `next_position`. With `scan_all` it makes the live tail.
    fn wait_past(&self, position: u64, timeout: Duration) -> Result<u64, StoreError>;

    /// At most `limit` events of a stream from a revision, owned.
    fn read_stream(&self, stream: &StreamName, from: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        let mut events = Vec::new();
        if limit > 0 {
            self.scan_stream(stream, from, &mut |event| take(&mut events, limit, event))?;
        }
        Ok(events)
    }

    /// At most `limit` events from a position, owned.
    fn read_all(&self, from: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        let mut events = Vec::new();
        if limit > 0 {
            self.scan_all(from, &mut |event| take(&mut events, limit, event))?;
        }
        Ok(events)
    }
}

fn take(events: &mut Vec<Recorded>, limit: usize, event: RecordedRef<'_>) -> ControlFlow<()> {
    events.push(event.to_owned());
    if events.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}
