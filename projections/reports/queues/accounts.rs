//! The accounts of a book: found by what their id, or their owner's, begins with.

use compact_str::CompactString;
use scrip_ledger::{BookId, Credits};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::ReadError;
use crate::read_side::Snapshot;
use crate::reports::Told;
use crate::reports::statement::{Statement, credits};

/// Which accounts.
#[derive(Clone, Debug)]
pub struct AccountQuery {
    /// Of which book.
    pub book: BookId,
    /// What the id, or the owner's, begins with.
    pub prefix: Option<CompactString>,
    /// Only accounts of this owner.
    pub owner: Option<CompactString>,
    /// Only those that are `open`, `frozen` or `closed`.
    pub status: Option<CompactString>,
    /// Only those that owe.
    pub owing: bool,
    /// The account after which the page begins.
    pub after: Option<CompactString>,
    /// Accounts of the page.
    pub limit: usize,
}

/// An account.
#[derive(Clone, Debug)]
pub struct AccountLine {
    /// Its id.
    pub account: String,
    /// Who holds it.
    pub owner: Option<String>,
    /// Where, ISO 3166-1 alpha-2.
    pub region: Option<String>,
    /// `open`, `frozen` or `closed`.
    pub status: &'static str,
    /// When it was opened, in microseconds since the Unix epoch.
    pub opened_at: Option<i64>,
    /// When it last called or was topped up, likewise.
    pub active_at: i64,
    /// What is wrong with its history, if anything is.
    pub contradiction: Option<String>,
    /// What it has: available, posted, held, frozen, debt, credit limit.
    pub balance: scrip_ledger::Balance,
    /// What calls were charged in all, net of refunds.
    pub charged: Credits,
    /// How many calls were charged.
    pub calls: i64,
}

/// A page of accounts, in the order of their ids, and whether there are more.
pub type Accounts = (Vec<AccountLine>, bool);

const COLUMNS: &str = "a.account, a.owner, a.region, a.status, a.frozen, a.opened_at, b.active_at, a.contradiction, \
    b.available, b.available_nanos, b.posted, b.posted_nanos, b.held, b.held_nanos, b.frozen, b.frozen_nanos, \
    b.debt, b.debt_nanos, b.credit_limit, b.credit_limit_nanos, b.charged, b.charged_nanos, b.calls";

impl Snapshot {
    /// The accounts of a book.
    pub async fn accounts(&mut self, query: &AccountQuery) -> Result<Told<Accounts>, ReadError> {
        let count = self.needs(&["accounts", "balances"])?;
        let mut statement = Statement::new(format!("SELECT {COLUMNS} FROM accounts a"));
        statement
            .push(" JOIN balances b ON b.account = a.account WHERE a.book = ")
            .value(query.book.as_str());
        if let Some(prefix) = &query.prefix {
            let length = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
            for (column, before) in [("a.account", " AND ("), ("a.owner", " OR ")] {
                statement.push(before).push("SUBSTR(").push(column).push(", 1, CAST(").value(length);
                statement.push(" AS INTEGER)) = ").value(prefix.as_str());
            }
            statement.push(")");
        }
        if let Some(owner) = &query.owner {
            statement.push(" AND a.owner = ").value(owner.as_str());
        }
        match query.status.as_deref() {
            Some("frozen") => {
                statement.push(" AND a.status = 'open' AND a.frozen = 1");
            }
            Some("open") => {
                statement.push(" AND a.status = 'open' AND a.frozen = 0");
            }
            Some(other) => {
                statement.push(" AND a.status = ").value(other);
            }
            None => {}
        }
        if query.owing {
            statement.push(" AND (b.debt > 0 OR b.debt_nanos > 0)");
        }
        if let Some(after) = &query.after {
            statement.push(" AND a.account > ").value(after.as_str());
        }
        statement.push(" ORDER BY a.account LIMIT ");
        statement.value(i64::try_from(query.limit.saturating_add(1)).unwrap_or(i64::MAX));
        let rows = statement.rows(&mut self.transaction).await?;
        let mut lines = rows.iter().map(line).collect::<sqlx::Result<Vec<_>>>()?;
        let more = lines.len() > query.limit;
        lines.truncate(query.limit);
        Ok(Told { count, what: (lines, more) })
    }
}

fn line(row: &AnyRow) -> sqlx::Result<AccountLine> {
    let frozen: i64 = row.try_get(4)?;
    let status: String = row.try_get(3)?;
    Ok(AccountLine {
        account: row.try_get(0)?,
        owner: row.try_get(1)?,
        region: row.try_get(2)?,
        status: match status.as_str() {
            "closed" => "closed",
            _ if frozen != 0 => "frozen",
            _ => "open",
        },
        opened_at: row.try_get(5)?,
        active_at: row.try_get(6)?,
        contradiction: row.try_get(7)?,
        balance: scrip_ledger::Balance {
            available: credits(row, 8)?,
            posted: credits(row, 10)?,
            held: credits(row, 12)?,
            frozen: credits(row, 14)?,
            debt: credits(row, 16)?,
            credit_limit: credits(row, 18)?,
        },
        charged: credits(row, 20)?,
        calls: row.try_get(22)?,
    })
}
