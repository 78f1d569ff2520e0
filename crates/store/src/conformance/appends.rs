//! Appending: density, expected revisions, groups.

use super::sample::{append, event, group, stream};
use crate::{Appended, Conflict, EventStore, Expected, Group, Rejected, StoreError, StreamAppend, limits};

fn refused(store: &dyn EventStore, groups: &[Group]) -> Rejected {
    match store.append(groups) {
        Err(StoreError::Rejected(rejected)) => rejected,
        other => unreachable!("expected a refusal, got {other:?}"),
    }
}

fn conflict(name: &str, actual: Option<u64>) -> Result<Appended, Conflict> {
    Err(Conflict { stream: stream(name), actual })
}

fn at(first_position: u64) -> Result<Appended, Conflict> {
    Ok(Appended { first_position })
}

pub(super) fn empty_store(store: &dyn EventStore) {
    let head = store.head().unwrap();
    assert_eq!((head.next_position, head.running_hash), (0, [0; 32]));
    assert_eq!(store.stream_head(&stream("nobody")).unwrap(), None);
    assert_eq!(store.read_all(0, 10).unwrap(), []);
    assert_eq!(store.read_all(7, 10).unwrap(), []);
    assert_eq!(store.read_stream(&stream("nobody"), 0, 10).unwrap(), []);
}

pub(super) fn dense(store: &dyn EventStore) {
    assert_eq!(store.append(&[group("a", None, 0..3), group("b", None, 3..5)]).unwrap(), [at(0), at(3)]);
    assert_eq!(store.append(&[group("a", Some(2), 5..6)]).unwrap(), [at(5)]);
    let all = store.read_all(0, 100).unwrap();
    let places: Vec<_> =
        all.iter().map(|event| (event.position, event.stream.as_str(), event.revision)).collect();
    assert_eq!(places, [(0, "a", 0), (1, "a", 1), (2, "a", 2), (3, "b", 0), (4, "b", 1), (5, "a", 3)]);
    assert!(all.iter().zip(0..).all(|(recorded, number)| recorded.event == event(number)));
}

pub(super) fn no_stream_conflict(store: &dyn EventStore) {
    store.append(&[group("a", None, 0..2)]).unwrap();
    assert_eq!(store.append(&[group("a", None, 2..3)]).unwrap(), [conflict("a", Some(1))]);
    assert_eq!(store.head().unwrap().next_position, 2);
}

pub(super) fn revision_conflict(store: &dyn EventStore) {
    assert_eq!(store.append(&[group("a", Some(0), 0..1)]).unwrap(), [conflict("a", None)]);
    store.append(&[group("a", None, 0..3)]).unwrap();
    for wrong in [0, 1, 3, u64::MAX] {
        assert_eq!(store.append(&[group("a", Some(wrong), 3..4)]).unwrap(), [conflict("a", Some(2))]);
    }
    assert_eq!(store.append(&[group("a", Some(2), 3..4)]).unwrap(), [at(3)]);
}

pub(super) fn group_over_streams(store: &dyn EventStore) {
    let both = Group { appends: vec![append("a", None, 0..2), append("b", None, 2..3)] };
    assert_eq!(store.append(&[both]).unwrap(), [at(0)]);
    assert_eq!(store.stream_head(&stream("a")).unwrap().unwrap().revision, 1);
    assert_eq!(store.stream_head(&stream("b")).unwrap().unwrap().revision, 0);
    let order: Vec<_> = store.read_all(0, 9).unwrap().iter().map(|event| event.stream.to_string()).collect();
    assert_eq!(order, ["a", "a", "b"]);
}

pub(super) fn group_falls_whole(store: &dyn EventStore) {
    store.append(&[group("b", None, 0..1)]).unwrap();
    let both = Group { appends: vec![append("a", None, 1..2), append("b", None, 2..3)] };
    assert_eq!(store.append(&[both]).unwrap(), [conflict("b", Some(0))]);
    assert_eq!(store.stream_head(&stream("a")).unwrap(), None);
    assert_eq!(store.head().unwrap().next_position, 1);
}

pub(super) fn group_falls_alone(store: &dyn EventStore) {
    store.append(&[group("b", None, 0..1)]).unwrap();
    let groups = [group("a", None, 1..2), group("b", Some(7), 2..3), group("c", None, 3..4)];
    assert_eq!(store.append(&groups).unwrap(), [at(1), conflict("b", Some(0)), at(2)]);
    assert_eq!(store.head().unwrap().next_position, 3);
}

pub(super) fn builds_on_fallen(store: &dyn EventStore) {
    store.append(&[group("b", None, 0..1)]).unwrap();
    let first = Group { appends: vec![append("a", None, 1..2), append("b", Some(3), 2..3)] };
    let groups = [first, group("a", Some(0), 3..4), group("a", Some(1), 4..5), group("a", None, 5..6)];
    let answers = store.append(&groups).unwrap();
    assert_eq!(answers, [conflict("b", Some(0)), conflict("a", None), conflict("a", None), at(1)]);
}

pub(super) fn builds_on_overtaken(store: &dyn EventStore) {
    // The writer believes that the stream ends at 0; somebody else has brought it to 1.
    store.append(&[group("a", None, 0..2)]).unwrap();
    let groups = [group("a", Some(0), 2..3), group("a", Some(1), 3..4), group("a", Some(2), 4..5)];
    let answers = store.append(&groups).unwrap();
    assert_eq!(answers, [conflict("a", Some(1)), conflict("a", Some(1)), conflict("a", Some(1))]);
    assert_eq!(store.append(&[group("a", Some(1), 3..4)]).unwrap(), [at(2)]);
}

pub(super) fn chained_in_batch(store: &dyn EventStore) {
    let groups = [group("a", None, 0..2), group("a", Some(1), 2..3), group("a", Some(2), 3..5)];
    assert_eq!(store.append(&groups).unwrap(), [at(0), at(2), at(3)]);
    assert_eq!(store.stream_head(&stream("a")).unwrap().unwrap().revision, 4);
}

pub(super) fn empty_batch(store: &dyn EventStore) {
    assert_eq!(store.append(&[]).unwrap(), []);
    assert_eq!(store.head().unwrap().next_position, 0);
}

pub(super) fn malformed(store: &dyn EventStore) {
    let good = group("a", None, 0..1);
    let empty = [good.clone(), Group::default()];
    assert_eq!(refused(store, &empty), Rejected::EmptyGroup { group: 1 });
    let nothing = [good.clone(), group("b", None, 0..0)];
    assert_eq!(refused(store, &nothing), Rejected::EmptyAppend { group: 1, stream: stream("b") });
    let parts = vec![append("b", None, 0..1), append("c", None, 0..1), append("b", Some(0), 1..2)];
    let twice = [good.clone(), Group { appends: parts }];
    assert_eq!(refused(store, &twice), Rejected::RepeatedStream { group: 1, stream: stream("b") });
    let mut untyped = group("b", None, 9..10);
    untyped.appends[0].events[0].event_type = "".into();
    assert_eq!(refused(store, &[good, untyped]), Rejected::EmptyType { group: 1, id: event(9).id });
    assert_eq!(store.head().unwrap().next_position, 0);
}

pub(super) fn too_large(store: &dyn EventStore) {
    let single = |event| {
        vec![Group {
            appends: vec![StreamAppend { stream: stream("a"), expected: Expected::NoStream, events: event }],
        }]
    };
    let mut large = event(1);
    large.payload = vec![b'x'; limits::PAYLOAD + 1];
    assert!(matches!(refused(store, &single(vec![large])), Rejected::PayloadTooLarge { group: 0, .. }));
    let mut long = event(1);
    long.key = "k".repeat(limits::TEXT + 1).into();
    assert!(matches!(refused(store, &single(vec![long])), Rejected::TextTooLong { field: "key", .. }));
    let many = vec![event(1); limits::GROUP_EVENTS + 1];
    assert!(matches!(refused(store, &single(many)), Rejected::TooManyEvents { group: 0, .. }));
    assert_eq!(store.head().unwrap().next_position, 0);
}
