//! What waits in a book, over all its accounts, a file a queue: oldest first, page by page.

pub mod accounts;
pub mod cases;
pub mod disputes;
pub mod holds;
pub mod orders;
pub mod payouts;

use compact_str::CompactString;
use scrip_ledger::BookId;

use super::statement::Statement;

/// What is asked of a queue.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Of which book.
    pub book: BookId,
    /// Only what stands so.
    pub status: Option<CompactString>,
    /// The place after which the page begins.
    pub after: Option<Place>,
    /// Items of the page.
    pub limit: usize,
}

/// Where something stands in a queue: since when it waits, in microseconds since the Unix epoch, its account, what it is.
pub type Place = (i64, CompactString, CompactString);

/// A page of a queue.
#[derive(Clone, Debug)]
pub struct Waiting<T> {
    /// Its items, oldest first.
    pub items: Vec<T>,
    /// The place after which the next page begins.
    pub next: Option<Place>,
}

impl Queue {
    /// Ends a statement: only what comes after the place, oldest first, one more than the page holds.
    fn finish(&self, statement: &mut Statement, since: &str, id: &str) {
        if let Some((time, account, what)) = &self.after {
            statement.push(" AND (").push(since).push(", account, ").push(id).push(") > (");
            statement
                .value(*time)
                .push(", ")
                .value(account.as_str())
                .push(", ")
                .value(what.as_str())
                .push(")");
        }
        statement.push(" ORDER BY ").push(since).push(", account, ").push(id).push(" LIMIT ");
        statement.value(i64::try_from(self.limit.saturating_add(1)).unwrap_or(i64::MAX));
    }

    /// The page of what was read, each with its place.
    fn page<T>(&self, mut found: Vec<(Place, T)>) -> Waiting<T> {
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| more).map(|(place, _)| place.clone());
        Waiting { items: found.into_iter().map(|(_, item)| item).collect(), next }
    }
}
