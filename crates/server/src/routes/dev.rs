//! The manual clock of trials and tests.

use axum::Json;
use axum::extract::{Request, State};
use chrono::{DateTime, Months, TimeDelta, Utc};
use scrip_ledger::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Shared;
use crate::problem::{Code, Problem, Problems};
use crate::read::last_of;
use crate::values::{Time, TimeIn};
use crate::{body, limits};

#[derive(Deserialize, ToSchema)]
#[schema(as = ClockMove)]
pub(crate) struct ClockBody {
    /// The time to move to. This, or `advance`.
    now: Option<TimeIn>,
    /// How far to move, ISO 8601: `P91D`, `PT1H30M`, `P1Y2M`. This, or `now`.
    advance: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Clock)]
pub(crate) struct ClockAnswer {
    now: Time,
    /// Of the last event, with every expiry that fell due.
    position: u64,
}

/// Move the manual clock forward, as if time had passed: everything that fell due on the way is recorded at its own time
/// before the answer.
#[utoipa::path(post, path = "/v1/dev/clock", tag = "operation", operation_id = "moveClock", request_body = ClockBody,
    responses((status = 200, body = ClockAnswer), Problems))]
pub(crate) async fn clock(State(app): Shared, request: Request) -> Result<Json<ClockAnswer>, Problem> {
    let bytes = body::read(request.into_body(), limits::BODY).await?;
    let clock = app.engine.clock();
    let to = match body::parse(&bytes)? {
        ClockBody { now: Some(now), advance: None } => now.get("now")?,
        ClockBody { now: None, advance: Some(text) } => {
            let detail = "a duration is ISO 8601 with whole numbers, such as P91D, PT90M or P1Y2M";
            let wrong = || Problem::new(Code::INVALID_TIME, detail).with("field", "advance");
            advance(clock.now(), &text).ok_or_else(wrong)?
        }
        _ => return Err(Problem::new(Code::MALFORMED, "give either now or advance")),
    };
    let Some(position) = app.engine.advance(to).await? else {
        let problem = Problem::new(Code::INVALID_TIME, "the clock does not run backwards");
        return Err(problem.with_text("now", &clock.now()));
    };
    Ok(Json(ClockAnswer { now: clock.now().into(), position: last_of(position) }))
}

/// What a letter of a duration stands for.
enum Unit {
    /// Months of the calendar.
    Months(u32),
    /// Seconds of the clock.
    Seconds(i64),
}

const OF_DATES: [(char, Unit); 4] = [
    ('Y', Unit::Months(12)),
    ('M', Unit::Months(1)),
    ('W', Unit::Seconds(604_800)),
    ('D', Unit::Seconds(86_400)),
];
const OF_TIMES: [(char, Unit); 3] =
    [('H', Unit::Seconds(3_600)), ('M', Unit::Seconds(60)), ('S', Unit::Seconds(1))];

/// A time and an ISO 8601 duration more: years and months by the calendar, the rest by the clock.
fn advance(from: Timestamp, text: &str) -> Option<Timestamp> {
    let rest = text.strip_prefix('P').filter(|rest| !rest.is_empty() && !rest.ends_with('T'))?;
    let (date, time) = rest.split_once('T').unwrap_or((rest, ""));
    let from = DateTime::from_timestamp_micros(from.micros())?;
    let to = add(add(from, date, &OF_DATES)?, time, &OF_TIMES)?.timestamp_micros();
    (to <= Timestamp::MAX.micros()).then(|| Timestamp::from_micros(to))
}

/// Adds numbers with their units, each unit once and in order.
fn add(mut to: DateTime<Utc>, mut text: &str, mut units: &[(char, Unit)]) -> Option<DateTime<Utc>> {
    while !text.is_empty() {
        let (digits, rest) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit())?);
        let letter = rest.chars().next()?;
        let at = units.iter().position(|(known, _)| *known == letter)?;
        let count: u32 = digits.parse().ok()?;
        to = match units.get(at)?.1 {
            Unit::Months(months) => to.checked_add_months(Months::new(count.checked_mul(months)?))?,
            Unit::Seconds(seconds) => {
                to.checked_add_signed(TimeDelta::try_seconds(i64::from(count).checked_mul(seconds)?)?)?
            }
        };
        units = units.get(at + 1..)?;
        text = rest.get(1..)?;
    }
    Some(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_iso_8601() {
        let from: Timestamp = "2026-01-31T00:00:00Z".parse().unwrap();
        for (text, to) in [
            ("P91D", "2026-05-02T00:00:00.000000Z"),
            ("P1M", "2026-02-28T00:00:00.000000Z"),
            ("P1Y2M1W1DT1H30M5S", "2027-04-08T01:30:05.000000Z"),
            ("PT90M", "2026-01-31T01:30:00.000000Z"),
            ("PT0S", "2026-01-31T00:00:00.000000Z"),
        ] {
            assert_eq!(advance(from, text).map(|to| to.to_string()).as_deref(), Some(to), "{text}");
        }
        for text in
            ["", "P", "PT", "91D", "P91", "PD", "P1D1Y", "P1H", "PT1D", "P-1D", "P1.5D", "P1DT", "P99999999Y"]
        {
            assert_eq!(advance(from, text), None, "{text}");
        }
    }
}
