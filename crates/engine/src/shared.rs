//! Streams that accounts share, ahead of the disk by what the committer has not written yet: what can be used once,
//! what a campaign has given, which accounts an owner has.
//!
//! **Invariant**: a stream is appended at exactly the revision that the command was decided on. Whatever this room
//! does not know of (another writer, a command that was not written after all) shows as a conflict.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scrip_store::{EventStore, StoreError, StreamName};

use crate::reservations::Reservation;

/// What the decider knows of streams that accounts share.
pub(crate) struct SharedStreams {
    store: Arc<dyn EventStore>,
    durable_item: Arc<AtomicU64>,
    /// What was decided and may not be in the store yet, oldest first.
    pending: HashMap<StreamName, Vec<Pending>>,
}

/// An event that may not be in the store yet.
struct Pending {
    /// The item that it is written with.
    item: u64,
    revision: u64,
    payload: Vec<u8>,
}

/// Where a stream ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// The revision of its last event; nothing if it has none.
    pub(crate) revision: Option<u64>,
    /// That event's payload.
    pub(crate) payload: Vec<u8>,
    /// That event is not durable yet: nobody may be told of it.
    pub(crate) is_ahead: bool,
}

impl SharedStreams {
    pub(crate) fn new(store: Arc<dyn EventStore>, durable_item: Arc<AtomicU64>) -> Self {
        Self { store, durable_item, pending: HashMap::new() }
    }

    /// Where a stream ends.
    pub(crate) fn end(&self, stream: &StreamName) -> Result<End, StoreError> {
        if let Some(last) = self.ahead(stream).last() {
            return Ok(End { revision: Some(last.revision), payload: last.payload.clone(), is_ahead: true });
        }
        let Some(head) = self.store.stream_head(stream)? else { return Ok(End::default()) };
        let last = self.store.read_stream(stream, head.revision, 1)?;
        let payload = last.into_iter().next().map(|last| last.event.payload).unwrap_or_default();
        Ok(End { revision: Some(head.revision), payload, is_ahead: false })
    }

    /// The payload of every event of a stream, in order. Says whether some are not durable yet.
    pub(crate) fn visit(
        &self,
        stream: &StreamName,
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<bool, StoreError> {
        let mut next = 0;
        self.store.scan_stream(stream, 0, &mut |event| {
            next = event.revision.saturating_add(1);
            visit(event.payload);
            ControlFlow::Continue(())
        })?;
        let mut is_ahead = false;
        for pending in self.ahead(stream).filter(|pending| pending.revision >= next) {
            is_ahead = true;
            visit(&pending.payload);
        }
        Ok(is_ahead)
    }

    /// Takes in what an item will write.
    pub(crate) fn take(&mut self, item: u64, reserved: &[Reservation]) {
        for reservation in reserved {
            let pending = Pending {
                item,
                revision: reservation.expected.last().map_or(0, |last| last.saturating_add(1)),
                payload: reservation.payload.clone(),
            };
            self.pending.entry(reservation.stream.clone()).or_default().push(pending);
        }
    }

    /// Lets go of what is in the store by now.
    pub(crate) fn prune(&mut self) {
        let durable = self.durable_item.load(Ordering::Acquire);
        self.pending.retain(|_, pending| pending.last().is_some_and(|last| last.item > durable));
    }

    /// Forgets everything: some of it was not written. What else is still to be written shows as a conflict.
    pub(crate) fn forget(&mut self) {
        self.pending.clear();
    }

    fn ahead(&self, stream: &StreamName) -> impl Iterator<Item = &Pending> {
        let durable = self.durable_item.load(Ordering::Acquire);
        self.pending.get(stream).into_iter().flatten().filter(move |pending| pending.item > durable)
    }
}
