//! Several threads on one store.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::sample::{append, batches, event, group, stream};
use crate::{EventStore, Group};

pub(super) fn tail(store: &dyn EventStore) {
    assert_eq!(store.wait_past(0, Duration::ZERO).unwrap(), 0);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| store.wait_past(2, Duration::from_secs(20)).unwrap());
        store.append(&[group("a", None, 0..2)]).unwrap();
        store.append(&[group("a", Some(1), 2..4)]).unwrap();
        assert_eq!(waiting.join().unwrap(), 4);
    });
    let begin = Instant::now();
    assert_eq!(store.wait_past(4, Duration::from_millis(20)).unwrap(), 4);
    assert!(begin.elapsed() >= Duration::from_millis(19));
    assert_eq!(store.wait_past(0, Duration::from_secs(20)).unwrap(), 4);
}

pub(super) fn readers_beside_writers(store: &dyn EventStore) {
    const PAIRS: u64 = 400;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..PAIRS {
                let last = number.checked_sub(1);
                let pair = [("left", number * 2), ("right", number * 2 + 1)];
                let appends = pair.map(|(name, number)| append(name, last, number..number + 1));
                let other = group(&format!("other-{number}"), None, 0..3);
                assert!(
                    store
                        .append(&[Group { appends: appends.into() }, other])
                        .unwrap()
                        .iter()
                        .all(Result::is_ok)
                );
            }
            done.store(true, Ordering::Release);
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let mut finished = false;
                while !finished {
                    finished = done.load(Ordering::Acquire);
                    whole_pairs(store);
                }
            });
        }
        scope.spawn(|| follow(store, PAIRS * 5));
    });
    assert_eq!(store.head().unwrap().next_position, PAIRS * 5);
}

/// Batches are seen whole or not at all, and streams at least as far as the head that was seen before.
fn whole_pairs(store: &dyn EventStore) {
    let head = store.head().unwrap();
    assert_eq!(head.next_position % 5, 0);
    let from = head.next_position.saturating_sub(50);
    let events = store.read_all(from, 100_000).unwrap();
    assert!(events.len() as u64 >= head.next_position - from && events.len().is_multiple_of(5));
    assert!(events.iter().zip(from..).all(|(recorded, position)| recorded.position == position));
    if let Some(left) = store.stream_head(&stream("left")).unwrap() {
        let read = store.read_stream(&stream("left"), left.revision.saturating_sub(5), 1_000).unwrap();
        assert!(read.last().unwrap().revision >= left.revision);
        assert!(read.iter().all(|recorded| recorded.event == event(recorded.revision * 2)));
    }
}

/// A tail: waits, reads what is new, and misses nothing.
fn follow(store: &dyn EventStore, until: u64) {
    let mut next = 0;
    while next < until {
        let end = store.wait_past(next, Duration::from_secs(20)).unwrap();
        assert!(end > next, "nothing came for 20 seconds");
        let from = next;
        let mut visit = |event: crate::RecordedRef<'_>| {
            assert_eq!(event.position, next);
            next += 1;
            ControlFlow::Continue(())
        };
        store.scan_all(from, &mut visit).unwrap();
    }
}

pub(super) fn two_writers(store: &dyn EventStore) {
    let won = AtomicU64::new(0);
    thread::scope(|scope| {
        for writer in 0..2_u64 {
            let won = &won;
            scope.spawn(move || {
                for batch in batches(200, 4, 3) {
                    let answers = store.append(&batch).unwrap();
                    let own = answers.iter().filter(|answer| answer.is_ok()).count();
                    won.fetch_add(own as u64, Ordering::Relaxed);
                }
                writer
            });
        }
    });
    let head = store.head().unwrap();
    assert_eq!(head.next_position, won.load(Ordering::Relaxed));
    super::verify(store);
    for number in 0..4 {
        let events = store.read_stream(&stream(&format!("stream-{number}")), 0, 1_000).unwrap();
        assert!(events.iter().zip(0..).all(|(recorded, revision)| recorded.revision == revision));
    }
}
