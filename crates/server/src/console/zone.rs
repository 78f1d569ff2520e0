//! Times as pages show them: UTC as such, and the chosen zone's beside it.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{OffsetName, Tz};
use maud::{Markup, html};
use scrip_ledger::Timestamp;

use super::trouble::Trouble;
use crate::problem::{Code, Problem};

/// A time zone that times are shown in besides UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Zone(Tz);

impl Zone {
    /// The one that was asked for, or else this one.
    pub(super) fn read(name: Option<&str>, otherwise: &str) -> Result<Self, Trouble> {
        let detail = "a time zone is a name of the tz database, such as Europe/Berlin or UTC";
        let unknown = || Problem::new(Code::INVALID_TIME, detail).with("field", "tz");
        Ok(Self(name.unwrap_or(otherwise).parse().map_err(|_| unknown())?))
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        self.0.name()
    }

    fn is_utc(self) -> bool {
        matches!(self.0, Tz::UTC | Tz::Etc__UTC)
    }

    /// A time of a form: what a clock in the zone shows (`2026-03-31T00:00`), or an instant with its offset. Of a time that
    /// comes twice, the second: whatever happened in that hour is then part of the answer.
    pub(super) fn instant(self, text: &str) -> Result<Timestamp, Trouble> {
        if let Ok(instant) = text.parse() {
            return Ok(instant);
        }
        let wrong = |detail: &'static str| -> Trouble {
            Problem::new(Code::INVALID_TIME, detail).with("field", "at").into()
        };
        let patterns = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
        let local = patterns.iter().find_map(|pattern| NaiveDateTime::parse_from_str(text, pattern).ok());
        let local = local.ok_or_else(|| wrong("a time is written as 2026-03-31T00:00"))?;
        let instant = match self.0.from_local_datetime(&local) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(_, instant) => instant,
            LocalResult::None => {
                return Err(wrong(
                    "no clock of this zone ever shows this time: it is skipped for summer time",
                ));
            }
        };
        let micros = instant.timestamp_micros();
        if (0..=Timestamp::MAX.micros()).contains(&micros) {
            Ok(Timestamp::from_micros(micros))
        } else {
            Err(wrong("a time is between the years 1970 and 9999"))
        }
    }

    /// As the field of a form shows it.
    pub(super) fn field(self, instant: Timestamp) -> String {
        let local = self.local(instant);
        local.map(|local| local.format("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default()
    }

    /// The names of all hours, days or months from an instant until another, in their order; at most `limit`.
    pub(super) fn labels(self, from: Timestamp, until: Timestamp, unit: &str, limit: usize) -> Vec<String> {
        // A step is never longer than what has a name of its own: what is named twice is named once.
        let step = if unit == "hour" { 15 * 60 } else { 6 * 60 * 60 };
        let mut labels: Vec<String> = Vec::new();
        let mut at = from;
        while at < until && labels.len() < limit {
            let label = self.label(&at.to_string(), unit);
            if labels.last() != Some(&label) {
                labels.push(label);
            }
            at = at.plus_seconds(step);
        }
        labels
    }

    /// The day that it is in the zone.
    pub(super) fn date(self, instant: Timestamp) -> Option<NaiveDate> {
        self.local(instant).map(|local| local.date_naive())
    }

    fn local(self, instant: Timestamp) -> Option<DateTime<Tz>> {
        DateTime::from_timestamp_micros(instant.micros()).map(|utc| utc.with_timezone(&self.0))
    }

    /// A time of an answer.
    pub(super) fn time(self, text: &str) -> Markup {
        let (date, clock, micros) = utc(text);
        let local = text.parse().ok().filter(|_| !self.is_utc()).and_then(|instant| self.local(instant));
        html! {
            time datetime=(text) title=(text) {
                span.utc { (date) " " (clock) @if !micros.is_empty() { span.micros { (micros) } } " UTC" }
                @if let Some(local) = local { " " span.local { (beside(text, &local)) } }
            }
        }
    }

    /// The name of a span of time that begins here: its hour, its day or its month.
    pub(super) fn label(self, text: &str, unit: &str) -> String {
        let Some(local) = text.parse().ok().and_then(|instant| self.local(instant)) else {
            return text.to_owned();
        };
        let pattern = match unit {
            // The hour that is there twice in autumn has two names.
            "hour" => "%m-%d %H:00 %Z",
            "month" => "%Y-%m",
            _ => "%Y-%m-%d",
        };
        local.format(pattern).to_string()
    }

    /// A time that may be missing.
    pub(super) fn maybe(self, text: Option<&str>) -> Markup {
        html! { @match text { Some(text) => (self.time(text)), None => span.none { "–" } } }
    }
}

/// The date, the clock to the second, and the microseconds where there are any.
fn utc(text: &str) -> (&str, &str, &str) {
    let Some((date, time)) = text.split_once('T') else { return (text, "", "") };
    let time = time.strip_suffix('Z').unwrap_or(time);
    let (clock, micros) = time.split_at(time.find('.').unwrap_or(time.len()));
    (date, clock, if micros == ".000000" { "" } else { micros })
}

/// The clock of the zone, with its date where that is another.
fn beside(text: &str, local: &DateTime<Tz>) -> String {
    let clock = local.format("%H:%M:%S");
    let offset = local.offset();
    let name = offset.abbreviation().filter(|name| name.starts_with(|letter: char| letter.is_alphabetic()));
    let name = name.map_or_else(|| offset.fix().to_string(), str::to_owned);
    let date = local.format("%Y-%m-%d").to_string();
    if text.starts_with(&date) { format!("{clock} {name}") } else { format!("{date} {clock} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> Zone {
        Zone::read(Some("Europe/Berlin"), "UTC").unwrap()
    }

    #[test]
    fn a_time_is_shown_in_utc_and_beside_it_as_the_zone_has_it() {
        let text = |zone: Zone, text| {
            let shown = zone.time(text).into_string();
            shown.split('>').filter_map(|part| part.split('<').next()).collect::<String>()
        };
        let winter = "2026-01-31T23:30:00.000000Z";
        assert_eq!(text(berlin(), winter), "2026-01-31 23:30:00 UTC 2026-02-01 00:30:00 CET");
        assert_eq!(
            text(berlin(), "2026-07-01T10:00:00.000001Z"),
            "2026-07-01 10:00:00.000001 UTC 12:00:00 CEST"
        );
        assert_eq!(text(Zone::read(None, "UTC").unwrap(), winter), "2026-01-31 23:30:00 UTC");
        let shanghai = Zone::read(Some("Asia/Dubai"), "UTC").unwrap();
        assert_eq!(text(shanghai, winter), "2026-01-31 23:30:00 UTC 2026-02-01 03:30:00 +04:00");
    }

    #[test]
    fn every_day_of_a_span_has_its_name_once() {
        let [from, until] =
            ["2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z"].map(|text| text.parse().unwrap());
        let days = ["2026-03-28", "2026-03-29", "2026-03-30"];
        assert_eq!(berlin().labels(from, until, "day", 99), days);
        assert_eq!(berlin().labels(from, until, "day", 2), days[..2]);
        assert_eq!(berlin().labels(from, until, "month", 99), ["2026-03"]);
        // The hour that clocks leap over has no name.
        assert_eq!(berlin().labels(from, until, "hour", 999).len(), 71);
        assert_eq!(berlin().labels(until, from, "day", 99), Vec::<String>::new());
    }

    #[test]
    fn a_time_of_a_form_is_read_by_the_clocks_of_the_zone() {
        let read = |text: &str| berlin().instant(text).map(|time| time.to_string()).ok();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("2026-03-31T00:00"), some("2026-03-30T22:00:00.000000Z"));
        assert_eq!(read("2026-03-31T00:00:00Z"), some("2026-03-31T00:00:00.000000Z"));
        assert_eq!(read("2026-03-29T02:30"), None, "skipped");
        assert_eq!(read("2026-10-25T02:30"), some("2026-10-25T01:30:00.000000Z"), "the second of two");
        assert_eq!(read("yesterday"), None);
        assert_eq!(read("1969-12-31T00:00"), None);
        assert_eq!(berlin().field("2026-03-30T22:00:00Z".parse().unwrap()), "2026-03-31T00:00:00");
        assert!(Zone::read(Some("Mars/Olympus"), "UTC").is_err());
    }
}
