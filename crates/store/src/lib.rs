//! The event store: an append-only log of streams. It knows bytes, not the ledger.
//!
//! [`EventStore`] is what every backend promises; the `conformance` module holds them to it. A backend assigns
//! positions, checks expected revisions and chains hashes; what a payload means is none of its business.
//! Calls block: they are made from threads that may wait, never from an async worker.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod disk;
mod embedded;
pub mod envelope;
mod error;
mod event;
pub mod fault;
mod key;
pub mod limits;
mod memory;
mod plan;
mod store;

pub use embedded::{Cut, EmbeddedStore, Helper, OpenReport, Options, Verify};
pub use envelope::RunningHash;
pub use error::{Damage, Rejected, StoreError};
pub use event::{
    Expected, Group, Hash, InvalidName, NewEvent, Recorded, RecordedRef, StreamAppend, StreamName,
};
pub use memory::MemoryStore;
pub use store::{Appended, Conflict, EventStore, Head, StreamHead};
