//! Instants, exact to the microsecond, and the calendars that terms are counted by.

mod calendar;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Timelike};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use calendar::{Period, TimeZone};

use crate::credits::FromText;

/// Microseconds since the Unix epoch, UTC. Written as RFC 3339 with six places: `2026-03-31T00:00:00.000000Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is not an instant between the years 1970 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time is RFC 3339 between 1970 and 9999, such as \"2026-03-31T00:00:00Z\"")]
pub struct TimeError;

impl Timestamp {
    /// The last instant that can be written: the end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// From microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// In microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This instant and a number of seconds more, [`Timestamp::MAX`] at the most.
    pub fn plus_seconds(self, seconds: u64) -> Self {
        let micros = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1_000_000));
        let sum = micros.and_then(|micros| self.0.checked_add(micros));
        Self(sum.unwrap_or(Self::MAX.0).min(Self::MAX.0))
    }

    /// The first instant that is later: when what was possible up to this one, included, is over.
    pub fn just_after(self) -> Self {
        Self(self.0.saturating_add(1).min(Self::MAX.0))
    }

    /// This instant and a number of days of 24 hours more (TERMS: «within N days»), [`Timestamp::MAX`] at the most.
    pub fn plus_days(self, days: u64) -> Self {
        self.plus_seconds(days.saturating_mul(86_400))
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let micros = DateTime::parse_from_rfc3339(text).map_err(|_| TimeError)?.timestamp_micros();
        if (0..=Self::MAX.0).contains(&micros) { Ok(Self(micros)) } else { Err(TimeError) }
    }
}

impl Timestamp {
    /// `YYYY-MM-DDTHH:MM:SS.ffffffZ`, digit by digit: chrono's own formatter costs more than the rest of an event.
    fn text(self) -> [u8; 27] {
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let Some(time) = DateTime::from_timestamp_micros(self.0) else { return text };
        let mut put = |end: usize, digits: usize, mut value: u32| {
            for at in (end.saturating_sub(digits)..end).rev() {
                if let Some(slot) = text.get_mut(at) {
                    *slot = b'0'.saturating_add(u8::try_from(value % 10).unwrap_or(0));
                }
                value /= 10;
            }
        };
        put(4, 4, u32::try_from(time.year()).unwrap_or(0));
        put(7, 2, time.month());
        put(10, 2, time.day());
        put(13, 2, time.hour());
        put(16, 2, time.minute());
        put(19, 2, time.second());
        put(26, 6, time.timestamp_subsec_micros());
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or(""))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).unwrap_or(""))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses_to_the_microsecond() {
        for (text, printed) in [
            ("2026-03-31T00:00:00Z", "2026-03-31T00:00:00.000000Z"),
            ("2024-02-29T23:59:59.123456Z", "2024-02-29T23:59:59.123456Z"),
            ("2026-03-31T02:00:00+02:00", "2026-03-31T00:00:00.000000Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), printed);
        }
        for text in ["", "yesterday", "2026-02-30T00:00:00Z", "1969-12-31T23:59:59Z", "2026-03-31"] {
            assert_eq!(text.parse::<Timestamp>(), Err(TimeError), "{text:?}");
        }
    }

    #[test]
    fn adding_stops_at_the_last_instant() {
        assert_eq!(Timestamp::MAX.plus_days(1), Timestamp::MAX);
        assert_eq!(Timestamp::from_micros(0).plus_seconds(u64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::from_micros(0).plus_days(1).micros(), 86_400_000_000);
    }
}
