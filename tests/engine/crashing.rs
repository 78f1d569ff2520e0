//! A store that fails at the worst moment.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scrip_store::{
    Appended, Conflict, EventStore, Group, Head, RecordedRef, StoreError, StreamHead, StreamName,
};

/// A store that fails for good at the first event of a type: before it is written, or just after, untold.
pub struct Crashing {
    inner: Arc<dyn EventStore>,
    at: &'static str,
    after: bool,
    crashed: Mutex<bool>,
}

impl Crashing {
    pub fn new(inner: &Arc<dyn EventStore>, at: &'static str, after: bool) -> Arc<Self> {
        Arc::new(Self { inner: Arc::clone(inner), at, after, crashed: Mutex::new(false) })
    }
}

/// How many events of a type a store has.
pub fn count(store: &dyn EventStore, event_type: &str) -> usize {
    store.read_all(0, 10_000).unwrap().iter().filter(|event| event.event.event_type == event_type).count()
}

impl EventStore for Crashing {
    fn append(&self, groups: &[Group]) -> Result<Vec<Result<Appended, Conflict>>, StoreError> {
        let mut crashed = self.crashed.lock().unwrap();
        let mut events = groups.iter().flat_map(|group| &group.appends).flat_map(|append| &append.events);
        let comes = events.any(|event| event.event_type == self.at);
        if comes && !*crashed && self.after {
            self.inner.append(groups)?;
        }
        *crashed |= comes;
        if *crashed {
            return Err(StoreError::Poisoned { cause: "the test says so".to_owned() });
        }
        self.inner.append(groups)
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.inner.head()
    }

    fn stream_head(&self, stream: &StreamName) -> Result<Option<StreamHead>, StoreError> {
        self.inner.stream_head(stream)
    }

    fn scan_stream(
        &self,
        stream: &StreamName,
        from: u64,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.inner.scan_stream(stream, from, visit)
    }

    fn scan_all(
        &self,
        from: u64,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.inner.scan_all(from, visit)
    }

    fn wait_past(&self, position: u64, timeout: Duration) -> Result<u64, StoreError> {
        self.inner.wait_past(position, timeout)
    }
}
