//! The event store: an append-only log of streams. It knows bytes, not the ledger.
//!
//! [`EventStore`] is what every backend promises; `tests/conformance` holds them to it. A backend assigns
//! positions, checks expected revisions and chains hashes; what a payload means is none of its business.
//! Calls block: they are made from threads that may wait, never from an async worker.

mod event;
mod store;

pub use event::{Expected, Group, Hash, NewEvent, Recorded, RecordedRef, StreamAppend, StreamName};
pub use store::{Appended, Conflict, EventStore, Head, StoreError, StreamHead};
