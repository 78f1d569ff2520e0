//! Hours, days and months by the clocks of a place, as spans of time: a day may have 23 hours or 25.
//!
//! Edges lie on quarters of an hour, as everything that is summed up: every offset from UTC that is in use is so many of
//! them.

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeZone, Timelike};
use chrono_tz::Tz;
use scrip_ledger::Timestamp;

use crate::time::QUARTER;

/// What time is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// From a full hour of the clock to the next; the hour that is there twice in autumn makes two.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From the first of a month to the first of the next.
    Month,
}

/// A span of time: its first instant, and the first after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub until: Timestamp,
}

impl Unit {
    /// How many quarters of an hour it has at the least.
    const fn at_least(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 20 * 4,
            Self::Month => 27 * 24 * 4,
        }
    }

    /// Which of them a time is in: another one has another key.
    fn key(self, zone: Tz, seconds: i64) -> Option<(i32, u32, u32, i32)> {
        let local = DateTime::from_timestamp(seconds, 0)?.with_timezone(&zone);
        Some(match self {
            // By its offset too: the hour that is there twice has the same name.
            Self::Hour => {
                (local.year(), local.ordinal(), local.hour(), local.offset().fix().local_minus_utc())
            }
            Self::Day => (local.year(), local.ordinal(), 0, 0),
            Self::Month => (local.year(), local.month(), 0, 0),
        })
    }

    /// The first instant after a time, both in seconds, that belongs to another one.
    fn next(self, zone: Tz, seconds: i64) -> i64 {
        let here = self.key(zone, seconds);
        let begins = self.key(zone, seconds.saturating_sub(QUARTER)) != here;
        let quarters = if begins { self.at_least() } else { 1 };
        let mut next = seconds.saturating_add(quarters.saturating_mul(QUARTER));
        while here.is_some() && self.key(zone, next) == here {
            next = next.saturating_add(QUARTER);
        }
        next
    }

    /// A span of time cut at the edges of a place's calendar: the first and the last piece may be shorter. At most `limit`
    /// pieces; nothing if there are more.
    ///
    /// The span has to begin and end on a quarter of an hour.
    pub fn divide(self, zone: Tz, span: Span, limit: usize) -> Option<Vec<Span>> {
        let (mut from, until) = (seconds(span.from), seconds(span.until));
        let mut pieces = Vec::new();
        while from < until {
            if pieces.len() == limit {
                return None;
            }
            let next = self.next(zone, from).min(until);
            pieces.push(Span { from: at(from), until: at(next) });
            from = next;
        }
        Some(pieces)
    }
}

/// The first instant of a day in a place: midnight, or what comes after it where clocks leap over that.
pub fn beginning_of(date: NaiveDate, zone: Tz) -> Option<Timestamp> {
    let midnight = date.and_hms_opt(0, 0, 0)?;
    // No clock leaps further than over a day.
    (0..=96).find_map(|quarters| {
        let local = midnight.checked_add_signed(chrono::Duration::minutes(15 * quarters))?;
        let time = zone.from_local_datetime(&local).earliest()?;
        u64::try_from(time.timestamp_micros()).ok()?;
        Some(Timestamp::from_micros(time.timestamp_micros()))
    })
}

/// Whether a time lies on a quarter of an hour.
pub const fn is_on_a_quarter(time: Timestamp) -> bool {
    time.micros().rem_euclid(QUARTER * 1_000_000) == 0
}

/// In seconds since the Unix epoch.
pub(crate) const fn seconds(time: Timestamp) -> i64 {
    time.micros().div_euclid(1_000_000)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, until: &str) -> Span {
        Span { from: from.parse().unwrap(), until: until.parse().unwrap() }
    }

    fn hours(zone: Tz, unit: Unit, from: &str, until: &str) -> Vec<i64> {
        let pieces = unit.divide(zone, span(from, until), 1_000).unwrap();
        for pair in pieces.windows(2) {
            assert_eq!(pair[0].until, pair[1].from);
        }
        assert_eq!(pieces.first().unwrap().from, from.parse().unwrap());
        assert_eq!(pieces.last().unwrap().until, until.parse().unwrap());
        pieces.iter().map(|piece| (piece.until.micros() - piece.from.micros()) / 60_000_000).collect()
    }

    #[test]
    fn a_day_has_as_many_hours_as_the_clocks_of_the_place_give_it() {
        const HOUR: i64 = 60;
        for (zone, from, until, minutes) in [
            // Clocks go forward at 01:00 UTC on 29 March 2026, and back on 25 October.
            (Tz::Europe__Berlin, "2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z", vec![24, 23, 24]),
            (Tz::Europe__Berlin, "2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z", vec![24, 25, 24]),
            // On 8 March and on 1 November.
            (Tz::America__New_York, "2026-03-07T05:00:00Z", "2026-03-10T04:00:00Z", vec![24, 23, 24]),
            (Tz::America__New_York, "2026-10-31T04:00:00Z", "2026-11-03T05:00:00Z", vec![24, 25, 24]),
            (Tz::Asia__Kolkata, "2026-03-27T18:30:00Z", "2026-03-29T18:30:00Z", vec![24, 24]),
            (Tz::UTC, "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z", vec![24, 24]),
        ] {
            let minutes: Vec<i64> = minutes.into_iter().map(|hours| hours * HOUR).collect();
            assert_eq!(hours(zone, Unit::Day, from, until), minutes, "{zone} {from}");
        }
        // Half an hour forward: a day of 23 and a half.
        let lord_howe =
            hours(Tz::Australia__Lord_Howe, Unit::Day, "2026-10-02T13:30:00Z", "2026-10-04T13:00:00Z");
        assert_eq!(lord_howe, [1_440, 1_410]);
        // Samoa left out 30 December 2011.
        let apia = hours(Tz::Pacific__Apia, Unit::Day, "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z");
        assert_eq!(apia, [1_440, 1_440]);
    }

    #[test]
    fn hours_begin_when_the_clocks_of_the_place_say_so() {
        let all = |zone, from, until| hours(zone, Unit::Hour, from, until);
        assert_eq!(all(Tz::Asia__Kolkata, "2026-03-01T00:30:00Z", "2026-03-01T02:30:00Z"), [60, 60]);
        assert_eq!(all(Tz::Asia__Kolkata, "2026-03-01T00:00:00Z", "2026-03-01T02:00:00Z"), [30, 60, 30]);
        // The hour that is there twice makes two, the one that is left out none.
        assert_eq!(all(Tz::Europe__Berlin, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z").len(), 25);
        assert_eq!(all(Tz::Europe__Berlin, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z").len(), 23);
    }

    #[test]
    fn months_are_those_of_the_place_and_pieces_are_cut_to_the_span() {
        let months = hours(Tz::Europe__Berlin, Unit::Month, "2026-01-31T23:00:00Z", "2026-03-31T22:00:00Z");
        assert_eq!(months, [28 * 1_440, 31 * 1_440 - 60]);
        let cut = hours(Tz::UTC, Unit::Month, "2026-01-15T12:15:00Z", "2026-02-01T00:15:00Z");
        assert_eq!(cut, [16 * 1_440 + 11 * 60 + 45, 15]);
        let year = span("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        assert_eq!(Unit::Day.divide(Tz::UTC, year, 365).unwrap().len(), 365);
        assert_eq!(Unit::Day.divide(Tz::UTC, year, 364), None, "there is a limit");
        assert_eq!(
            Unit::Day.divide(Tz::UTC, span("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), 9),
            Some(vec![])
        );
    }

    #[test]
    fn a_day_begins_after_what_its_clocks_leap_over() {
        let beginning = |date: &str, zone| beginning_of(date.parse().unwrap(), zone).unwrap().to_string();
        assert_eq!(beginning("2026-03-29", Tz::Europe__Berlin), "2026-03-28T23:00:00.000000Z");
        assert_eq!(beginning("2026-10-25", Tz::America__New_York), "2026-10-25T04:00:00.000000Z");
        // São Paulo leapt from midnight to one o'clock.
        assert_eq!(beginning("2018-11-04", Tz::America__Sao_Paulo), "2018-11-04T03:00:00.000000Z");
        assert_eq!(beginning_of("1960-01-01".parse().unwrap(), Tz::UTC), None);
    }
}
