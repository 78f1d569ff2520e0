//! Which entries are written.

use scrip_engine::Entry;
use scrip_ledger::Timestamp;

/// A period: by when entries are booked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filter {
    /// From this time on.
    pub(super) from: Option<Timestamp>,
    /// Before this time.
    pub(super) until: Option<Timestamp>,
}

impl Filter {
    /// Whether an entry is in the period.
    pub(super) fn takes(&self, entry: &Entry) -> bool {
        let at = entry.booked.at;
        self.from.is_none_or(|from| at >= from) && self.until.is_none_or(|until| at < until)
    }
}
