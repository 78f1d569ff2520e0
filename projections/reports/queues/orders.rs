//! Orders of a book: which there are, in the order of their accounts and their ids.

use compact_str::CompactString;
use scrip_ledger::BookId;
use sqlx::Row as _;

use crate::error::ReadError;
use crate::read_side::Snapshot;
use crate::reports::Told;
use crate::reports::statement::Statement;

/// An order: its account and its id.
pub type OrderOf = (String, String);

impl Snapshot {
    /// Orders after one of them, at most so many.
    pub async fn orders(
        &mut self,
        book: &BookId,
        after: Option<&(CompactString, CompactString)>,
        limit: usize,
    ) -> Result<Told<Vec<OrderOf>>, ReadError> {
        let count = self.needs(&["orders"])?;
        let mut statement = Statement::new("SELECT account, order_id FROM orders WHERE book = ");
        statement.value(book.as_str());
        if let Some((account, order)) = after {
            statement.push(" AND (account, order_id) > (").list([account.as_str(), order.as_str()]).push(")");
        }
        statement.push(" ORDER BY account, order_id LIMIT ").value(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = statement.rows(&mut self.transaction).await?;
        let order = |row: &sqlx::any::AnyRow| Ok((row.try_get(0)?, row.try_get(1)?));
        Ok(Told { count, what: rows.iter().map(order).collect::<sqlx::Result<_>>()? })
    }
}
