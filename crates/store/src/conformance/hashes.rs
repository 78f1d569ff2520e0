//! The two hashes: each stream's chain, and the running hash of the log.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::sample::{batches, group};
use crate::envelope::{RunningHash, ZERO_HASH, verify_link};
use crate::{EventStore, Hash};

/// Verifies every chain and the running hash of a store; answers the running hash.
pub fn verify(store: &dyn EventStore) -> Hash {
    let mut chains: HashMap<String, Hash> = HashMap::new();
    let mut running = RunningHash::new();
    let mut events = 0;
    let mut visit = |event: crate::RecordedRef<'_>| {
        let previous = chains.entry(event.stream.to_owned()).or_insert(ZERO_HASH);
        assert!(verify_link(previous, &event), "event {} does not follow its stream", event.position);
        assert_eq!(event.position, events);
        *previous = event.hash;
        running.push(&event.hash);
        events += 1;
        ControlFlow::Continue(())
    };
    store.scan_all(0, &mut visit).unwrap();
    let head = store.head().unwrap();
    assert_eq!((head.next_position, head.running_hash), (events, running.get()));
    running.get()
}

pub(super) fn documented(store: &dyn EventStore) {
    for batch in batches(500, 13, 37) {
        store.append(&batch).unwrap();
        verify(store);
    }
    let hex: String = verify(store).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex, "0273c49544e3dad8e51c7f9c246f68b0ae140e60117e5ced6319bbd29b6add35",
        "the running hash of this input never changes"
    );
}

pub(super) fn any_batches(store: &dyn EventStore) {
    let other = crate::MemoryStore::new();
    let groups = batches(300, 5, 300).concat();
    for one in &groups {
        other.append(std::slice::from_ref(one)).unwrap();
    }
    for some in groups.chunks(41) {
        // A group that falls leaves no trace in the hashes.
        let mut some = some.to_vec();
        some.insert(3, group("stream-1", Some(999), 0..2));
        store.append(&some).unwrap();
    }
    assert_eq!(verify(store), verify(&other));
    assert_eq!(store.read_all(0, 1_000).unwrap(), other.read_all(0, 1_000).unwrap());
}
