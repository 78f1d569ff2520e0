//! Calendars: months and days in a time zone. «Months are calendar months in the book's time zone» (TERMS).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, LocalResult, Months, NaiveDateTime, TimeDelta, TimeZone as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Timestamp;
use crate::credits::FromText;

/// A time zone of the IANA database, such as `Asia/Shanghai`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone(chrono_tz::Tz);

/// A text that is not a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time zone is a name of the IANA database, such as \"UTC\" or \"Asia/Shanghai\"")]
pub struct TimeZoneError;

/// A span of the calendar: whole years and months, or whole weeks and days. Written as an ISO 8601 duration: `P1M`,
/// `P1Y`, `P30D`, `P2W`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    months: u32,
    days: u32,
}

/// A text that is not a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a period is P1M to P1200M, P1Y to P100Y, P1W to P5217W or P1D to P36525D")]
pub struct PeriodError;

impl Default for TimeZone {
    /// UTC.
    fn default() -> Self {
        Self(chrono_tz::Tz::UTC)
    }
}

impl TimeZone {
    /// A time and a number of calendar months more, at the same time of day: the last day of the month where it has no
    /// such day (31 January + 1 month = 28 or 29 February).
    ///
    /// Count from the first of a row of periods, never from the one before: the end of February forgets the 31st.
    pub fn plus_months(self, time: Timestamp, months: u32) -> Timestamp {
        self.shift(time, |local| local.checked_add_months(Months::new(months)), Timestamp::MAX)
    }

    /// A time and a number of calendar months less; never before 1970.
    pub fn minus_months(self, time: Timestamp, months: u32) -> Timestamp {
        self.shift(time, |local| local.checked_sub_months(Months::new(months)), Timestamp::from_micros(0))
    }

    /// A time and a number of calendar days more, at the same time of day.
    pub fn plus_calendar_days(self, time: Timestamp, days: u32) -> Timestamp {
        self.shift(time, |local| local.checked_add_days(Days::new(u64::from(days))), Timestamp::MAX)
    }

    /// A time and so many periods more.
    pub fn plus(self, time: Timestamp, period: Period, times: u32) -> Timestamp {
        match period {
            Period { months: 0, days } => self.plus_calendar_days(time, days.saturating_mul(times)),
            Period { months, .. } => self.plus_months(time, months.saturating_mul(times)),
        }
    }

    /// The span of so many calendar months that a time is in: when it began, and when the next one begins. Spans are
    /// counted from January, and those of more than a year from the year 0.
    pub fn span_of_months(self, time: Timestamp, months: u32) -> (Timestamp, Timestamp) {
        let edge = |spans: i64, beyond| self.shift(time, |local| span_edge(local, months, spans), beyond);
        (edge(0, Timestamp::from_micros(0)), edge(1, Timestamp::MAX))
    }

    /// When the month began that a time is in.
    pub fn month_of(self, time: Timestamp) -> Timestamp {
        self.shift(
            time,
            |local| local.date().with_day(1).and_then(|first| first.and_hms_opt(0, 0, 0)),
            Timestamp::from_micros(0),
        )
    }

    /// Moves a time on the zone's wall clock; `beyond` where the calendar ends.
    fn shift(
        self,
        time: Timestamp,
        to: impl Fn(NaiveDateTime) -> Option<NaiveDateTime>,
        beyond: Timestamp,
    ) -> Timestamp {
        let Some(utc) = DateTime::from_timestamp_micros(time.micros()) else { return beyond };
        let Some(local) = to(utc.with_timezone(&self.0).naive_local()) else { return beyond };
        let micros = match self.0.from_local_datetime(&local) {
            LocalResult::Single(found) | LocalResult::Ambiguous(found, _) => found.timestamp_micros(),
            // The clock jumped over this time: it is as long after the jump as it was meant to be before.
            LocalResult::None => match self.before_gap(local) {
                Some(micros) => micros,
                None => return beyond,
            },
        };
        Timestamp::from_micros(micros.clamp(0, Timestamp::MAX.micros()))
    }

    fn before_gap(self, local: NaiveDateTime) -> Option<i64> {
        let day_before = local.checked_sub_days(Days::new(1))?;
        let offset = match self.0.from_local_datetime(&day_before) {
            LocalResult::Single(found) | LocalResult::Ambiguous(found, _) => found,
            LocalResult::None => return None,
        };
        offset.checked_add_signed(TimeDelta::days(1)).map(|time| time.timestamp_micros())
    }
}

/// The first midnight of the span of months that a local time is in, or of one so many spans later.
fn span_edge(local: NaiveDateTime, months: u32, spans: i64) -> Option<NaiveDateTime> {
    let months = i64::from(months);
    let month = i64::from(local.year()).checked_mul(12)?.checked_add(i64::from(local.month0()))?;
    let edge = month.checked_div_euclid(months)?.checked_add(spans)?.checked_mul(months)?;
    let year = i32::try_from(edge.checked_div_euclid(12)?).ok()?;
    let of_year = u32::try_from(edge.checked_rem_euclid(12)?).ok()?;
    chrono::NaiveDate::from_ymd_opt(year, of_year.checked_add(1)?, 1)?.and_hms_opt(0, 0, 0)
}

impl Period {
    /// Whether it is of whole months or years.
    pub const fn is_months(self) -> bool {
        self.months > 0
    }

    /// How many months it is of; none if it is of days.
    pub const fn months(self) -> u32 {
        self.months
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let rest = text.strip_prefix('P').ok_or(PeriodError)?;
        let (digits, unit) = rest.split_at_checked(rest.len().saturating_sub(1)).ok_or(PeriodError)?;
        if digits.is_empty() || digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PeriodError);
        }
        let count: u32 = digits.parse().map_err(|_| PeriodError)?;
        let scaled = |scale: u32, most: u32| {
            count.checked_mul(scale).filter(|scaled| (1..=most).contains(scaled)).ok_or(PeriodError)
        };
        match unit {
            "M" => Ok(Self { months: scaled(1, 1_200)?, days: 0 }),
            "Y" => Ok(Self { months: scaled(12, 1_200)?, days: 0 }),
            "D" => Ok(Self { months: 0, days: scaled(1, 36_525)? }),
            "W" => Ok(Self { months: 0, days: scaled(7, 36_525)? }),
            _ => Err(PeriodError),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { months: 0, days } => write!(f, "P{days}D"),
            Self { months, .. } if months % 12 == 0 => write!(f, "P{}Y", months / 12),
            Self { months, .. } => write!(f, "P{months}M"),
        }
    }
}

impl FromStr for TimeZone {
    type Err = TimeZoneError;

    fn from_str(text: &str) -> Result<Self, TimeZoneError> {
        text.parse().map(Self).map_err(|_| TimeZoneError)
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(FromText(std::marker::PhantomData))
            }
        }
    )*};
}

as_text!(Period, TimeZone);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_end_where_the_calendar_ends_them() {
        let utc = TimeZone::default();
        for (from, months, to) in [
            ("2026-01-31T10:00:00Z", 1, "2026-02-28T10:00:00Z"),
            ("2028-01-31T10:00:00Z", 1, "2028-02-29T10:00:00Z"),
            ("2026-01-31T10:00:00Z", 2, "2026-03-31T10:00:00Z"),
            ("2028-02-29T00:00:00Z", 12, "2029-02-28T00:00:00Z"),
            ("2026-12-15T23:59:59.999999Z", 1, "2027-01-15T23:59:59.999999Z"),
        ] {
            assert_eq!(utc.plus_months(at(from), months), at(to), "{from} + {months}");
        }
        assert_eq!(utc.minus_months(at("2026-05-31T00:00:00Z"), 3), at("2026-02-28T00:00:00Z"));
        assert_eq!(utc.month_of(at("2026-05-31T13:00:00Z")), at("2026-05-01T00:00:00Z"));
    }

    #[test]
    fn months_are_those_of_the_zone() {
        let shanghai: TimeZone = "Asia/Shanghai".parse().unwrap();
        // 1 March, 00:30 in Shanghai is still February in UTC.
        assert_eq!(shanghai.month_of(at("2026-02-28T16:30:00Z")), at("2026-02-28T16:00:00Z"));
        let berlin: TimeZone = "Europe/Berlin".parse().unwrap();
        // The same time of day, although the hour of UTC changes with summer time.
        assert_eq!(berlin.plus_months(at("2026-03-15T11:00:00Z"), 1), at("2026-04-15T10:00:00Z"));
        // 29 March 2026, 02:30 does not exist in Berlin: the clock shows 03:30 then.
        assert_eq!(berlin.plus_months(at("2026-02-28T01:30:00Z"), 1), at("2026-03-28T01:30:00Z"));
        assert_eq!(berlin.plus_calendar_days(at("2026-03-28T01:30:00Z"), 1), at("2026-03-29T01:30:00Z"));
        // 25 October 2026, 02:30 comes twice: the first is meant.
        assert_eq!(berlin.plus_calendar_days(at("2026-10-24T00:30:00Z"), 1), at("2026-10-25T00:30:00Z"));
    }

    #[test]
    fn periods_are_iso_8601() {
        for (text, printed) in
            [("P1M", "P1M"), ("P12M", "P1Y"), ("P1Y", "P1Y"), ("P2W", "P14D"), ("P30D", "P30D")]
        {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), printed);
        }
        for text in [
            "",
            "P",
            "PM",
            "1M",
            "P0M",
            "P01M",
            "P-1M",
            "P1.5M",
            "P1H",
            "PT1M",
            "P1M1D",
            "P1201M",
            "P99999999999M",
        ] {
            assert_eq!(text.parse::<Period>(), Err(PeriodError), "{text:?}");
        }
        assert!("Mars/Olympus".parse::<TimeZone>().is_err());
    }
}
