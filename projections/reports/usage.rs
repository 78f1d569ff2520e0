//! What calls came to, from sums that are kept: the calls themselves are never looked at.
//!
//! A span of time is covered by days of UTC, and at its ends by the quarters of an hour that it has besides or that it has
//! not: a day of Berlin is a day of UTC, with the last hour of the day before and without its own last hour. Calls count
//! when they were recorded, refunds when they were given, whatever the time of their calls: what a period came to is not
//! changed by what happens after it.

use compact_str::CompactString;
use scrip_ledger::{BookId, Credits};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::Told;
use super::calendar::{Span, seconds};
use super::statement::{Statement, credits};
use crate::error::ReadError;
use crate::read_side::Snapshot;
use crate::time::DAY;

/// What usage can be told apart by, besides time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// The account that called.
    Account,
    /// The model that was called.
    Model,
    /// The endpoint.
    Endpoint,
    /// The key that the call came with.
    Key,
    /// How the call ended.
    Outcome,
}

impl Dimension {
    /// All of them, in the order in which answers go by them.
    pub const ALL: [Self; 5] = [Self::Account, Self::Model, Self::Endpoint, Self::Key, Self::Outcome];

    /// Its name in a query.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Model => "model",
            Self::Endpoint => "endpoint",
            Self::Key => "key",
            Self::Outcome => "outcome",
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Key => "api_key",
            other => other.name(),
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct UsageQuery {
    /// Of which book.
    pub book: BookId,
    /// Spans of time that follow each other, each told apart.
    pub spans: Vec<Span>,
    /// Besides: in the order of [`Dimension::ALL`].
    pub group: Vec<Dimension>,
    /// Only what has these values.
    pub only: Vec<(Dimension, CompactString)>,
    /// The line after which the page begins: the number of its span, and its values.
    pub after: Option<(usize, Vec<CompactString>)>,
    /// Lines of the page.
    pub limit: usize,
}

/// Sums over calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageSum {
    /// How many calls ended.
    pub calls: i64,
    /// What they were charged.
    pub charged: Credits,
    /// What was given back in that time, of calls of whatever time.
    pub refunded: Credits,
    /// What of the charges was owed.
    pub on_debt: Credits,
    /// What the operator carries besides the charges.
    pub absorbed: Credits,
}

/// A line of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageLine {
    /// The number of its span.
    pub span: usize,
    /// Its values, as many as the query groups by.
    pub values: Vec<CompactString>,
    /// What it came to.
    pub sum: UsageSum,
}

/// What usage came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// In the order of time, then of their values.
    pub lines: Vec<UsageLine>,
    /// Whether there are more.
    pub more: bool,
    /// Over all lines of all pages.
    pub total: UsageSum,
}

/// The columns that are summed up: amounts are two each.
const SUMMED: [&str; 9] = [
    "calls",
    "charged",
    "charged_nanos",
    "refunded",
    "refunded_nanos",
    "on_debt",
    "on_debt_nanos",
    "absorbed",
    "absorbed_nanos",
];

/// What is left of days from which quarters of an hour are taken may be nothing: then there was no call and no refund.
const THERE: &str = " HAVING SUM(calls) <> 0 OR SUM(refunded) * 1000000000 <> -SUM(refunded_nanos)";

/// A part of a span of time, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    table: &'static str,
    from: i64,
    until: i64,
    /// It is taken away.
    less: bool,
}

impl Snapshot {
    /// What calls came to.
    pub async fn usage(&mut self, query: &UsageQuery) -> Result<Told<Usage>, ReadError> {
        let count = self.needs(&["usage"])?;
        Ok(Told { count, what: usage(&mut self.transaction, query).await? })
    }
}

async fn usage(connection: &mut AnyConnection, query: &UsageQuery) -> sqlx::Result<Usage> {
    let (first, mut after) = match &query.after {
        // A span that is not told apart is one line.
        Some((span, values)) if values.is_empty() => (span.saturating_add(1), None),
        Some((span, values)) => (*span, Some(values.as_slice())),
        None => (0, None),
    };
    let mut lines = Vec::new();
    for (number, span) in query.spans.iter().enumerate().skip(first) {
        // One more than the page holds says that there is another page.
        let wanted = query.limit.saturating_add(1).saturating_sub(lines.len());
        for row in read(connection, query, *span, &query.group, after.take(), wanted).await? {
            let values = (0..query.group.len()).map(|at| row.try_get::<String, _>(at).map(Into::into));
            let values = values.collect::<sqlx::Result<_>>()?;
            lines.push(UsageLine { span: number, values, sum: sum(&row, query.group.len())? });
        }
        if lines.len() > query.limit {
            break;
        }
    }
    let more = lines.len() > query.limit;
    lines.truncate(query.limit);
    let whole = query.spans.first().zip(query.spans.last());
    let total = match whole.map(|(first, last)| Span { from: first.from, until: last.until }) {
        Some(whole) => {
            read(connection, query, whole, &[], None, 1).await?.first().map(|row| sum(row, 0)).transpose()?
        }
        None => None,
    };
    Ok(Usage { lines, more, total: total.unwrap_or_default() })
}

/// The sums of one span of time.
async fn read(
    connection: &mut AnyConnection,
    query: &UsageQuery,
    span: Span,
    group: &[Dimension],
    after: Option<&[CompactString]>,
    limit: usize,
) -> sqlx::Result<Vec<AnyRow>> {
    let columns: Vec<&str> = group.iter().map(|dimension| dimension.column()).collect();
    let columns = columns.join(", ");
    let mut statement = Statement::new("SELECT ");
    if !group.is_empty() {
        statement.push(&columns).push(", ");
    }
    let sums = SUMMED.map(|column| format!("CAST(SUM({column}) AS BIGINT)"));
    statement.push(&sums.join(", ")).push(" FROM (");
    for (at, part) in cover(span).into_iter().enumerate() {
        let sign = if part.less { "-" } else { "" };
        let sums = SUMMED.map(|column| format!("{sign}{column} AS {column}"));
        statement.push(if at > 0 { " UNION ALL " } else { "" });
        statement.push("SELECT account, model, endpoint, api_key, outcome, ").push(&sums.join(", "));
        statement.push(" FROM ").push(part.table);
        filter(&mut statement, query);
        statement.push(" AND start >= ").value(part.from).push(" AND start < ").value(part.until);
    }
    statement.push(") AS parts");
    if let Some(after) = after {
        statement.push(" WHERE (").push(&columns).push(") > (");
        statement.list(after.iter().map(CompactString::as_str)).push(")");
    }
    if group.is_empty() {
        // A sum over nothing is a row of nothing, which is left out.
        statement.push(THERE);
    } else {
        statement.push(" GROUP BY ").push(&columns).push(THERE).push(" ORDER BY ").push(&columns);
        statement.push(" LIMIT ").value(i64::try_from(limit).unwrap_or(i64::MAX));
    }
    statement.rows(connection).await
}

/// Which rows of a table.
fn filter(statement: &mut Statement, query: &UsageQuery) {
    statement.push(" WHERE book = ").value(query.book.as_str());
    let only = |dimension: Dimension| query.only.iter().any(|(of, _)| *of == dimension);
    let by_account = |dimension: &Dimension| matches!(dimension, Dimension::Account | Dimension::Key);
    // Sums over all accounts are kept besides, under no account and without keys.
    if !only(Dimension::Account) {
        let apart = query.group.iter().any(by_account) || only(Dimension::Key);
        statement.push(if apart { " AND account <> ''" } else { " AND account = ''" });
    }
    for (dimension, value) in &query.only {
        statement.push(" AND ").push(dimension.column()).push(" = ").value(value.as_str());
    }
}

/// What a span of time is made of, with as few quarters of an hour as can be.
fn cover(span: Span) -> Vec<Part> {
    const QUARTERS: &str = "usage_quarters";
    let (from, until) = (seconds(span.from), seconds(span.until));
    let nearest = |time: i64| time.saturating_add(DAY / 2).div_euclid(DAY).saturating_mul(DAY);
    let (first, last) = (nearest(from), nearest(until));
    if first >= last {
        return vec![Part { table: QUARTERS, from, until, less: false }];
    }
    // Where a day begins before the span does, or ends after it, what lies between is taken away.
    let part = |from: i64, until: i64, less| Part { table: QUARTERS, from, until, less };
    let ends = [
        if from <= first { part(from, first, false) } else { part(first, from, true) },
        if last <= until { part(last, until, false) } else { part(until, last, true) },
    ];
    let days = Part { table: "usage_days", from: first, until: last, less: false };
    let ends = ends.into_iter().filter(|part| part.from < part.until);
    std::iter::once(days).chain(ends).collect()
}

fn sum(row: &AnyRow, from: usize) -> sqlx::Result<UsageSum> {
    let amount = |at: usize| credits(row, from.saturating_add(at));
    Ok(UsageSum {
        calls: row.try_get(from)?,
        charged: amount(1)?,
        refunded: amount(3)?,
        on_debt: amount(5)?,
        absorbed: amount(7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quarter_of_an_hour_of_a_span_is_covered_once_and_no_other() {
        const QUARTER: i64 = 900;
        let at = |quarters: i64| scrip_ledger::Timestamp::from_micros(quarters * QUARTER * 1_000_000);
        for (from, length) in
            (0..200).step_by(7).flat_map(|from| (1..400).step_by(13).map(move |length| (from, length)))
        {
            let until = from + length;
            let parts = cover(Span { from: at(from), until: at(until) });
            for quarter in -200..800 {
                let time = quarter * QUARTER;
                let held = |part: &&Part| (part.from..part.until).contains(&time);
                let times: i64 = parts.iter().filter(held).map(|part| if part.less { -1 } else { 1 }).sum();
                assert_eq!(
                    times,
                    i64::from((from..until).contains(&quarter)),
                    "{quarter} of {from}..{until}: {parts:?}"
                );
            }
            for days in parts.iter().filter(|part| part.table == "usage_days") {
                assert_eq!((days.from % DAY, days.until % DAY), (0, 0));
            }
        }
    }
}
