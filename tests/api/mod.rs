//! The HTTP API over a real socket: what callers rely on, word by word.

mod batches;
pub mod client;
mod concurrency;
mod errors;
mod formats;
mod forms;
mod limits;
mod queries;
mod replays;
mod schemas;
mod scopes;
mod streams;
