//! Holds in flight of a book.

use scrip_ledger::Credits;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Place, Queue, Waiting};
use crate::error::ReadError;
use crate::read_side::Snapshot;
use crate::reports::Told;
use crate::reports::statement::{Statement, credits};

/// An open hold.
#[derive(Clone, Debug)]
pub struct OpenHold {
    /// Of which account.
    pub account: String,
    /// The revision of the event that placed it.
    pub hold: u64,
    /// The caller's id of the call.
    pub request_id: String,
    /// What is called.
    pub model: String,
    /// Where.
    pub endpoint: String,
    /// The revision of the event that issued the call's key.
    pub key: Option<u64>,
    /// What it reserves.
    pub amount: Credits,
    /// What of that leans on the credit line.
    pub on_credit: Credits,
    /// When it was placed, in microseconds since the Unix epoch.
    pub placed_at: i64,
    /// When it ends by itself, likewise.
    pub expires_at: i64,
}

const SINCE: &str = "COALESCE(placed_at, 0)";

/// Its number as a text that stands in the same order.
const ID: &str = "SUBSTR('00000000000000000000' || CAST(hold AS TEXT), LENGTH(CAST(hold AS TEXT)) + 1)";

impl Snapshot {
    /// The open holds of a book.
    pub async fn holds(&mut self, queue: &Queue) -> Result<Told<Waiting<OpenHold>>, ReadError> {
        let count = self.needs(&["holds"])?;
        let mut statement =
            Statement::new("SELECT account, hold, request_id, model, endpoint, api_key, amount, ");
        statement.push("amount_nanos, on_credit, on_credit_nanos, ").push(SINCE);
        statement.push(", expires_at FROM holds WHERE book = ").value(queue.book.as_str());
        queue.finish(&mut statement, SINCE, ID);
        let rows = statement.rows(&mut self.transaction).await?;
        let found = rows.iter().map(hold).collect::<sqlx::Result<_>>()?;
        Ok(Told { count, what: queue.page(found) })
    }
}

fn hold(row: &AnyRow) -> sqlx::Result<(Place, OpenHold)> {
    let number = |at: usize| -> sqlx::Result<Option<u64>> {
        Ok(row.try_get::<Option<i64>, _>(at)?.and_then(|number| u64::try_from(number).ok()))
    };
    let hold = OpenHold {
        account: row.try_get(0)?,
        hold: number(1)?.unwrap_or_default(),
        request_id: row.try_get(2)?,
        model: row.try_get(3)?,
        endpoint: row.try_get(4)?,
        key: number(5)?,
        amount: credits(row, 6)?,
        on_credit: credits(row, 8)?,
        placed_at: row.try_get(10)?,
        expires_at: row.try_get(11)?,
    };
    let id = format!("{:020}", hold.hold);
    Ok(((hold.placed_at, hold.account.as_str().into(), id.into()), hold))
}
