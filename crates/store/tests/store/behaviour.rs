//! What an embedded store does at its edges: locks, full disks, failing syncs, large batches, long streams.

use std::sync::Arc;
use std::thread;

use scrip_store::conformance::{self, sample};
use scrip_store::fault::{FaultDisk, Faults};
use scrip_store::{EmbeddedStore, EventStore, Group, Helper, Options, StoreError, Verify};

fn options(segment_size: u64) -> Options {
    Options { segment_size, helper: Helper::Inline, ..Options::default() }
}

fn open(disk: &FaultDisk, options: Options) -> EmbeddedStore {
    EmbeddedStore::open_on(Arc::new(disk.clone()), options).unwrap().0
}

/// A group whose only event has a payload of some size.
fn large(stream: &str, bytes: usize) -> Group {
    let mut group = sample::group(stream, None, 1..2);
    group.appends[0].events[0].payload = vec![b'x'; bytes];
    group
}

#[test]
fn a_second_store_in_the_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = EmbeddedStore::open(dir.path(), options(8 << 10)).unwrap();
    let error = EmbeddedStore::open(dir.path(), options(8 << 10)).unwrap_err();
    let StoreError::Locked { holder, .. } = &error else { unreachable!("{error}") };
    assert_eq!(*holder, format!("process {}", std::process::id()));
    drop(store);
    EmbeddedStore::open(dir.path(), options(8 << 10)).unwrap();
}

#[test]
fn segment_sizes_have_bounds() {
    for bytes in [0, 4095, (1 << 30) + 1, u64::MAX] {
        let disk = Arc::new(FaultDisk::new(1));
        let error = EmbeddedStore::open_on(disk, options(bytes)).unwrap_err();
        assert!(matches!(error, StoreError::SegmentSize { .. }));
    }
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    let disk = FaultDisk::new(1);
    let store = open(&disk, options(8 << 10));
    store.append(&[sample::group("a", None, 0..5)]).unwrap();
    let head = store.head().unwrap();
    // No room for the next segment.
    disk.set_faults(Faults { capacity: Some(17_000), ..Faults::default() });
    let mut last = 4;
    let error = loop {
        match store.append(&[sample::group("a", Some(last), last + 1..last + 6)]) {
            Ok(answers) => assert!(answers[0].is_ok()),
            Err(error) => break error,
        }
        last += 5;
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(store.head().unwrap().next_position > head.next_position);
    assert_eq!(store.stream_head(&sample::stream("a")).unwrap().unwrap().revision, last);
    conformance::verify(&store);
    // A batch that still fits is still taken, and with room everything is.
    disk.set_faults(Faults::default());
    assert!(store.append(&[sample::group("a", Some(last), last + 1..last + 6)]).unwrap()[0].is_ok());
    drop(store);
    disk.crash();
    conformance::verify(&open(&disk, options(8 << 10)));
}

#[test]
fn no_room_for_a_write_is_taken_back() {
    let disk = FaultDisk::new(1);
    let store = open(&disk, options(64 << 10));
    store.append(&[sample::group("a", None, 0..5)]).unwrap();
    disk.set_faults(Faults { full_writes: 1_000, ..Faults::default() });
    let error = store.append(&[large("b", 10_000)]).unwrap_err();
    // Taking it back found no room either: then nobody knows what is on the disk.
    assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
    assert_eq!(store.read_all(0, 100).unwrap().len(), 5);
}

#[test]
fn a_failed_sync_poisons_until_reopened() {
    let disk = FaultDisk::new(1);
    let store = open(&disk, options(64 << 10));
    store.append(&[sample::group("a", None, 0..5)]).unwrap();
    disk.set_faults(Faults { failing_syncs: 1_000, ..Faults::default() });
    let error = store.append(&[sample::group("a", Some(4), 5..6)]).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
    disk.set_faults(Faults::default());
    let error = store.append(&[sample::group("b", None, 5..6)]).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
    assert_eq!(disk.operations(), 0, "not even a sync is tried");
    // Reads of what is durable go on.
    assert_eq!(store.head().unwrap().next_position, 5);
    assert_eq!(store.read_all(0, 100).unwrap().len(), 5);
    drop(store);
    let store = open(&disk, options(64 << 10));
    assert!([5, 6].contains(&store.head().unwrap().next_position));
    store.append(&[sample::group("b", None, 5..6)]).unwrap();
    conformance::verify(&store);
}

#[test]
fn a_batch_may_be_larger_than_a_segment() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = EmbeddedStore::open(dir.path(), options(4 << 10)).unwrap();
    for round in 0..5 {
        let names = ["x", "y", "z"].map(|name| format!("{name}{round}"));
        let groups: Vec<_> = names.iter().map(|name| large(name, 100_000 * (1 + round))).collect();
        assert!(store.append(&groups).unwrap().iter().all(Result::is_ok));
        assert!(store.append(&[sample::group(&format!("small-{round}"), None, 0..1)]).unwrap()[0].is_ok());
    }
    let before = store.read_all(0, 100).unwrap();
    drop(store);
    let (store, report) = EmbeddedStore::open(dir.path(), options(4 << 10)).unwrap();
    assert_eq!((report.cut, report.events), (None, 20));
    assert_eq!(store.read_all(0, 100).unwrap(), before);
    conformance::verify(&store);
}

#[test]
fn a_long_stream_is_read_over_segments_from_any_revision() {
    let disk = FaultDisk::new(1);
    let store = open(&disk, options(16 << 10));
    let mut last = None;
    for round in 0..300_u64 {
        let first = round * 20;
        let mut batch = vec![sample::group("long", last, first..first + 10)];
        batch.push(sample::group(&format!("other-{round}"), None, first + 10..first + 20));
        assert!(store.append(&batch).unwrap().iter().all(Result::is_ok));
        last = Some(round * 10 + 9);
    }
    let name = sample::stream("long");
    let check = |store: &EmbeddedStore| {
        for from in [0, 1, 77, 1_499, 2_990, 2_999] {
            let read = store.read_stream(&name, from, 50).unwrap();
            assert_eq!(read.len() as u64, (3_000 - from).min(50));
            assert!(read.iter().zip(from..).all(|(event, revision)| event.revision == revision));
        }
        assert_eq!(store.read_stream(&name, 0, usize::MAX).unwrap().len(), 3_000);
    };
    check(&store);
    drop(store);
    check(&open(&disk, Options { verify_on_open: Verify::Tail, ..options(16 << 10) }));
}

#[test]
fn partitions_cover_the_log_and_are_scanned_in_parallel() {
    let disk = FaultDisk::new(1);
    let store = open(&disk, options(8 << 10));
    assert_eq!(store.partitions(4), []);
    for batch in sample::batches(1_000, 20, 10) {
        store.append(&batch).unwrap();
    }
    for parts in [1, 2, 3, 1_000] {
        let ranges = store.partitions(parts);
        assert!(ranges.len() <= parts && (parts > 3 || ranges.len() == parts));
        assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        let count = |range: &std::ops::Range<u64>| {
            let mut next = range.start;
            let mut visit = |event: scrip_store::RecordedRef<'_>| {
                assert_eq!(event.position, next);
                next += 1;
                std::ops::ControlFlow::Continue(())
            };
            store.scan_range(range.clone(), &mut visit).unwrap();
            assert_eq!(next, range.end);
            range.end - range.start
        };
        let total: u64 = thread::scope(|scope| {
            let threads: Vec<_> = ranges.iter().map(|range| scope.spawn(|| count(range))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(total, 1_000);
    }
}
