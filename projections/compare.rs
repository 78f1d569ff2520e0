//! Two databases of read models, row by row.

use sqlx::AnyConnection;

use crate::database;
use crate::read_side::Comparison;
use crate::table::{Row, Table};

/// Rows that are read at a time.
const PAGE: i64 = 5_000;

/// Compares a table in two databases. A row that only one of them has is a difference of its own.
pub(crate) async fn table(
    one: &mut AnyConnection,
    other: &mut AnyConnection,
    table: &'static Table,
    found: &mut Comparison,
) -> sqlx::Result<()> {
    let (mut left, mut right) = (Pages::of(table), Pages::of(table));
    loop {
        left.fill(one).await?;
        right.fill(other).await?;
        let key = |row: &Row| row.get(..table.key).unwrap_or_default().to_vec();
        let difference = match (left.rows.last(), right.rows.last()) {
            (None, None) => return Ok(()),
            (Some(a), Some(b)) if a == b => {
                left.rows.pop();
                right.rows.pop();
                None
            }
            (Some(a), Some(b)) if key(a) == key(b) => {
                let difference = (Some(a.clone()), Some(b.clone()));
                left.rows.pop();
                right.rows.pop();
                Some(difference)
            }
            (Some(a), b) if b.is_none_or(|b| key(a) < key(b)) => Some((left.rows.pop(), None)),
            _ => Some((None, right.rows.pop())),
        };
        found.count(difference.map(|(a, b)| told(table, a.as_ref(), b.as_ref())));
    }
}

/// A difference in words.
fn told(table: &Table, one: Option<&Row>, other: Option<&Row>) -> String {
    let shown = |row: &Row| {
        let named = table.columns.iter().zip(row).map(|(column, value)| format!("{}={value}", column.name));
        named.collect::<Vec<_>>().join(" ")
    };
    match (one, other) {
        (Some(one), Some(other)) => {
            let differing = table
                .columns
                .iter()
                .zip(one.iter().zip(other))
                .enumerate()
                .filter(|(at, (_, (a, b)))| *at < table.key || a != b);
            let differing = differing.map(|(_, (column, (a, b)))| {
                if a == b {
                    format!("{}={a}", column.name)
                } else {
                    format!("{}={a} against {b}", column.name)
                }
            });
            format!("{}: {}", table.name, differing.collect::<Vec<_>>().join(" "))
        }
        (Some(row), None) => format!("{}: only here: {}", table.name, shown(row)),
        (None, Some(row)) => format!("{}: only anew: {}", table.name, shown(row)),
        (None, None) => String::new(),
    }
}

/// The rows of a table, a page at a time, the next one last.
struct Pages {
    table: &'static Table,
    rows: Vec<Row>,
    last: Option<Row>,
    ended: bool,
}

impl Pages {
    const fn of(table: &'static Table) -> Self {
        Self { table, rows: Vec::new(), last: None, ended: false }
    }

    async fn fill(&mut self, connection: &mut AnyConnection) -> sqlx::Result<()> {
        if !self.rows.is_empty() || self.ended {
            return Ok(());
        }
        let mut rows = database::rows(connection, self.table, self.last.as_ref(), PAGE).await?;
        self.ended = rows.is_empty();
        self.last = rows.last().map(|row| row.get(..self.table.key).unwrap_or_default().to_vec());
        rows.reverse();
        self.rows = rows;
        Ok(())
    }
}
