//! The engine in process: concurrency against the naive model, restarts, rivals, limits and failing disks.

mod concurrent;
mod crashing;
mod entries;
mod failures;
mod owners;
mod payouts;
mod processes;
mod restarts;
mod rivals;
mod spreads;
pub mod world;
