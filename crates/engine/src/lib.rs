//! The engine: the only writer. It decides, commits in groups, and answers when what it answers is durable.
//!
//! One **decider** thread holds the accounts, decides and evolves them at once in memory; one **committer** thread
//! writes a batch with one durable sync while the decider decides the next. Everything passes through both in one
//! order, refusals and reads included, so no answer is ever ahead of the disk.
//!
//! - **Invariant**: nothing is answered that is not durable, nor anything that was decided on what is not.
//! - **Invariant**: what a book keeps of a call for a time only is not in the log (`metadata`).
//! - **Invariant**: the index folder (keys, snapshots, secrets, expiries) can be deleted at any time.

mod accounts;
mod books;
mod claims;
mod clock;
mod committer;
mod decider;
mod engine;
mod entries;
mod history;
mod inbox;
mod index;
mod keys;
mod looks;
mod metadata;
mod notices;
mod owners;
mod processes;
mod publish;
mod recall;
mod replay;
mod reply;
mod request;
mod reservations;
mod secrets;
mod shared;
mod stats;
mod verify;

pub use books::{BooksError, load_books};
pub use clock::Clock;
pub use engine::{Engine, Options, StartError};
pub use entries::{Entries, Entry, EntryError};
pub use history::{AsOf, History, HistoryError};
pub use index::IndexError;
pub use metadata::{KeptCall, MetadataError};
pub use notices::{Notice, Noticed};
pub use publish::{BookAccepted, BookRequest};
pub use replay::{Folded, fold_all};
pub use request::{Accepted, BookScope, EngineError, IdempotencyKey, KeyClass, Request, View, fingerprint};
pub use secrets::KeyOwner;
pub use stats::Stats;
pub use verify::{Expectation, Finding, Verified, verify};
