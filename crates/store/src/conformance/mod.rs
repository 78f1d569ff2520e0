//! What every backend must do, as code: each function takes an empty store and asserts one promise of
//! [`EventStore`](crate::EventStore). Behind the feature `conformance`, so that other packages' tests and later backends run it.
#![expect(clippy::unwrap_used, reason = "a test's failure is a panic")]

mod appends;
mod hashes;
mod live;
mod reads;
pub mod sample;

pub use hashes::verify;

use crate::EventStore;

/// A named check on an empty store.
pub type Check = (&'static str, fn(&dyn EventStore));

/// Every check of the suite.
pub const CHECKS: &[Check] = &[
    ("an empty store is empty", appends::empty_store),
    ("positions and revisions are dense", appends::dense),
    ("a new stream conflicts with an existing one", appends::no_stream_conflict),
    ("a revision conflicts unless it is exact", appends::revision_conflict),
    ("a group over two streams is written whole", appends::group_over_streams),
    ("a group falls whole", appends::group_falls_whole),
    ("a group falls alone", appends::group_falls_alone),
    ("a group that builds on a fallen one falls", appends::builds_on_fallen),
    (
        "a group that builds on a fallen one falls even at the revision it expects",
        appends::builds_on_overtaken,
    ),
    ("groups of one batch build on each other", appends::chained_in_batch),
    ("an empty batch is no event", appends::empty_batch),
    ("malformed groups are refused and nothing is written", appends::malformed),
    ("what is too large is refused", appends::too_large),
    ("the log is read from any position", reads::all_from_anywhere),
    ("a stream is read from any revision", reads::stream_from_anywhere),
    ("a visitor may break", reads::visitor_breaks),
    ("a limit is a limit", reads::limits),
    ("a stream's head is its last event", reads::stream_heads),
    ("texts and payloads come back as they were", reads::unusual_content),
    ("a long stream among others is read right", reads::long_stream),
    ("hashes are the documented ones", hashes::documented),
    ("hashes do not depend on batches", hashes::any_batches),
    ("a tail waits and is woken", live::tail),
    ("readers see whole batches while writers append", live::readers_beside_writers),
    ("of two writers one wins", live::two_writers),
];

/// Runs every check, each on a store of its own.
pub fn run<S: EventStore>(mut empty: impl FnMut() -> S) {
    for (_, check) in CHECKS {
        check(&empty());
    }
}
