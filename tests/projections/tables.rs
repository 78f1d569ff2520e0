//! What is in the tables of read models: read by plain SQL, which knows nothing of how they came to be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions, Connection, Row as _};

/// A row: its columns by name, as text.
pub type Row = BTreeMap<String, Option<String>>;

/// Every table by name, its rows in one order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tables(BTreeMap<String, Vec<Row>>);

impl Tables {
    /// The rows of a table.
    pub fn rows(&self, table: &str) -> &[Row] {
        self.0.get(table).unwrap_or_else(|| panic!("there is no table {table}"))
    }

    /// The names of the tables.
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// Those of other rows, table by table.
    #[track_caller]
    pub fn assert_same(&self, other: &Self, what: &str) {
        assert_eq!(self.names(), other.names(), "{what}");
        for (name, rows) in &self.0 {
            let others = other.rows(name);
            for (at, (one, other)) in rows.iter().zip(others).enumerate() {
                assert_eq!(one, other, "{what}: row {at} of {name}");
            }
            assert_eq!(rows.len(), others.len(), "{what}: rows of {name}");
        }
    }

    async fn read(
        connection: &mut AnyConnection,
        names: Vec<(String,)>,
        columns: impl Fn(&str) -> String,
    ) -> Self {
        let mut tables = BTreeMap::new();
        for (name,) in names {
            let columns: Vec<(String,)> =
                sqlx::query_as(AssertSqlSafe(columns(&name))).fetch_all(&mut *connection).await.unwrap();
            let columns: Vec<String> = columns.into_iter().map(|(column,)| column).collect();
            let cast: Vec<String> = columns.iter().map(|column| format!("CAST({column} AS TEXT)")).collect();
            let sql = format!("SELECT {} FROM {name}", cast.join(", "));
            let read = |row: &sqlx::any::AnyRow| -> Row {
                let values = (0..).map(|at: usize| row.get::<Option<String>, _>(at));
                brought_in_order(columns.iter().cloned().zip(values).collect())
            };
            let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *connection).await.unwrap();
            let mut rows: Vec<Row> = rows.iter().map(read).collect();
            rows.sort();
            tables.insert(name, rows);
        }
        Self(tables)
    }

    /// Those of a generation in a database of PostgreSQL.
    pub async fn of_postgres(url: &str, generation: u64) -> Self {
        sqlx::any::install_default_drivers();
        let options: AnyConnectOptions = url.parse().unwrap();
        let mut connection = options.connect().await.unwrap();
        let schema = format!("scrip_read_{generation}");
        let path = AssertSqlSafe(format!("SET search_path TO {schema}"));
        sqlx::raw_sql(path).execute(&mut connection).await.unwrap();
        let names = "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name <> 'meta' ORDER BY table_name";
        let names = sqlx::query_as(names).fetch_all(&mut connection).await.unwrap();
        let columns = |table: &str| {
            format!(
                "SELECT CAST(column_name AS TEXT) FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY column_name"
            )
        };
        let tables = Self::read(&mut connection, names, columns).await;
        connection.close().await.unwrap();
        tables
    }

    /// Those of a folder, which has one generation.
    pub async fn of_folder(folder: &Path) -> Self {
        let mut connection = open(&database(folder)).await;
        let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'meta' ORDER BY name";
        let names = sqlx::query_as(names).fetch_all(&mut connection).await.unwrap();
        let columns = |table: &str| format!("SELECT name FROM pragma_table_info('{table}') ORDER BY name");
        let tables = Self::read(&mut connection, names, columns).await;
        connection.close().await.unwrap();
        tables
    }
}

/// Sums are kept in whole units and billionths, added up apart: the same amount can stand there in several ways.
fn brought_in_order(mut row: Row) -> Row {
    let names: Vec<String> =
        row.keys().filter_map(|name| name.strip_suffix("_nanos")).map(Into::into).collect();
    for name in names {
        let amount = nanos(&row, &name);
        let parts = [amount.div_euclid(1_000_000_000), amount.rem_euclid(1_000_000_000)];
        row.insert(name.clone(), Some(parts[0].to_string()));
        row.insert(format!("{name}_nanos"), Some(parts[1].to_string()));
    }
    row
}

/// The database of a folder, which has one generation.
pub fn database(folder: &Path) -> PathBuf {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        names.filter(|path| path.extension().is_some_and(|suffix| suffix == "sqlite")).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// A connection to a file of SQLite.
pub async fn open(file: &Path) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let options: AnyConnectOptions = format!("sqlite://{}", file.display()).parse().unwrap();
    options.connect().await.unwrap()
}

/// A column of text.
#[track_caller]
pub fn text<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row.get(column).unwrap_or_else(|| panic!("no column {column} in {row:?}")).as_deref()
}

/// A column of whole numbers.
#[track_caller]
pub fn int(row: &Row, column: &str) -> Option<i64> {
    text(row, column).map(|number| number.parse().unwrap())
}

/// An exact amount, in billionths.
#[track_caller]
pub fn nanos(row: &Row, column: &str) -> i128 {
    let whole = int(row, column).unwrap();
    let rest = int(row, &format!("{column}_nanos")).unwrap();
    i128::from(whole) * 1_000_000_000 + i128::from(rest)
}
