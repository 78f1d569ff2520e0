//! Disputes of a book: of calls and statements by holders, and of payments at their providers.

use scrip_ledger::Credits;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Place, Queue, Waiting};
use crate::error::ReadError;
use crate::read_side::Snapshot;
use crate::reports::Told;
use crate::reports::statement::{Statement, credits};

/// A dispute.
#[derive(Clone, Debug)]
pub struct Dispute {
    /// Its id, as callers know it; of a payment, the provider's.
    pub id: String,
    /// Of which account.
    pub account: String,
    /// `call`, `statement` or `payment`.
    pub kind: String,
    /// The id of the call or the statement, or the order.
    pub subject: String,
    /// How it ended: `credited` or `rejected`; of a payment, `won` or `lost`. Nothing while it is open.
    pub outcome: Option<String>,
    /// Why, as a code.
    pub reason: Option<String>,
    /// What the holder says, kept elsewhere.
    pub reference: Option<String>,
    /// What was credited; of a payment, taken back.
    pub credits: Credits,
    /// Of a payment: what of that was spent, and is owed.
    pub debt: Credits,
    /// Since when it is open, in microseconds since the Unix epoch.
    pub opened_at: i64,
    /// Who opened it.
    pub opened_by: Option<String>,
    /// When it ended, likewise.
    pub closed_at: Option<i64>,
    /// Who ended it.
    pub closed_by: Option<String>,
}

const SINCE: &str = "COALESCE(opened_at, 0)";
/// What tells a dispute of an account from its others.
const ID: &str = "subject || ' ' || id";

impl Snapshot {
    /// The disputes of a book: those that are open where the status is `open`, or those that ended so.
    pub async fn disputes(&mut self, queue: &Queue) -> Result<Told<Waiting<Dispute>>, ReadError> {
        let count = self.needs(&["disputes"])?;
        let mut statement =
            Statement::new("SELECT id, account, kind, subject, outcome, reason, reference, credits, ");
        statement.push("credits_nanos, debt, debt_nanos, ").push(SINCE);
        statement
            .push(", opened_by, closed_at, closed_by FROM disputes WHERE book = ")
            .value(queue.book.as_str());
        match queue.status.as_deref() {
            Some("open") => {
                statement.push(" AND state = 'open'");
            }
            Some(outcome) => {
                statement.push(" AND outcome = ").value(outcome);
            }
            None => {}
        }
        queue.finish(&mut statement, SINCE, ID);
        let rows = statement.rows(&mut self.transaction).await?;
        let found = rows.iter().map(dispute).collect::<sqlx::Result<_>>()?;
        Ok(Told { count, what: queue.page(found) })
    }
}

fn dispute(row: &AnyRow) -> sqlx::Result<(Place, Dispute)> {
    let dispute = Dispute {
        id: row.try_get(0)?,
        account: row.try_get(1)?,
        kind: row.try_get::<Option<String>, _>(2)?.unwrap_or_default(),
        subject: row.try_get(3)?,
        outcome: row.try_get(4)?,
        reason: row.try_get(5)?,
        reference: row.try_get(6)?,
        credits: credits(row, 7)?,
        debt: credits(row, 9)?,
        opened_at: row.try_get(11)?,
        opened_by: row.try_get(12)?,
        closed_at: row.try_get(13)?,
        closed_by: row.try_get(14)?,
    };
    let id = format!("{} {}", dispute.subject, dispute.id);
    Ok(((dispute.opened_at, dispute.account.as_str().into(), id.into()), dispute))
}
