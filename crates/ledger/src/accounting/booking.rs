//! In which period an entry is booked.
//!
//! Events may take effect earlier than they are recorded: an expiry at the end that was reached, however late it is noticed. Once
//! a period is closed its figures stand: what is recorded of it later is booked in the open period, and marked.

use crate::Timestamp;

/// When an entry is booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booked {
    /// The time that it counts for in reports by period.
    pub at: Timestamp,
    /// It belongs to a period that was closed before it was recorded: an adjustment of the open one.
    pub late: bool,
}

/// When the entry of an event is booked: at the time that the event took effect, unless that lies in a period that was
/// closed before it was recorded.
///
/// `closed_until` is the end of the latest period of the book that was closed at an earlier position of the log. The instant
/// of the end itself is in the next period.
pub fn booked(effective_at: Timestamp, recorded_at: Timestamp, closed_until: Option<Timestamp>) -> Booked {
    match closed_until {
        Some(end) if effective_at < end => Booked { at: recorded_at.max(end), late: true },
        Some(_) | None => Booked { at: effective_at, late: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_after_the_end_of_its_period_adjusts_the_open_one() {
        let at = Timestamp::from_micros;
        let case = |effective, recorded, closed: Option<i64>| {
            let booked = booked(at(effective), at(recorded), closed.map(at));
            (booked.at.micros(), booked.late)
        };
        assert_eq!(case(5, 9, None), (5, false));
        assert_eq!(case(5, 9, Some(4)), (5, false));
        assert_eq!(case(5, 9, Some(5)), (5, false), "the end is in the next period");
        assert_eq!(case(5, 9, Some(6)), (9, true));
        assert_eq!(case(5, 5, Some(7)), (7, true), "never in the closed period, whatever the clock said");
    }
}
