//! Stores of every format ever written can be opened, for ever.
//!
//! A sample is written once, by `cargo test -p scrip-store -- --ignored write_the_sample`, when its format is
//! new; afterwards it is never touched again.

use std::fs;
use std::path::{Path, PathBuf};

use scrip_store::conformance::{self, sample};
use scrip_store::{EmbeddedStore, EventStore, Group, Helper, Options};

fn sample_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/stores/format-1")
}

fn options() -> Options {
    Options { segment_size: 4 << 10, helper: Helper::Inline, ..Options::default() }
}

/// The batches of the sample: several streams, groups over two of them, an empty and a binary payload.
fn batches() -> Vec<Vec<Group>> {
    let mut batches = sample::batches(60, 4, 5);
    let mut odd = sample::append("odd.Stream_1", None, 100..103);
    odd.events[0].payload = Vec::new();
    odd.events[1].payload = vec![0xFF, 0x00, 0xFE, b'E', b'V', b'T'];
    odd.events[2].actor = "Prüfer".into();
    batches.push(vec![Group { appends: vec![odd, sample::append("stream-0", Some(14), 103..104)] }]);
    batches
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `position stream revision hash`, a line an event, and the running hash.
fn hashes(store: &dyn EventStore) -> String {
    let events = store.read_all(0, usize::MAX).unwrap();
    let line = |event: &scrip_store::Recorded| {
        format!("{} {} {} {}\n", event.position, event.stream, event.revision, hex(&event.hash))
    };
    let lines: String = events.iter().map(line).collect();
    format!("{lines}running {}\n", hex(&store.head().unwrap().running_hash))
}

#[test]
#[ignore = "writes the sample, which is done once"]
fn write_the_sample() {
    let dir = sample_dir();
    assert!(!dir.exists(), "the sample is there, and must stay as it is");
    let (store, _) = EmbeddedStore::open(&dir, options()).unwrap();
    for batch in batches() {
        assert!(store.append(&batch).unwrap().iter().all(Result::is_ok));
    }
    fs::write(dir.with_extension("hashes"), hashes(&store)).unwrap();
    drop(store);
    fs::remove_file(dir.join("lock")).unwrap();
}

#[test]
fn format_1_is_opened_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(sample_dir()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    let known = fs::read_to_string(sample_dir().with_extension("hashes")).unwrap();
    let (store, report) = EmbeddedStore::open(dir.path(), options()).unwrap();
    assert_eq!((report.events, report.cut, report.indexes_rebuilt), (64, None, 0));
    assert_eq!(hashes(&store), known);
    conformance::verify(&store);
    let written: Vec<_> = batches().concat().into_iter().flat_map(|group| group.appends).collect();
    let events = store.read_all(0, usize::MAX).unwrap();
    assert!(events.iter().map(|event| &event.event).eq(written.iter().flat_map(|append| &append.events)));
    // And it goes on.
    assert!(store.append(&[sample::group("stream-0", Some(15), 200..201)]).unwrap()[0].is_ok());
    conformance::verify(&store);
}
