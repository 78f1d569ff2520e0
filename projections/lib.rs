//! The read side: what is computed from the log, and can be thrown away and computed again.
//!
//! A thread follows the log and keeps read models (`models`, one file each beside its SQL) in SQLite or PostgreSQL; queries
//! read them (`reports`). Nothing is ever decided on what is here, and nothing here can hold a command up.
//!
//! - **Invariant**: a read model's rows are those of the events before its checkpoint, all of them and no other; rows and
//!   checkpoint are written together.
//! - **Invariant**: what an answer says is true of the position that it names.

mod accounts;
mod check;
mod compare;
mod damage;
mod database;
mod decisions;
mod error;
mod follow;
mod follower;
mod log;
mod model;
mod models;
mod past;
mod read_side;
pub mod reports;
mod rows;
mod table;
mod time;
mod trust;

pub use check::{Check, Checked, Found};
pub use database::{FORMAT, Source};
pub use decisions::{Decided, Decision, SkipError};
pub use error::{OpenError, ReadError};
pub use read_side::{Comparison, ModelStatus, Options, ReadSide, Snapshot, Status, model_names};
pub use reports::{AccountBalance, BalanceTotals, Page};
