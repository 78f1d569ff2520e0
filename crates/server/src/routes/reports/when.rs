//! As of when a report is asked for, or over which span of time: one or the other.

use scrip_engine::AsOf;
use scrip_ledger::Timestamp;
use scrip_ledger::book::Book;
use scrip_projections::reports::calendar::Span;
use serde::Deserialize;
use utoipa::IntoParams;

use super::group;
use crate::problem::{Code, Problem};
use crate::range::{Asked, Range};
use crate::read::{When, number};

/// As of when, or from when until when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PeriodParams {
    /// The first day, or the first instant (on a quarter of an hour).
    from: Option<String>,
    /// The day, or the instant, that is not part of it any more. Without it, tomorrow.
    until: Option<String>,
    /// The time zone by whose clocks days begin, such as `Europe/Berlin`; the book's without it.
    tz: Option<String>,
    /// `hour`, `day` or `month`: each of them apart. With `from` or `until`.
    group: Option<String>,
    /// Everything by this time, instead of a span. Not in the future.
    as_of: Option<String>,
    /// What had been recorded by this time. Not in the future.
    known_at: Option<String>,
    /// What the log held up to and including this position.
    #[param(value_type = Option<u64>)]
    as_of_position: Option<String>,
    /// A position that the answer must include: read your own writes. Waits, bounded.
    #[param(value_type = Option<u64>)]
    min_position: Option<String>,
}

/// What a report is asked for.
pub(super) enum Period {
    /// Everything by a point in time or in the log; now, where it is the default.
    Until(AsOf),
    /// What happened in spans of time.
    During(Range, Vec<Span>),
}

impl PeriodParams {
    /// Reads it.
    pub(super) fn read(&self, book: &Book, now: Timestamp) -> Result<(Period, Option<u64>), Problem> {
        let min_position = number(self.min_position.as_deref(), "min_position")?;
        let when = When {
            as_of: self.as_of.clone(),
            known_at: self.known_at.clone(),
            as_of_position: self.as_of_position.clone(),
            min_position: None,
        };
        let point = when.point(now)?;
        let is_span = self.from.is_some() || self.until.is_some() || self.group.is_some();
        if !is_span {
            return Ok((Period::Until(point.unwrap_or_default()), min_position));
        }
        if point.is_some() {
            let detail = "give a span of time, or a point up to which everything counts, not both";
            return Err(Problem::new(Code::MALFORMED, detail));
        }
        let group = group::read::<()>(self.group.as_deref().unwrap_or_default(), &[])?;
        let asked = Asked {
            from: self.from.as_deref(),
            until: self.until.as_deref(),
            tz: self.tz.as_deref(),
            unit: group.unit,
        };
        let range = asked.read(book, now)?;
        let spans = range.cut(group.unit)?;
        Ok((Period::During(range, spans), min_position))
    }
}
