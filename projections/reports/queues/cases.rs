//! Cases of a book: appeals, reviews, approvals, and what else waits for somebody.

use scrip_ledger::Credits;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Place, Queue, Waiting};
use crate::error::ReadError;
use crate::read_side::Snapshot;
use crate::reports::Told;
use crate::reports::statement::{Statement, credits};

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its id, as callers know it.
    pub id: String,
    /// Of which account.
    pub account: String,
    /// How it ended, as a code; nothing while it is open.
    pub outcome: Option<String>,
    /// What it is about: the id of a measure, `grant`, `adjustment`.
    pub subject: Option<String>,
    /// Why, as a code.
    pub reason: Option<String>,
    /// What supports it, kept elsewhere.
    pub reference: Option<String>,
    /// The clause that led to it.
    pub clause: Option<String>,
    /// Of a review: the violations that led to it.
    pub count: Option<i64>,
    /// Of an approval.
    pub credits: Credits,
    /// Since when it waits, in microseconds since the Unix epoch.
    pub opened_at: i64,
    /// Who opened it.
    pub opened_by: Option<String>,
    /// When it ended, likewise.
    pub closed_at: Option<i64>,
    /// Who ended it.
    pub closed_by: Option<String>,
}

const SINCE: &str = "COALESCE(opened_at, 0)";

impl Snapshot {
    /// The cases of a kind, `appeal`, `review`, `approval`…: those that are open where the status is `open`, or those that
    /// ended so.
    pub async fn cases(&mut self, kind: &str, queue: &Queue) -> Result<Told<Waiting<Case>>, ReadError> {
        let count = self.needs(&["cases"])?;
        let mut statement =
            Statement::new("SELECT id, account, outcome, subject, reason, reference, clause, count, ");
        statement
            .push("credits, credits_nanos, ")
            .push(SINCE)
            .push(", opened_by, closed_at, closed_by FROM cases");
        statement.push(" WHERE book = ").value(queue.book.as_str()).push(" AND kind = ").value(kind);
        match queue.status.as_deref() {
            Some("open") => {
                statement.push(" AND state = 'open'");
            }
            Some(outcome) => {
                statement.push(" AND outcome = ").value(outcome);
            }
            None => {}
        }
        queue.finish(&mut statement, SINCE, "id");
        let rows = statement.rows(&mut self.transaction).await?;
        let found = rows.iter().map(case).collect::<sqlx::Result<_>>()?;
        Ok(Told { count, what: queue.page(found) })
    }
}

fn case(row: &AnyRow) -> sqlx::Result<(Place, Case)> {
    let case = Case {
        id: row.try_get(0)?,
        account: row.try_get(1)?,
        outcome: row.try_get(2)?,
        subject: row.try_get(3)?,
        reason: row.try_get(4)?,
        reference: row.try_get(5)?,
        clause: row.try_get(6)?,
        count: row.try_get(7)?,
        credits: credits(row, 8)?,
        opened_at: row.try_get(10)?,
        opened_by: row.try_get(11)?,
        closed_at: row.try_get(12)?,
        closed_by: row.try_get(13)?,
    };
    Ok(((case.opened_at, case.account.as_str().into(), case.id.as_str().into()), case))
}
