//! The read models: what their tables hold follows from the log alone, whatever happens to who computes it.

mod expected;
mod histories;
mod tables;
mod world;
