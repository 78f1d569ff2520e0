//! What the accounts of a book have, now or as it was.
//!
//! A balance as of a time is that of the last quarter of an hour before it, for every account to which nothing happened between that
//! and the time. The few others are folded from their events ([`ReadSide::account_as_of`]), so that every number is exact.

use scrip_engine::AsOf;
use scrip_ledger::{AccountId, Balance, BookId, Credits, Timestamp, Token};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Page, credits, signed};
use crate::error::ReadError;
use crate::read_side::{ReadSide, Snapshot};
use crate::time::quarter;

/// Accounts that are read at a time.
const AT_ONCE: usize = 10_000;

/// What an account has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBalance {
    /// The account.
    pub account: AccountId,
    /// Who holds it.
    pub owner: Option<String>,
    /// `open` or `closed`, as it is now.
    pub status: String,
    /// What is wrong with its history, if anything is: its balance cannot be relied on then.
    pub contradiction: Option<String>,
    /// What it has.
    pub balance: Balance,
}

/// What all accounts of a book have together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BalanceTotals {
    /// How many accounts there are.
    pub accounts: u64,
    /// What they have, each part summed up.
    pub balance: Balance,
    /// The number of events that the answer has taken into account.
    pub position: u64,
}

/// A point in the past, as the history is asked for it.
struct Point {
    /// Rows of quarters from this one on are not over at the point.
    quarter: i64,
    /// What was recorded by then.
    by: i64,
    /// Up to and including this position.
    position: i64,
    /// When expiry is judged; never, where nothing says when.
    judged_at: i64,
    /// What was known by then of what is late.
    known_at: i64,
}

/// What the history says of an account at a point.
struct Found {
    account: AccountBalance,
    /// Something happened to it since, or was due: it has to be folded.
    changed: bool,
    /// It has a row before the point.
    known: bool,
}

impl ReadSide {
    /// What the accounts of a book have, in the order of their ids, after one of them.
    ///
    /// Errors: a position that the log has not reached, the databases' own.
    pub async fn balances(
        &self,
        book: &BookId,
        as_of: &AsOf,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<AccountBalance>, ReadError> {
        let mut snapshot = self.snapshot().await?;
        let position = snapshot.needs(&["accounts", "balances"])?;
        let point = self.point(as_of).await?;
        let mut found = snapshot.balances_at(book, &point, after, limit.saturating_add(1)).await?;
        drop(snapshot);
        let next = (found.len() > limit).then(|| {
            found.truncate(limit);
            found.last().map(|last| last.account.account.to_string())
        });
        let mut items = Vec::with_capacity(found.len());
        for found in found {
            items.extend(self.exact(found, as_of).await?);
        }
        Ok(Page {
            items,
            next: next.flatten(),
            position: as_of.position.map_or(position, |at| at.saturating_add(1)),
        })
    }

    /// What all accounts of a book have together.
    ///
    /// Errors: as [`Self::balances`].
    pub async fn balance_totals(&self, book: &BookId, as_of: &AsOf) -> Result<BalanceTotals, ReadError> {
        let mut totals = BalanceTotals::default();
        let mut after: Option<String> = None;
        loop {
            let page = self.balances(book, as_of, after.as_deref(), AT_ONCE).await?;
            totals.position = page.position;
            for item in &page.items {
                totals.accounts = totals.accounts.saturating_add(1);
                totals.balance = sum(totals.balance, item.balance);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(totals),
            }
        }
    }

    async fn exact(&self, found: Found, as_of: &AsOf) -> Result<Option<AccountBalance>, ReadError> {
        if !found.changed {
            return Ok(found.known.then_some(found.account));
        }
        let account = match self.account_as_of(&found.account.account, as_of).await {
            Ok((account, _)) => account,
            // What one account's history lacks is said of that account.
            Err(ReadError::Contradiction { what, .. }) => {
                let contradiction = Some(what);
                return Ok(found.known.then_some(AccountBalance { contradiction, ..found.account }));
            }
            Err(error) => return Err(error),
        };
        let exists = account.book().is_some();
        Ok(exists.then(|| AccountBalance { balance: account.balance(), ..found.account }))
    }

    async fn point(&self, as_of: &AsOf) -> Result<Point, ReadError> {
        const MAX: i64 = Timestamp::MAX.micros();
        let recorded_at = match as_of.position {
            None => None,
            Some(position) => {
                let store = self.store().clone();
                let read = tokio::task::spawn_blocking(move || store.read_all(position, 1)).await;
                let events = read.map_err(|_| ReadError::Row("a read broke off"))??;
                let event = events.first().ok_or(ReadError::BeyondEnd(position))?;
                Some(Timestamp::from_micros(event.event.recorded_at))
            }
        };
        let by = [as_of.time, as_of.known_at].into_iter().flatten().min();
        let judged_at = as_of.time.or(as_of.known_at).or(recorded_at);
        Ok(Point {
            quarter: by.map_or(i64::MAX, quarter),
            by: by.map_or(MAX, Timestamp::micros),
            position: as_of.position.map_or(i64::MAX, signed),
            judged_at: judged_at.map_or(i64::MIN, Timestamp::micros),
            known_at: as_of.known_at.map_or(MAX, Timestamp::micros),
        })
    }
}

impl Snapshot {
    async fn balances_at(
        &mut self,
        book: &BookId,
        point: &Point,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Found>, ReadError> {
        let rows = sqlx::query(AssertSqlSafe(statement(point.position < i64::MAX)))
            .bind(book.as_str().to_owned())
            .bind(after.unwrap_or_default().to_owned())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(point.quarter)
            .bind(point.by)
            .bind(point.position)
            .bind(point.judged_at)
            .bind(point.known_at)
            .fetch_all(&mut *self.transaction)
            .await?;
        rows.iter().map(|row| found(row, point)).collect()
    }
}

/// An account's own row where nothing happened to it since, or else the last one of its history before the point; and how many
/// things have changed since.
fn statement(by_position: bool) -> String {
    // A quarter of an hour that the position lies in.
    let split = if by_position {
        "+ (SELECT COUNT(*) FROM balance_history p \
             WHERE p.account = a.account AND p.first_position <= $6 AND p.position > $6) "
    } else {
        ""
    };
    const UNCHANGED: &str = "b.recorded_at <= $5 AND b.position <= $6";
    let names = ["available", "posted", "held", "frozen", "debt", "credit_limit"];
    let columns = names.iter().flat_map(|name| [(*name).to_owned(), format!("{name}_nanos")]);
    let columns = columns.chain(["due_at".to_owned()]);
    let columns: Vec<_> =
        columns.map(|name| format!("CASE WHEN {UNCHANGED} THEN b.{name} ELSE h.{name} END")).collect();
    format!(
        "SELECT a.account, a.owner, a.status, a.contradiction, {}, CASE WHEN {UNCHANGED} THEN 0 ELSE \
             (SELECT COUNT(*) FROM balance_history p WHERE p.account = a.account AND p.quarter = $4 AND p.first_at <= $5) \
             {split}\
             + (SELECT COUNT(*) FROM late_events l WHERE l.account = a.account AND l.effective_at <= $7 \
                  AND l.recorded_at > $5 AND l.recorded_at <= $8) END \
         FROM accounts a JOIN balances b ON b.account = a.account \
         LEFT JOIN balance_history h ON h.account = a.account AND h.quarter = \
             (SELECT MAX(m.quarter) FROM balance_history m \
                  WHERE m.account = a.account AND m.quarter < $4 AND m.position <= $6) \
         WHERE a.book = $1 AND a.account > $2 ORDER BY a.account LIMIT $3",
        columns.join(", ")
    )
}

fn found(row: &AnyRow, point: &Point) -> Result<Found, ReadError> {
    let account = Token::new(&row.try_get::<String, _>(0)?).map_err(|_| ReadError::Row("accounts"))?;
    let amount = |at: usize| -> Result<Credits, ReadError> {
        let whole: Option<i64> = row.try_get(at)?;
        let nanos: Option<i64> = row.try_get(at.saturating_add(1))?;
        Ok(credits(whole.unwrap_or_default(), nanos.unwrap_or_default()))
    };
    let balance = Balance {
        available: amount(4)?,
        posted: amount(6)?,
        held: amount(8)?,
        frozen: amount(10)?,
        debt: amount(12)?,
        credit_limit: amount(14)?,
    };
    let known = row.try_get::<Option<i64>, _>(4)?.is_some();
    let due = row.try_get::<Option<i64>, _>(16)?.is_some_and(|due| due <= point.judged_at);
    let changed = row.try_get::<i64, _>(17)? > 0 || due;
    let account = AccountBalance {
        account,
        owner: row.try_get(1)?,
        status: row.try_get(2)?,
        contradiction: row.try_get(3)?,
        balance,
    };
    Ok(Found { account, changed, known })
}

/// Both together. Amounts are far from the end of what they can hold.
fn sum(one: Balance, other: Balance) -> Balance {
    let sum = |part: fn(&Balance) -> Credits| [part(&one), part(&other)].into_iter().sum();
    Balance {
        available: sum(|balance| balance.available),
        posted: sum(|balance| balance.posted),
        held: sum(|balance| balance.held),
        frozen: sum(|balance| balance.frozen),
        debt: sum(|balance| balance.debt),
        credit_limit: sum(|balance| balance.credit_limit),
    }
}
