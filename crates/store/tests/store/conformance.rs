//! The conformance suite on both backends of this crate; an embedded store is opened again after each check.

use scrip_store::conformance;
use scrip_store::{EmbeddedStore, EventStore, Helper, MemoryStore, Options};

fn small(helper: Helper) -> Options {
    Options { segment_size: 8 << 10, helper, ..Options::default() }
}

#[test]
fn memory_conforms() {
    conformance::run(MemoryStore::new);
}

fn embedded_conforms(options: Options) {
    for (name, check) in conformance::CHECKS {
        println!("{name}");
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = EmbeddedStore::open(dir.path(), options).unwrap();
        check(&store);
        // Whatever the check wrote is there again, and whole.
        let before = (store.head().unwrap(), store.read_all(0, usize::MAX).unwrap());
        drop(store);
        let (store, report) = EmbeddedStore::open(dir.path(), options).unwrap();
        assert_eq!((report.cut, report.events), (None, before.0.next_position));
        assert_eq!((store.head().unwrap(), store.read_all(0, usize::MAX).unwrap()), before);
        conformance::verify(&store);
    }
}

#[test]
fn embedded_conforms_in_one_segment() {
    embedded_conforms(Options { segment_size: 4 << 20, ..Options::default() });
}

#[test]
fn embedded_conforms_over_many_segments() {
    embedded_conforms(small(Helper::Thread));
}

#[test]
fn embedded_conforms_with_inline_helper() {
    embedded_conforms(small(Helper::Inline));
}
