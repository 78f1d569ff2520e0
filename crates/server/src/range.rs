//! Spans of time that a report is asked for: from when until when, by whose clocks, cut into what.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use scrip_ledger::Timestamp;
use scrip_ledger::book::Book;
use scrip_projections::reports::calendar::{Span, Unit, beginning_of, is_on_a_quarter};

use crate::limits;
use crate::problem::{Code, Problem};

/// The spans of queries that do not say when they begin.
const YEAR: Days = Days::new(366);
const MONTH: Days = Days::new(31);

/// What a query says of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) from: Option<&'a str>,
    pub(crate) until: Option<&'a str>,
    pub(crate) tz: Option<&'a str>,
    /// What it will be cut by.
    pub(crate) unit: Option<Unit>,
}

/// A span of time, by the clocks of a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) zone: Tz,
    pub(crate) span: Span,
}

/// What a unit of time is called in a query, and how many of them an answer may be cut into.
pub(crate) const UNITS: [(&str, Unit, usize); 3] = [
    ("hour", Unit::Hour, limits::HOURS),
    ("day", Unit::Day, limits::DAYS),
    ("month", Unit::Month, limits::MONTHS),
];

/// The time zone of a query, or else the book's.
pub(crate) fn zone(name: Option<&str>, book: &Book, now: Timestamp) -> Result<Tz, Problem> {
    let of_book = book.policy(now).time_zone.to_string();
    name.unwrap_or(&of_book).parse().map_err(|_| {
        let detail = "a time zone is a name of the tz database, such as Europe/Berlin or UTC";
        Problem::new(Code::INVALID_TIME, detail).with("field", "tz")
    })
}

impl Asked<'_> {
    /// The span. Without a beginning it is a month of hours or a year of anything else, without an end it ends with the day
    /// that it is now.
    pub(crate) fn read(&self, book: &Book, now: Timestamp) -> Result<Range, Problem> {
        let zone = zone(self.tz, book, now)?;
        let tomorrow = || local(now, zone).and_then(|date| beginning_of(date.succ_opt()?, zone));
        let until = match self.until {
            Some(text) => moment(text, zone, "until")?,
            None => tomorrow().unwrap_or(now),
        };
        let from = match self.from {
            Some(text) => moment(text, zone, "from")?,
            None if self.unit == Some(Unit::Hour) => before(until, MONTH, zone).unwrap_or(until),
            None => before(until, YEAR, zone).unwrap_or(until),
        };
        if from >= until {
            let detail = "a span of time begins before it ends";
            return Err(Problem::new(Code::INVALID_TIME, detail).with("field", "from"));
        }
        Ok(Range { zone, span: Span { from, until } })
    }
}

impl Range {
    /// The span, cut by a unit of time if one is given.
    pub(crate) fn cut(&self, unit: Option<Unit>) -> Result<Vec<Span>, Problem> {
        let too_wide = |limit: usize, of: &str| {
            let detail =
                format!("this range has more than {limit} of {of}: ask for it in parts, or cut it coarser");
            Problem::new(Code::RANGE_TOO_WIDE, detail).with("limit", limit).with("unit", of.to_owned())
        };
        let days = self.span.until.micros().saturating_sub(self.span.from.micros()) / 86_400_000_000;
        if usize::try_from(days).is_ok_and(|days| days > limits::SPAN_DAYS) {
            return Err(too_wide(limits::SPAN_DAYS, "day"));
        }
        match UNITS.into_iter().find(|(_, known, _)| Some(*known) == unit) {
            None => Ok(vec![self.span]),
            Some((name, unit, limit)) => {
                unit.divide(self.zone, self.span, limit).ok_or_else(|| too_wide(limit, name))
            }
        }
    }
}

/// A moment that a span begins or ends at: a day of the place, or an instant on a quarter of an hour, which is the grain of
/// what is summed up.
fn moment(text: &str, zone: Tz, field: &'static str) -> Result<Timestamp, Problem> {
    let wrong = |detail: &'static str| Problem::new(Code::INVALID_TIME, detail).with("field", field);
    if let Ok(date) = text.parse::<NaiveDate>() {
        let years = 1970..=9_999;
        let found = beginning_of(date, zone).filter(|_| years.contains(&chrono::Datelike::year(&date)));
        return found.ok_or_else(|| wrong("a day is between the years 1970 and 9999"));
    }
    let detail = "a day such as 2026-03-31, or an instant such as 2026-03-31T00:00:00Z, belongs here";
    let time: Timestamp = text.parse().map_err(|_| wrong(detail))?;
    if is_on_a_quarter(time) {
        Ok(time)
    } else {
        Err(wrong("a range begins and ends on a quarter of an hour: its sums are kept by those"))
    }
}

/// The day that a time is on in a place.
fn local(time: Timestamp, zone: Tz) -> Option<NaiveDate> {
    let utc = chrono::DateTime::from_timestamp_micros(time.micros())?;
    Some(utc.with_timezone(&zone).date_naive())
}

/// The beginning of the day that is so many days before a time; the first of all where there is no such day.
fn before(until: Timestamp, days: Days, zone: Tz) -> Option<Timestamp> {
    let date = local(until, zone)?.checked_sub_days(days)?;
    Some(beginning_of(date, zone).unwrap_or_default())
}
