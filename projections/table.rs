//! Tables as data: what their columns are, and the SQL that changes rows, one text for SQLite and PostgreSQL.

use compact_str::CompactString;
use scrip_ledger::Credits;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, or nothing.
    Text,
    /// A whole number, or nothing. Times are microseconds since the Unix epoch.
    Int,
    /// An exact amount in two columns, `<name>` in whole units and `<name>_nanos` in billionths of one (0 to 999,999,999
    /// in a sum that is brought in order): both can be added up by any database without rounding.
    Amount,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// A column of text.
pub const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

/// A column of whole numbers.
pub const fn int(name: &'static str) -> Column {
    Column { name, kind: Kind::Int }
}

/// Two columns of an exact amount.
pub const fn amount(name: &'static str) -> Column {
    Column { name, kind: Kind::Amount }
}

/// What becomes of a row that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// It is replaced.
    Replace,
    /// What is not its key is added to it.
    Add,
}

/// A table of a read model.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How many of the columns, from the first on, are its key.
    pub key: usize,
    /// Its columns.
    pub columns: &'static [Column],
    /// How many of the columns, from the last on, are set when the row is made and never again.
    pub once: usize,
    /// What becomes of a row that is there already.
    pub on_conflict: OnConflict,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Of [`Kind::Text`].
    Text(Option<CompactString>),
    /// Of [`Kind::Int`].
    Int(Option<i64>),
    /// Of [`Kind::Amount`]: billionths.
    Amount(i128),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(Some(text)) => f.write_str(text),
            Self::Int(Some(number)) => number.fmt(f),
            Self::Text(None) | Self::Int(None) => f.write_str("nothing"),
            Self::Amount(nanos) => Credits::from_nanos(*nanos).fmt(f),
        }
    }
}

/// The values of a row, in the order of the columns; or those of its key, or of a part of that, to delete what has them.
pub type Row = Vec<Value>;

/// What is to be changed in a table: first what goes, then what comes.
#[derive(Debug, Default)]
pub struct Change {
    /// Keys, or beginnings of keys, of rows that go.
    pub delete: Vec<Row>,
    /// Rows that come. No key is there twice.
    pub put: Vec<Row>,
}

/// The billionths of a unit.
const NANOS: i128 = 1_000_000_000;

/// An amount as its two columns.
pub(crate) fn split(nanos: i128) -> Option<(i64, i64)> {
    let whole = i64::try_from(nanos.div_euclid(NANOS)).ok()?;
    let rest = i64::try_from(nanos.rem_euclid(NANOS)).ok()?;
    Some((whole, rest))
}

/// Two columns, or the sums of two columns, as an amount.
pub fn join(whole: i64, nanos: i64) -> i128 {
    i128::from(whole).saturating_mul(NANOS).saturating_add(i128::from(nanos))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(Into::into))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Int(Some(i64::from(truth)))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(Some(number.into()))
    }
}

impl From<Credits> for Value {
    fn from(credits: Credits) -> Self {
        Self::Amount(credits.nanos())
    }
}

impl From<scrip_ledger::Timestamp> for Value {
    fn from(time: scrip_ledger::Timestamp) -> Self {
        Self::Int(Some(time.micros()))
    }
}

impl From<Option<scrip_ledger::Timestamp>> for Value {
    fn from(time: Option<scrip_ledger::Timestamp>) -> Self {
        Self::Int(time.map(scrip_ledger::Timestamp::micros))
    }
}

/// A revision or a position: never beyond what a log can hold.
pub fn number(number: u64) -> Value {
    Value::Int(Some(i64::try_from(number).unwrap_or(i64::MAX)))
}

impl Table {
    /// The names of all columns of the database, two for an amount.
    pub fn names(&self) -> Vec<String> {
        names_of(self.columns)
    }

    /// The names of the columns of its key.
    pub fn key_names(&self) -> Vec<String> {
        names_of(self.columns.get(..self.key).unwrap_or_default())
    }

    /// The statement that puts so many rows.
    pub(crate) fn put_statement(&self, rows: usize, places: Places) -> String {
        let names = self.names();
        let mut sql = format!("INSERT INTO {} ({}) VALUES ", self.name, names.join(", "));
        places.write(&mut sql, rows, names.len());
        let key = self.key_names();
        let once =
            names_of(self.columns.get(self.columns.len().saturating_sub(self.once)..).unwrap_or_default())
                .len();
        let others = names.get(key.len()..names.len().saturating_sub(once)).unwrap_or_default();
        let set = |name: &String| match self.on_conflict {
            OnConflict::Replace => format!("{name} = excluded.{name}"),
            OnConflict::Add => format!("{name} = {}.{name} + excluded.{name}", self.name),
        };
        sql.push_str(&format!(" ON CONFLICT ({}) DO ", key.join(", ")));
        match others {
            [] => sql.push_str("NOTHING"),
            _ => {
                sql.push_str(&format!("UPDATE SET {}", others.iter().map(set).collect::<Vec<_>>().join(", ")))
            }
        }
        sql
    }

    /// The statement that deletes what has one of so many keys, of which the first columns are given.
    pub(crate) fn delete_statement(&self, rows: usize, columns: usize, places: Places) -> String {
        let names = names_of(self.columns.get(..columns).unwrap_or_default());
        let mut sql = format!("DELETE FROM {} WHERE ({}) IN (VALUES ", self.name, names.join(", "));
        places.write(&mut sql, rows, names.len());
        sql.push(')');
        sql
    }
}

fn names_of(columns: &[Column]) -> Vec<String> {
    let mut names = Vec::new();
    for column in columns {
        names.push(column.name.to_owned());
        if column.kind == Kind::Amount {
            names.push(format!("{}_nanos", column.name));
        }
    }
    names
}

/// How the places for values are written in a statement of many.
///
/// PostgreSQL numbers them. So does SQLite, but it looks the name of every place up among all of them: a statement of some
/// thousand values is a hundred times quicker without names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    /// `($1, $2), ($3, $4)`.
    Numbered,
    /// `(?, ?), (?, ?)`.
    Plain,
}

impl Places {
    fn write(self, sql: &mut String, rows: usize, columns: usize) {
        use std::fmt::Write;
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..columns {
                sql.push_str(if column == 0 { "" } else { ", " });
                match self {
                    Self::Plain => sql.push('?'),
                    Self::Numbered => {
                        let _infallible = write!(sql, "${}", row * columns + column + 1);
                    }
                }
            }
            sql.push(')');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_split_and_joined() {
        for nanos in [0, 1, -1, 999_999_999, 1_000_000_000, -1_000_000_001, i128::from(i64::MAX) * NANOS] {
            let (whole, rest) = split(nanos).unwrap();
            assert!((0..1_000_000_000).contains(&rest));
            assert_eq!(join(whole, rest), nanos);
        }
        assert_eq!(split(i128::MAX), None);
    }

    #[test]
    fn statements_name_every_column() {
        const TABLE: Table = Table {
            name: "sums",
            key: 2,
            columns: &[text("book"), int("day"), amount("charged")],
            once: 0,
            on_conflict: OnConflict::Add,
        };
        assert_eq!(
            TABLE.put_statement(2, Places::Numbered),
            "INSERT INTO sums (book, day, charged, charged_nanos) VALUES ($1, $2, $3, $4), ($5, $6, $7, $8) \
             ON CONFLICT (book, day) DO UPDATE SET charged = sums.charged + excluded.charged, \
             charged_nanos = sums.charged_nanos + excluded.charged_nanos"
        );
        assert_eq!(
            TABLE.delete_statement(2, 1, Places::Plain),
            "DELETE FROM sums WHERE (book) IN (VALUES (?), (?))"
        );
    }
}
