//! A statement with its values, and reading sums: an amount is two columns, whole units and billionths, and so is a sum of
//! amounts.

use scrip_ledger::Credits;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::table::{Value, join};

/// A statement that is put together: its text, which no caller has written a word of, and the values that it binds.
#[derive(Debug, Default)]
pub(crate) struct Statement {
    text: String,
    values: Vec<Value>,
}

impl Statement {
    /// One that begins so.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// Goes on with a piece of SQL.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Goes on with the place of a value.
    pub(crate) fn value(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let place = format!("${}", self.values.len());
        self.push(&place)
    }

    /// Goes on with the places of values, with commas between.
    pub(crate) fn list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        for (at, value) in values.into_iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.value(value);
        }
        self
    }

    /// Reads its rows.
    pub(crate) async fn rows(self, connection: &mut AnyConnection) -> sqlx::Result<Vec<AnyRow>> {
        let mut query = sqlx::query(AssertSqlSafe(self.text));
        for value in self.values {
            query = match value {
                Value::Text(text) => query.bind(text.map(String::from)),
                Value::Int(number) => query.bind(number),
                Value::Amount(_) => return Err(sqlx::Error::Encode("an amount is two values".into())),
            };
        }
        query.fetch_all(connection).await
    }
}

/// The credits in a column and the next.
pub(crate) fn credits(row: &AnyRow, at: usize) -> sqlx::Result<Credits> {
    Ok(Credits::from_nanos(nanos(row, at)?))
}

/// The billionths in a column and the next.
pub(crate) fn nanos(row: &AnyRow, at: usize) -> sqlx::Result<i128> {
    Ok(join(row.try_get(at)?, row.try_get(at.saturating_add(1))?))
}
