//! The database that the read models are in: a file of SQLite, or a schema of PostgreSQL, one a generation.
//!
//! A generation is all read models, built from one beginning. A new one is built beside the one in use and takes its place
//! when it has caught up, so queries go on meanwhile. Everything here can be thrown away at any time.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use scrip_store::Hash;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection, SqlSafeStr, SqlStr};

use crate::error::OpenError;
use crate::model::Model;
use crate::table::{Change, Kind, Places, Row, Table, Value, split};
use crate::trust::APPLICATION_ID;

/// What rises when a model makes other rows of the same events: what has another one is built anew. A change of the tables
/// themselves is seen from their schema.
pub const FORMAT: i64 = 1;

/// What `meta` says of a database of ours.
pub(crate) const PRODUCT: &str = "scrip read models";

/// Connections that queries share.
const READERS: u32 = 4;

/// Values that one statement binds at the most: below the limits of both databases.
const BINDS: usize = 8_192;

/// Where the read models are kept.
#[derive(Clone, Debug)]
pub enum Source {
    /// In SQLite, in this folder.
    Folder(PathBuf),
    /// In PostgreSQL, in schemas `scrip_read_<n>` of the database of this URL.
    Postgres(String),
}

/// A generation of the read models.
#[derive(Clone, Debug)]
pub(crate) struct Generation {
    pub(crate) source: Source,
    pub(crate) number: u64,
}

/// How far a model has come, as its rows say.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    /// The number of events that it has taken into account.
    pub(crate) position: u64,
    /// Why it takes no more, if it has stopped.
    pub(crate) fault: Option<String>,
}

const META: &str = "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE models (
    name TEXT NOT NULL PRIMARY KEY, -- of the model
    position BIGINT NOT NULL,       -- events that it has taken into account
    hash TEXT NOT NULL,             -- of the last of them: the log must be the same
    fault TEXT                      -- why it takes no more
);";

impl Source {
    /// The generations that are there, oldest first. Makes the place for them if there is none.
    pub(crate) async fn generations(&self) -> Result<Vec<Generation>, OpenError> {
        if let Self::Folder(folder) = self {
            std::fs::create_dir_all(folder).map_err(|error| OpenError::file(folder, error))?;
        }
        self.existing().await
    }

    /// The generations that are there, oldest first.
    pub(crate) async fn existing(&self) -> Result<Vec<Generation>, OpenError> {
        let mut numbers: Vec<u64> = match self {
            Self::Folder(folder) if !folder.is_dir() => Vec::new(),
            Self::Folder(folder) => {
                let entries = std::fs::read_dir(folder).map_err(|error| OpenError::file(folder, error))?;
                let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
                names.filter_map(|name| name.strip_suffix(".sqlite")?.parse().ok()).collect()
            }
            Self::Postgres(_) => {
                let mut connection = self.connect_plain().await?;
                let names: Vec<(String,)> = sqlx::query_as(
                    "SELECT CAST(schema_name AS TEXT) FROM information_schema.schemata WHERE schema_name LIKE 'scrip_read_%'",
                )
                .fetch_all(&mut connection)
                .await?;
                names
                    .into_iter()
                    .filter_map(|(name,)| name.strip_prefix("scrip_read_")?.parse().ok())
                    .collect()
            }
        };
        numbers.sort_unstable();
        Ok(numbers.into_iter().map(|number| Generation { source: self.clone(), number }).collect())
    }

    /// A connection to the database of PostgreSQL itself.
    async fn connect_plain(&self) -> Result<AnyConnection, OpenError> {
        sqlx::any::install_default_drivers();
        match self {
            Self::Folder(_) => Err(OpenError::Foreign("a folder has no server".to_owned())),
            Self::Postgres(url) => {
                Ok(AnyConnectOptions::from_str(url)?.disable_statement_logging().connect().await?)
            }
        }
    }
}

impl Generation {
    /// How statements of many values are written for it.
    pub(crate) const fn places(&self) -> Places {
        match self.source {
            Source::Folder(_) => Places::Plain,
            Source::Postgres(_) => Places::Numbered,
        }
    }

    /// What it is called in messages.
    pub(crate) fn name(&self) -> String {
        match &self.source {
            Source::Folder(folder) => self.file(folder).display().to_string(),
            Source::Postgres(_) => self.schema(),
        }
    }

    pub(crate) fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.sqlite", self.number))
    }

    fn schema(&self) -> String {
        format!("scrip_read_{}", self.number)
    }

    /// The one that is built after it.
    pub(crate) fn next(&self) -> Self {
        Self { source: self.source.clone(), number: self.number.saturating_add(1) }
    }

    fn options(&self) -> Result<AnyConnectOptions, OpenError> {
        sqlx::any::install_default_drivers();
        let url = match &self.source {
            Source::Folder(folder) => {
                let path = self.file(folder);
                let path = path.to_str().ok_or_else(|| OpenError::Foreign(path.display().to_string()))?;
                format!("sqlite://{}?mode=rwc", percent_encoded(path))
            }
            Source::Postgres(url) => url.clone(),
        };
        Ok(AnyConnectOptions::from_str(&url)?.disable_statement_logging())
    }

    /// What every connection begins with.
    fn greeting(&self) -> String {
        match &self.source {
            Source::Folder(_) => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -262144; \
                 PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 20000; PRAGMA cell_size_check = ON; \
                 PRAGMA trusted_schema = OFF"
                    .to_owned()
            }
            Source::Postgres(_) => format!(
                "SET search_path TO {}; SET synchronous_commit TO off; SET client_min_messages TO warning",
                self.schema()
            ),
        }
    }

    /// A connection of its own, for who writes.
    pub(crate) async fn connect(&self) -> Result<AnyConnection, OpenError> {
        let mut connection = self.options()?.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(self.greeting())).execute(&mut connection).await?;
        Ok(connection)
    }

    /// Connections for queries.
    pub(crate) fn readers(&self) -> Result<AnyPool, OpenError> {
        let greeting = self.greeting();
        let pool = AnyPoolOptions::new().max_connections(READERS).after_connect(move |connection, _| {
            let greeting = greeting.clone();
            Box::pin(async move {
                sqlx::raw_sql(AssertSqlSafe(greeting)).execute(connection).await?;
                Ok(())
            })
        });
        Ok(pool.connect_lazy_with(self.options()?))
    }

    /// A schema for this database. SQLite keeps to the types of columns only if it is told so: it would go on with a float where
    /// a sum of whole numbers is too large; and it keeps a row once, in its key, only if it is told so. PostgreSQL orders text by its bytes, as SQLite and Rust do, only if it is told so.
    fn dialect(&self, schema: &str) -> String {
        match self.source {
            Source::Folder(_) => {
                schema.replace(" BIGINT", " INTEGER").replace("\n);", "\n) STRICT, WITHOUT ROWID;")
            }
            Source::Postgres(_) => schema.replace(" TEXT", " TEXT COLLATE \"C\""),
        }
    }

    /// Makes its tables.
    pub(crate) async fn create(&self, models: &[Box<dyn Model>]) -> Result<AnyConnection, OpenError> {
        if let Source::Postgres(_) = &self.source {
            let mut plain = self.source.connect_plain().await?;
            let create = AssertSqlSafe(format!("CREATE SCHEMA {}", self.schema()));
            sqlx::raw_sql(create).execute(&mut plain).await?;
        }
        if let Source::Folder(_) = &self.source {
            // Before anything else: a file that is left behind half made is known to be ours.
            let mut first = self.options()?.connect().await?;
            let mark = AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"));
            sqlx::raw_sql(mark).execute(&mut first).await?;
            first.close().await?;
        }
        let mut connection = self.connect().await?;
        let mut creation = connection.begin().await?;
        sqlx::raw_sql(META).execute(&mut *creation).await?;
        for (name, value) in
            [("product", PRODUCT.to_owned()), ("format", format(models)), ("complete", "0".to_owned())]
        {
            sqlx::query("INSERT INTO meta (name, value) VALUES ($1, $2)")
                .bind(name)
                .bind(value)
                .execute(&mut *creation)
                .await?;
        }
        for model in models {
            sqlx::raw_sql(AssertSqlSafe(self.dialect(model.schema()))).execute(&mut *creation).await?;
            checkpoint(&mut creation, model.name(), (0, 0), "", None).await?;
        }
        creation.commit().await?;
        Ok(connection)
    }

    /// Writes the sum of its file, now that nobody has it open any more.
    pub(crate) fn seal(&self) {
        if let Source::Folder(folder) = &self.source
            && let Err(error) = crate::damage::seal(&self.file(folder))
        {
            tracing::warn!(generation = self.name(), %error, "the sum of the read models was not written");
        }
    }

    /// Deletes it. What cannot be deleted is left.
    pub(crate) async fn drop(&self) -> Result<(), OpenError> {
        match &self.source {
            Source::Folder(folder) => {
                let file = self.file(folder);
                for suffix in ["", "-wal", "-shm", "-journal", ".sum"] {
                    let mut name = file.clone().into_os_string();
                    name.push(suffix);
                    match std::fs::remove_file(PathBuf::from(name)) {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            return Err(OpenError::file(&file, error));
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            Source::Postgres(_) => {
                let mut plain = self.source.connect_plain().await?;
                let drop = AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema()));
                sqlx::raw_sql(drop).execute(&mut plain).await?;
                Ok(())
            }
        }
    }
}

/// What rows are made of: how, and into which tables. A database of another one is built anew.
pub(crate) fn format(models: &[Box<dyn Model>]) -> String {
    let sum = models.iter().fold(0, |sum, model| crc32c::crc32c_append(sum, model.schema().as_bytes()));
    format!("{FORMAT}.{sum:08x}")
}

/// How far each model has come, and the hash of the last event that it has taken.
pub(crate) async fn checkpoints(
    connection: &mut AnyConnection,
) -> sqlx::Result<Vec<(String, Checkpoint, String)>> {
    let rows: Vec<(String, i64, String, Option<String>)> =
        sqlx::query_as("SELECT name, position, hash, fault FROM models ORDER BY name")
            .fetch_all(connection)
            .await?;
    let checkpoint = |(name, position, hash, fault)| {
        let position = u64::try_from(position).unwrap_or_default();
        (name, Checkpoint { position, fault }, hash)
    };
    Ok(rows.into_iter().map(checkpoint).collect())
}

/// States how far a model has come from where it stood. If it does not stand there any more, somebody else writes too.
pub(crate) async fn checkpoint(
    connection: &mut AnyConnection,
    name: &str,
    (from, position): (u64, u64),
    hash: &str,
    fault: Option<&str>,
) -> sqlx::Result<()> {
    let done = sqlx::query(
        "INSERT INTO models (name, position, hash, fault) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (name) DO UPDATE SET position = excluded.position, hash = excluded.hash, fault = excluded.fault \
         WHERE models.position = $5",
    )
    .bind(name.to_owned())
    .bind(i64::try_from(position).unwrap_or(i64::MAX))
    .bind(hash.to_owned())
    .bind(fault.map(ToOwned::to_owned))
    .bind(i64::try_from(from).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(sqlx::Error::Protocol(format!("the read model {name} was moved by somebody else")))
    }
}

/// A generation has caught up: it may be asked.
pub(crate) async fn complete(connection: &mut AnyConnection) -> sqlx::Result<()> {
    sqlx::query("UPDATE meta SET value = '1' WHERE name = 'complete'").execute(connection).await?;
    Ok(())
}

/// Changes a table.
pub(crate) async fn apply(
    connection: &mut AnyConnection,
    places: Places,
    table: &'static Table,
    change: &Change,
) -> sqlx::Result<()> {
    let columns = change.delete.first().map_or(0, Vec::len);
    let delete = |rows| table.delete_statement(rows, columns, places);
    execute(connection, chunks(&change.delete, columns), delete).await?;
    let put = |rows| table.put_statement(rows, places);
    execute(connection, chunks(&change.put, table.names().len()), put).await
}

/// Rows in chunks of a few sizes, so that there are few statements to prepare.
fn chunks(rows: &[Row], columns: usize) -> impl Iterator<Item = &[Row]> {
    let largest = (BINDS / columns.max(1)).max(1).next_power_of_two() / 2;
    let mut rest = rows;
    std::iter::from_fn(move || {
        let mut size = largest.max(1);
        while size > rest.len() {
            size /= 8;
            if size == 0 {
                size = usize::from(!rest.is_empty());
                break;
            }
        }
        let (chunk, left) = rest.split_at_checked(size)?;
        rest = left;
        (!chunk.is_empty()).then_some(chunk)
    })
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

fn bound<'q>(query: Query<'q>, value: &Value) -> sqlx::Result<Query<'q>> {
    Ok(match value {
        Value::Text(text) => query.bind(text.as_ref().map(|text| text.as_str().to_owned())),
        Value::Int(number) => query.bind(*number),
        Value::Amount(nanos) => {
            let out_of_range = || sqlx::Error::Encode("an amount is out of range".into());
            let (whole, rest) = split(*nanos).ok_or_else(out_of_range)?;
            query.bind(whole).bind(rest)
        }
    })
}

/// Executes a statement for each chunk of rows. While the database does one, the next is made ready.
async fn execute<'r>(
    connection: &mut AnyConnection,
    mut chunks: impl Iterator<Item = &'r [Row]>,
    statement: impl Fn(usize) -> String,
) -> sqlx::Result<()> {
    let mut written: Option<(usize, SqlStr)> = None;
    let mut made_ready = || -> sqlx::Result<Option<Query<'static>>> {
        let Some(rows) = chunks.next() else { return Ok(None) };
        let sql = match &written {
            Some((size, sql)) if *size == rows.len() => sql.clone(),
            _ => AssertSqlSafe(statement(rows.len())).into_sql_str(),
        };
        written = Some((rows.len(), sql.clone()));
        let mut query = sqlx::query(sql);
        for value in rows.iter().flatten() {
            query = bound(query, value)?;
        }
        Ok(Some(query))
    };
    let mut next = made_ready()?;
    while let Some(query) = next {
        let ready = async { made_ready() };
        let (done, ready) = tokio::join!(biased; query.execute(&mut *connection), ready);
        done?;
        next = ready?;
    }
    Ok(())
}

/// The rows of a table in the order of its key, `limit` at the most, after a key.
pub(crate) async fn rows(
    connection: &mut AnyConnection,
    table: &Table,
    after: Option<&Row>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    use sqlx::Row as _;
    let (names, key) = (table.names().join(", "), table.key_names());
    let place = |at: usize| format!("${}", at + 2);
    let places = (0..key.len()).map(place).collect::<Vec<_>>().join(", ");
    let key = key.join(", ");
    let beyond = after.map_or_else(String::new, |_| format!("WHERE ({key}) > ({places}) "));
    let sql = format!("SELECT {names} FROM {} {beyond}ORDER BY {key} LIMIT $1", table.name);
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(limit);
    for value in after.into_iter().flatten() {
        query = bound(query, value)?;
    }
    let found = query.fetch_all(connection).await?;
    let read = |row: &sqlx::any::AnyRow| {
        let mut at = 0;
        let mut values = Vec::with_capacity(table.columns.len());
        for column in table.columns {
            values.push(match column.kind {
                Kind::Text => Value::Text(row.try_get::<Option<String>, _>(at)?.map(Into::into)),
                Kind::Int => Value::Int(row.try_get::<Option<i64>, _>(at)?),
                Kind::Amount => {
                    let whole: i64 = row.try_get(at)?;
                    at += 1;
                    Value::Amount(crate::table::join(whole, row.try_get(at)?))
                }
            });
            at += 1;
        }
        Ok(values)
    };
    found.iter().map(read).collect()
}

/// A hash in hex.
pub(crate) fn hex(hash: &Hash) -> String {
    use std::fmt::Write;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// Whether the database refuses what is written, and would again.
pub(crate) fn is_refusal(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Encode(_))
        || error.as_database_error().is_some_and(|error| {
            // SQLite: CONSTRAINT and its kinds; PostgreSQL: class 22, data exceptions, and 23, constraints.
            error.code().is_some_and(|code| {
                let sql_state = code.len() == 5 && (code.starts_with("22") || code.starts_with("23"));
                sql_state || (code.len() < 5 && code.parse::<u32>().is_ok_and(|code| code & 0xff == 19))
            })
        })
}

fn percent_encoded(path: &str) -> String {
    use std::fmt::Write;
    path.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
        text
    })
}
