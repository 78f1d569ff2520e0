//! Reading: from anywhere, in order, what was written.

use std::ops::ControlFlow;

use super::sample::{batches, event, group, stream};
use crate::{EventStore, Expected, Group, NewEvent, StreamAppend, limits};

fn fill(store: &dyn EventStore, count: u64, streams: u64, per_batch: u64) {
    for batch in batches(count, streams, per_batch) {
        assert!(store.append(&batch).unwrap().iter().all(Result::is_ok));
    }
}

pub(super) fn all_from_anywhere(store: &dyn EventStore) {
    fill(store, 300, 7, 23);
    for from in [0, 1, 63, 64, 65, 127, 128, 200, 299] {
        let events = store.read_all(from, 1_000).unwrap();
        assert_eq!(events.len() as u64, 300 - from);
        for (recorded, position) in events.iter().zip(from..) {
            assert_eq!((recorded.position, &recorded.event), (position, &event(position)));
        }
    }
    assert_eq!(store.read_all(300, 10).unwrap(), []);
    assert_eq!(store.read_all(u64::MAX, 10).unwrap(), []);
}

pub(super) fn stream_from_anywhere(store: &dyn EventStore) {
    fill(store, 300, 7, 23);
    for (name, offset) in [("stream-0", 0), ("stream-6", 6)] {
        let whole = store.read_stream(&stream(name), 0, 1_000).unwrap();
        for from in 0..=whole.len() as u64 + 1 {
            let events = store.read_stream(&stream(name), from, 1_000).unwrap();
            assert_eq!(events, whole.get(from as usize..).unwrap_or_default());
        }
        for (recorded, revision) in whole.iter().zip(0..) {
            assert_eq!((recorded.revision, recorded.position), (revision, revision * 7 + offset));
            assert_eq!(recorded.event, event(recorded.position));
        }
    }
    assert_eq!(store.read_stream(&stream("stream-0"), u64::MAX, 10).unwrap(), []);
}

pub(super) fn visitor_breaks(store: &dyn EventStore) {
    fill(store, 50, 3, 10);
    let mut seen = 0;
    let mut stop_at_five = |_: crate::RecordedRef<'_>| {
        seen += 1;
        if seen % 5 == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    store.scan_all(0, &mut stop_at_five).unwrap();
    store.scan_stream(&stream("stream-1"), 2, &mut stop_at_five).unwrap();
    assert_eq!(seen, 10);
}

pub(super) fn limits(store: &dyn EventStore) {
    fill(store, 20, 2, 5);
    for limit in [0, 1, 7] {
        assert_eq!(store.read_all(3, limit).unwrap().len(), limit);
        assert_eq!(store.read_stream(&stream("stream-0"), 1, limit).unwrap().len(), limit);
    }
}

pub(super) fn stream_heads(store: &dyn EventStore) {
    fill(store, 100, 9, 13);
    for number in 0..9 {
        let name = stream(&format!("stream-{number}"));
        let head = store.stream_head(&name).unwrap().unwrap();
        let last = store.read_stream(&name, head.revision, 10).unwrap();
        let [last] = last.as_slice() else { unreachable!("the head is the last event") };
        assert_eq!((head.recorded_at, head.hash), (last.event.recorded_at, last.hash));
    }
}

pub(super) fn unusual_content(store: &dyn EventStore) {
    let payloads = [
        Vec::new(),
        vec![0; 4096],
        (0..=255).collect(),
        "„Grüße“ — 你好 🦀".as_bytes().to_vec(),
        vec![b'x'; limits::PAYLOAD],
        vec![0xFF; 999],
    ];
    let events: Vec<NewEvent> = payloads
        .into_iter()
        .zip(0..)
        .map(|(payload, number)| NewEvent {
            payload,
            actor: "Überprüfer-🦀".into(),
            correlation: "".into(),
            key: "\u{1F600}".repeat(limits::TEXT / 4).into(),
            recorded_at: i64::MAX - number,
            effective_at: i64::MIN + number,
            version: u16::MAX,
            fingerprint: [0xFF; 16],
            ..event(number as u64)
        })
        .collect();
    let name = stream(&"Z".repeat(limits::STREAM_NAME));
    let append = StreamAppend { stream: name.clone(), expected: Expected::NoStream, events: events.clone() };
    assert!(store.append(&[Group { appends: vec![append] }]).unwrap().iter().all(Result::is_ok));
    let read = store.read_stream(&name, 0, 100).unwrap();
    assert!(read.iter().map(|recorded| &recorded.event).eq(&events));
    assert_eq!(store.read_all(0, 100).unwrap(), read);
}

pub(super) fn long_stream(store: &dyn EventStore) {
    let mut number = 0;
    for round in 0..200_u64 {
        let mut batch = vec![group(&format!("other-{round}"), None, number..number + 1)];
        let last = (round * 10).checked_sub(1);
        batch.push(group("long", last, number + 1..number + 11));
        number += 11;
        assert!(store.append(&batch).unwrap().iter().all(Result::is_ok));
    }
    let whole = store.read_stream(&stream("long"), 0, 10_000).unwrap();
    assert_eq!(whole.len(), 2_000);
    assert!(whole.iter().zip(0..).all(|(recorded, revision)| recorded.revision == revision));
    for from in [1, 999, 1_000, 1_001, 1_999] {
        assert!(
            store
                .read_stream(&stream("long"), from, 3)
                .unwrap()
                .iter()
                .eq(whole.iter().skip(from as usize).take(3))
        );
    }
}
