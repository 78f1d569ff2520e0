//! Closing of periods: after that, the entries of a period stand.

use super::event::{BookEvent, PeriodClosed};
use super::{Announcement, Book};
use crate::{Refusal, Timestamp};

impl Book {
    /// A period is closed once it has ended, and after the one before it.
    pub(super) fn close_period(&self, until: Timestamp, now: Timestamp) -> Result<Announcement, Refusal> {
        if until > now {
            return Err(Refusal::InvalidTime("a period that has not ended cannot be closed"));
        }
        match self.closed_until() {
            Some(closed) if until <= closed => Err(Refusal::PeriodClosed { until: closed }),
            Some(_) | None => {
                let event = BookEvent::PeriodClosed(PeriodClosed { until });
                Ok(Announcement { event, effective_at: now })
            }
        }
    }
}
