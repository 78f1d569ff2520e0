//! The read models: what their tables hold follows from the log alone, whatever happens to who computes it.

mod damage;
mod expected;
mod fixtures;
mod histories;
mod killing;
mod naive;
mod poison;
pub mod postgres;
mod rebuilding;
pub mod tables;
mod world;
