//! What the engine counts: plain atomics that whoever serves metrics reads.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! stats {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters and gauges, all since the start.
        #[derive(Debug, Default)]
        pub struct Stats { $(pub(crate) $name: AtomicU64,)* }

        impl Stats {
            $($(#[$doc])* pub fn $name(&self) -> u64 { self.$name.load(Ordering::Relaxed) })*
        }
    };
}

stats! {
    /// Commands that were recorded.
    accepted,
    /// Commands that the rules refused.
    refused,
    /// Repeated keys that got their first answer again.
    replayed,
    /// Commands turned away because too many were waiting.
    overloaded,
    /// Commands decided again because another writer came first.
    conflicts,
    /// Events that were written.
    events,
    /// Batches that were written, each with one sync.
    batches,
    /// Microseconds spent in writing and syncing them.
    append_micros,
    /// Commands waiting or being decided now.
    in_flight,
    /// Accounts in memory now.
    resident_accounts,
    /// Accounts that were folded from the store.
    cold_loads,
    /// Events that the index has taken in.
    indexed_position,
    /// What providers said of calls: rows that were written apart from the log.
    call_metadata_written,
    /// Rows that were deleted because their time was over.
    call_metadata_purged,
    /// Rows that could not be written, and are lost.
    call_metadata_lost,
    /// Times that the table could not be read, purged or saved.
    call_metadata_failures,
}

impl Stats {
    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}
