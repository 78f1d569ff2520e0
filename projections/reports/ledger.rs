//! What the books say: sums of postings, by the accounts of the chart.
//!
//! By a span of time an entry counts when it is booked: what is recorded of a closed period after its end is booked in the
//! open one, and marked as late. So what a closed period came to is never changed.

use scrip_engine::AsOf;
use scrip_ledger::accounting::{ChartAccount, Commodity};
use scrip_ledger::{BookId, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::Told;
use super::calendar::{Span, seconds};
use super::statement::{Statement, nanos};
use crate::error::ReadError;
use crate::models::entries::BLOCK;
use crate::read_side::Snapshot;
use crate::table::Value;
use crate::time::quarter;

/// What was posted to an account of the chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Where.
    pub account: ChartAccount,
    /// Of what.
    pub commodity: Commodity,
    /// Whether it adjusts a period that was closed before.
    pub late: bool,
    /// Debits, in billionths of a credit or of a minor unit.
    pub debit: i128,
    /// Credits, likewise, above zero.
    pub credit: i128,
}

/// The columns that are summed up.
const SUMS: &str = "CAST(SUM(debit) AS BIGINT), CAST(SUM(debit_nanos) AS BIGINT), CAST(SUM(credit) AS BIGINT), \
    CAST(SUM(credit_nanos) AS BIGINT)";

/// Postings as what they add to debits and credits.
const POSTED: &str = "ledger, commodity, late, \
    CASE WHEN quantity >= 0 THEN quantity ELSE 0 END AS debit, \
    CASE WHEN quantity >= 0 THEN quantity_nanos ELSE 0 END AS debit_nanos, \
    CASE WHEN quantity < 0 THEN -quantity ELSE 0 END AS credit, \
    CASE WHEN quantity < 0 THEN -quantity_nanos ELSE 0 END AS credit_nanos";

impl Snapshot {
    /// What was posted in spans of time that follow each other, each span apart; before the first of them, too, if `opening`
    /// says so: it comes first then.
    ///
    /// Spans begin and end on quarters of an hour.
    pub async fn movements(
        &mut self,
        book: &BookId,
        spans: &[Span],
        opening: bool,
    ) -> Result<Told<Vec<Vec<Movement>>>, ReadError> {
        let count = self.needs(&["entries"])?;
        let mut what = Vec::with_capacity(spans.len().saturating_add(1));
        if let Some(first) = spans.first().filter(|_| opening) {
            what.push(self.between(book, i64::MIN, seconds(first.from)).await?);
        }
        for span in spans {
            what.push(self.between(book, seconds(span.from), seconds(span.until)).await?);
        }
        Ok(Told { count, what })
    }

    /// What was posted by a point in time or in the log: everything, without one.
    ///
    /// By a time in effect, the instant included, entries count when they are booked.
    pub async fn standing(&mut self, book: &BookId, as_of: &AsOf) -> Result<Told<Vec<Movement>>, ReadError> {
        let count = self.needs(&["entries"])?;
        if let Some(position) = as_of.position {
            let end = position.saturating_add(1);
            if end > count {
                return Err(ReadError::BeyondEnd(position));
            }
            return Ok(Told { count: end, what: self.until_position(book, end).await? });
        }
        let mut statement = Statement::new(format!("SELECT ledger, commodity, late, {SUMS} FROM ("));
        let just_after = as_of.time.unwrap_or(Timestamp::MAX).just_after();
        let begun = quarter(just_after);
        statement.push(
            "SELECT ledger, commodity, late, debit, debit_nanos, credit, credit_nanos FROM ledger_quarters",
        );
        statement.push(" WHERE book = ").value(book.as_str()).push(" AND start < ").value(begun);
        if as_of.time.is_some() {
            // Of the quarter of an hour that is not over.
            statement
                .push(" UNION ALL SELECT ")
                .push(POSTED)
                .push(" FROM entries WHERE book = ")
                .value(book.as_str());
            statement.push(" AND booked_at >= ").value(begun.saturating_mul(1_000_000));
            statement.push(" AND booked_at < ").value(just_after.micros());
        }
        if let Some(known) = as_of.known_at {
            // Less what was not known yet.
            statement.push(" UNION ALL SELECT ledger, commodity, late, -debit, -debit_nanos, -credit, -credit_nanos FROM (SELECT ");
            statement.push(POSTED).push(" FROM entries WHERE book = ").value(book.as_str());
            statement.push(" AND booked_at < ").value(just_after.micros());
            statement.push(" AND recorded_at > ").value(known.micros()).push(") AS unknown");
        }
        statement.push(") AS parts GROUP BY ledger, commodity, late ORDER BY ledger, commodity, late");
        let rows = statement.rows(&mut self.transaction).await?;
        Ok(Told { count, what: read(&rows)? })
    }

    /// The quarters of an hour from one on, until another, both in seconds.
    async fn between(&mut self, book: &BookId, from: i64, until: i64) -> Result<Vec<Movement>, ReadError> {
        let mut statement =
            Statement::new(format!("SELECT ledger, commodity, late, {SUMS} FROM ledger_quarters"));
        statement.push(" WHERE book = ").value(book.as_str());
        statement.push(" AND start >= ").value(from).push(" AND start < ").value(until);
        statement.push(" GROUP BY ledger, commodity, late ORDER BY ledger, commodity, late");
        read(&statement.rows(&mut self.transaction).await?)
    }

    /// Whole blocks of positions, and what is left of the last one.
    async fn until_position(&mut self, book: &BookId, end: u64) -> Result<Vec<Movement>, ReadError> {
        let number = |number: u64| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
        let block = end / BLOCK;
        let mut statement = Statement::new(format!("SELECT ledger, commodity, 0, {SUMS} FROM ("));
        statement
            .push("SELECT ledger, commodity, debit, debit_nanos, credit, credit_nanos FROM ledger_blocks");
        statement.push(" WHERE block < ").value(number(block)).push(" AND book = ").value(book.as_str());
        statement.push(
            " UNION ALL SELECT ledger, commodity, debit, debit_nanos, credit, credit_nanos FROM (SELECT ",
        );
        statement
            .push(POSTED)
            .push(" FROM entries WHERE position >= ")
            .value(number(block.saturating_mul(BLOCK)));
        statement.push(" AND position < ").value(number(end)).push(" AND book = ").value(book.as_str());
        statement.push(") AS rest) AS parts GROUP BY ledger, commodity ORDER BY ledger, commodity");
        read(&statement.rows(&mut self.transaction).await?)
    }
}

fn read(rows: &[AnyRow]) -> Result<Vec<Movement>, ReadError> {
    let text = |row: &AnyRow, at: usize| row.try_get::<String, _>(at);
    let movement = |row: &AnyRow| {
        Ok(Movement {
            account: text(row, 0)?.parse().map_err(|_| ReadError::Row("ledger"))?,
            commodity: text(row, 1)?.parse().map_err(|_| ReadError::Row("commodity"))?,
            late: row.try_get::<i64, _>(2)? != 0,
            debit: nanos(row, 3)?,
            credit: nanos(row, 5)?,
        })
    };
    rows.iter().map(movement).filter(|found| found.as_ref().is_ok_and(is_there) || found.is_err()).collect()
}

/// What was not known yet may leave nothing.
const fn is_there(movement: &Movement) -> bool {
    movement.debit != 0 || movement.credit != 0
}
