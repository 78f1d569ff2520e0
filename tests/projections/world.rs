//! A log with histories in it, and read models that follow it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use scrip_ledger::book::event::{BookEvent, PeriodClosed};
use scrip_ledger::{Event, Timestamp, encode};
use scrip_projections::{Options, ReadSide, Source};
use scrip_store::{EventStore, Expected, Group, MemoryStore, NewEvent, StreamAppend, StreamName};

/// The book of all accounts.
pub const BOOK: &str = "mixed";

/// An event that is not in the log yet, and its stream.
#[derive(Clone, Debug)]
pub struct Next {
    pub stream: String,
    pub event: NewEvent,
}

/// What a stored event is made of.
pub fn new_event(event_type: &str, at: Timestamp, effective_at: Timestamp, payload: Vec<u8>) -> NewEvent {
    NewEvent {
        id: uuid::Uuid::from_u128(rand::random()),
        event_type: event_type.into(),
        version: 1,
        recorded_at: at.micros(),
        effective_at: effective_at.micros(),
        actor: "ann".into(),
        correlation: "".into(),
        causation: "".into(),
        key: "".into(),
        fingerprint: [0; 16],
        payload,
    }
}

/// An event of an account.
pub fn of_account(account: &str, event: &Event, at: Timestamp) -> Next {
    let effective_at = event.effective_at().unwrap_or(at);
    let event = new_event(event.wire_name(), at, effective_at, encode(event));
    Next { stream: format!("account-{account}"), event }
}

/// A period of the book is closed.
pub fn closing(until: Timestamp, at: Timestamp) -> Next {
    let event = BookEvent::PeriodClosed(PeriodClosed { until });
    let event = new_event(event.wire_name(), at, at, event.write().unwrap());
    Next { stream: format!("book-{BOOK}"), event }
}

/// Histories one beside the other, each in its order, and now and then a period that is closed.
pub fn interleaved(histories: Vec<Vec<(Event, Timestamp)>>, random: &mut StdRng) -> Vec<Next> {
    let mut left: Vec<(String, std::vec::IntoIter<_>)> = (0..)
        .zip(histories)
        .map(|(number, history)| (format!("account{number}"), history.into_iter()))
        .collect();
    let (mut all, mut closed) = (Vec::new(), Timestamp::default());
    while !left.is_empty() {
        let at = random.random_range(0..left.len());
        let (account, events) = &mut left[at];
        let Some((event, time)) = events.next() else {
            left.remove(at);
            continue;
        };
        all.push(of_account(account, &event, time));
        let until = Timestamp::from_micros(time.micros() - random.random_range(0..20 * 86_400_000_000));
        if random.random_bool(0.05) && until > closed {
            closed = until;
            all.push(closing(until, time));
        }
    }
    all
}

/// A log in memory.
#[derive(Default)]
pub struct Log {
    pub store: Arc<MemoryStore>,
    revisions: BTreeMap<String, u64>,
}

impl Log {
    /// Appends an event; answers its position.
    pub fn append(&mut self, next: &Next) -> u64 {
        let revision = self.revisions.entry(next.stream.clone()).or_default();
        let stream = StreamName::new(&next.stream).unwrap();
        let expected = Expected::after(revision.checked_sub(1));
        *revision += 1;
        let appends = vec![StreamAppend { stream, expected, events: vec![next.event.clone()] }];
        let appended = self.store.append(&[Group { appends }]).unwrap();
        appended[0].as_ref().unwrap().first_position
    }

    /// Appends events.
    pub fn extend(&mut self, events: &[Next]) {
        for next in events {
            self.append(next);
        }
    }

    /// The log as readers know it.
    pub fn events(&self) -> Arc<dyn EventStore> {
        Arc::clone(&self.store) as Arc<dyn EventStore>
    }

    /// How many events there are of streams whose names begin so.
    pub fn events_of(&self, prefix: &str) -> u64 {
        let all = self.store.read_all(0, usize::MAX).unwrap();
        all.iter().filter(|stored| stored.stream.as_str().starts_with(prefix)).count() as u64
    }

    /// How many events there are.
    pub fn len(&self) -> u64 {
        self.store.head().unwrap().next_position
    }
}

/// Read models in a folder.
pub fn folder(path: &Path) -> Source {
    Source::Folder(path.to_owned())
}

/// Follows a log, so many events a transaction.
pub async fn follow(log: &Log, source: Source, batch: usize) -> ReadSide {
    ReadSide::start_with(log.events(), source, Options { batch }).await.unwrap()
}

/// Waits until everything in the log was taken in.
pub async fn catch_up(side: &ReadSide) {
    let head = side.store().head().unwrap().next_position;
    let reached = side.wait_for(head - 1, Duration::from_secs(60)).await;
    assert!(reached, "the read models stand at {:?} of {head}", side.status());
}
