//! The table in SQLite: opened and checked, filled, read, purged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use scrip_ledger::event::ProviderAnswer;
use scrip_ledger::{AccountId, Timestamp, Token};
use scrip_store::EventStore;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::{KeptCall, MetadataError, Row};

/// How the tables came to be as they are. Add to the end; what was released is never changed.
pub(super) const MIGRATIONS: [&str; 1] =
    [include_str!("../../../../migrations/calls/0001_call_metadata.sql")];
/// What `PRAGMA application_id` says of a file of ours: see the first migration.
const APPLICATION: i64 = 0x5343_5250;
/// Rows that are deleted in one transaction.
const DELETED_AT_ONCE: i64 = 10_000;
/// SQLite's codes of a file that is damaged, and of one that is no database.
const DAMAGE: [&str; 3] = ["11", "26", "267"];

/// The table, open.
pub(super) struct Table {
    connection: SqliteConnection,
    on_disk: bool,
}

/// What a table held when it was opened.
pub(super) struct Opened {
    pub(super) table: Table,
    /// The number of events of the log that it had taken in, and the legal holds that stood then.
    pub(super) position: u64,
    pub(super) legal_holds: BTreeSet<(AccountId, u64)>,
    /// Rows were deleted since the file was last written anew.
    pub(super) remnants: bool,
}

impl Table {
    /// Opens a file and checks it, or makes it; without one, everything is in memory.
    pub(super) async fn open(file: Option<&Path>, store: &dyn EventStore) -> Result<Opened, MetadataError> {
        let failed = Failed(file.map_or_else(|| PathBuf::from(":memory:"), Path::to_owned));
        let options = SqliteConnectOptions::new()
            .pragma("secure_delete", "ON")
            .pragma("cell_size_check", "ON")
            .pragma("trusted_schema", "OFF")
            .thread_name(|_| "scrip-calls-sql".to_owned())
            .disable_statement_logging();
        let options = match file {
            Some(file) => options
                .filename(file)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal),
            None => options.in_memory(true),
        };
        let connection = options.connect().await.map_err(|error| failed.at(error))?;
        let mut table = Self { connection, on_disk: file.is_some() };
        table.claim(&failed).await?;
        table.migrate(&failed).await?;
        let (position, remnants) = table.belongs_to(store, &failed).await?;
        let legal_holds = table.legal_holds().await.map_err(|error| failed.at(error))?;
        Ok(Opened { table, position, legal_holds, remnants })
    }

    /// Only a whole file of ours, or an empty one.
    async fn claim(&mut self, failed: &Failed) -> Result<(), MetadataError> {
        let found: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_all(&mut self.connection)
            .await
            .map_err(|error| failed.at(error))?;
        if found != ["ok"] {
            return Err(MetadataError::Damaged { file: failed.0.clone(), finding: found.join("; ") });
        }
        let application = self.number("PRAGMA application_id").await.map_err(|error| failed.at(error))?;
        let tables =
            self.number("SELECT count(*) FROM sqlite_schema").await.map_err(|error| failed.at(error))?;
        if application == APPLICATION || (application == 0 && tables == 0) {
            return Ok(());
        }
        Err(MetadataError::Foreign(failed.0.clone()))
    }

    async fn migrate(&mut self, failed: &Failed) -> Result<(), MetadataError> {
        let format = self.number("PRAGMA user_version").await.map_err(|error| failed.at(error))?;
        let done = usize::try_from(format).unwrap_or(usize::MAX);
        if done > MIGRATIONS.len() {
            return Err(MetadataError::Newer { file: failed.0.clone(), format });
        }
        for (at, migration) in MIGRATIONS.iter().enumerate().skip(done) {
            self.step(at + 1, migration).await.map_err(|error| failed.at(error))?;
        }
        Ok(())
    }

    /// One migration and its number, together or not at all.
    async fn step(&mut self, number: usize, migration: &'static str) -> sqlx::Result<()> {
        let mut step = self.connection.begin().await?;
        sqlx::raw_sql(migration).execute(&mut *step).await?;
        let counted = AssertSqlSafe(format!("PRAGMA user_version = {number}"));
        sqlx::raw_sql(counted).execute(&mut *step).await?;
        step.commit().await
    }

    /// The last event that was taken in must be in the log. Answers how many were, and whether rows left remnants.
    async fn belongs_to(
        &mut self,
        store: &dyn EventStore,
        failed: &Failed,
    ) -> Result<(u64, bool), MetadataError> {
        let state: (i64, Vec<u8>, bool) = sqlx::query_as("SELECT position, hash, remnants FROM state")
            .fetch_one(&mut self.connection)
            .await
            .map_err(|error| failed.at(error))?;
        let (position, hash, remnants) = state;
        let position = u64::try_from(position).unwrap_or(u64::MAX);
        if let Some(last) = position.checked_sub(1) {
            let events = store.read_all(last, 1)?;
            if events.first().is_none_or(|event| event.hash[..] != hash[..]) {
                return Err(MetadataError::OtherLog(failed.0.clone()));
            }
        }
        Ok((position, remnants))
    }

    async fn legal_holds(&mut self) -> sqlx::Result<BTreeSet<(AccountId, u64)>> {
        let held: Vec<(String, i64)> = sqlx::query_as("SELECT account, revision FROM legal_holds")
            .fetch_all(&mut self.connection)
            .await?;
        held.into_iter().map(|(account, revision)| Ok((token(&account)?, number(revision)?))).collect()
    }

    async fn number(&mut self, query: &'static str) -> sqlx::Result<i64> {
        sqlx::query_scalar(query).fetch_one(&mut self.connection).await
    }

    /// Inserts rows. One that is there already is replaced: what comes later is right.
    pub(super) async fn insert(&mut self, rows: &[Row]) -> sqlx::Result<()> {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                let Row { account, revision, book, recorded_at, kept_until, provider } = row;
                let times = (recorded_at.micros(), kept_until.micros());
                (account, revision, book, times.0, times.1, &provider.request_id, &provider.status)
            })
            .collect();
        let rows = serde_json::to_string(&rows).map_err(|error| sqlx::Error::Encode(error.into()))?;
        sqlx::query(
            "INSERT OR REPLACE INTO call_metadata
                 (account, revision, book, recorded_at, kept_until, provider_request_id, provider_status)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
             FROM json_each(?1)",
        )
        .bind(rows)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// What is kept of an account's calls between two revisions: what may be read at a time, or everything.
    pub(super) async fn kept(
        &mut self,
        account: &AccountId,
        (from, to): (u64, u64),
        at: Option<Timestamp>,
    ) -> sqlx::Result<Vec<KeptCall>> {
        let rows: Vec<(i64, i64, Option<String>, Option<String>)> = sqlx::query_as(
            "SELECT revision, recorded_at, provider_request_id, provider_status FROM call_metadata
             WHERE account = ?1 AND revision BETWEEN ?2 AND ?3 AND (?4 IS NULL OR kept_until >= ?4)
             ORDER BY revision",
        )
        .bind(account.as_str().to_owned())
        .bind(signed(from))
        .bind(signed(to))
        .bind(at.map(Timestamp::micros))
        .fetch_all(&mut self.connection)
        .await?;
        let kept =
            |(revision, recorded_at, request_id, status): (i64, i64, Option<String>, Option<String>)| {
                let provider = ProviderAnswer {
                    request_id: request_id.as_deref().map(token).transpose()?,
                    status: status.as_deref().map(token).transpose()?,
                };
                let recorded_at = Timestamp::from_micros(recorded_at);
                Ok(KeptCall { revision: number(revision)?, recorded_at, provider })
            };
        rows.into_iter().map(kept).collect()
    }

    /// Deletes what is past its time, but for what a legal hold keeps. Answers how many rows that were.
    pub(super) async fn purge(&mut self, now: Timestamp) -> sqlx::Result<u64> {
        let mut purged = 0;
        loop {
            let mut some = self.connection.begin().await?;
            let deleted = sqlx::query(
                "DELETE FROM call_metadata WHERE id IN (
                     SELECT id FROM call_metadata
                     WHERE kept_until < ?1 AND account NOT IN (SELECT account FROM legal_holds)
                     LIMIT ?2)",
            )
            .bind(now.micros())
            .bind(DELETED_AT_ONCE)
            .execute(&mut *some)
            .await?
            .rows_affected();
            if deleted == 0 {
                break;
            }
            sqlx::query("UPDATE state SET remnants = 1").execute(&mut *some).await?;
            some.commit().await?;
            purged += deleted;
        }
        if purged > 0 {
            self.checkpoint().await?;
        }
        Ok(purged)
    }

    /// When the next row's time is over, of those whose time is not over yet.
    pub(super) async fn next_end(&mut self, now: Timestamp) -> sqlx::Result<Option<Timestamp>> {
        let end: Option<i64> =
            sqlx::query_scalar("SELECT min(kept_until) FROM call_metadata WHERE kept_until >= ?1")
                .bind(now.micros())
                .fetch_one(&mut self.connection)
                .await?;
        Ok(end.map(Timestamp::from_micros))
    }

    /// Says how far the log was taken in, and which legal holds stand.
    pub(super) async fn save(
        &mut self,
        (position, hash): (u64, &[u8]),
        legal_holds: &[(AccountId, u64)],
    ) -> sqlx::Result<()> {
        let held = serde_json::to_string(legal_holds).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let mut step = self.connection.begin().await?;
        sqlx::query("DELETE FROM legal_holds").execute(&mut *step).await?;
        sqlx::query(
            "INSERT INTO legal_holds (account, revision) SELECT value ->> 0, value ->> 1 FROM json_each(?1)",
        )
        .bind(held)
        .execute(&mut *step)
        .await?;
        sqlx::query("UPDATE state SET position = ?1, hash = ?2")
            .bind(signed(position))
            .bind(hash.to_vec())
            .execute(&mut *step)
            .await?;
        step.commit().await
    }

    /// Writes the whole file anew. Deleted rows are zeroed where they stood, but pages that were rearranged before may
    /// hold copies of them in their slack.
    pub(super) async fn rewrite(&mut self) -> sqlx::Result<()> {
        if self.on_disk {
            sqlx::raw_sql("VACUUM").execute(&mut self.connection).await?;
            sqlx::raw_sql("UPDATE state SET remnants = 0").execute(&mut self.connection).await?;
            self.checkpoint().await?;
        }
        Ok(())
    }

    /// Moves everything from the write-ahead log to the file, and empties it: it holds pages as they were.
    async fn checkpoint(&mut self) -> sqlx::Result<()> {
        if self.on_disk {
            sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut self.connection).await?;
        }
        Ok(())
    }

    pub(super) async fn close(self) -> sqlx::Result<()> {
        self.connection.close().await
    }
}

/// What the database's errors are told of.
struct Failed(PathBuf);

impl Failed {
    fn at(&self, error: sqlx::Error) -> MetadataError {
        let code = match &error {
            sqlx::Error::Database(error) => error.code(),
            _ => None,
        };
        let file = self.0.clone();
        if code.is_some_and(|code| DAMAGE.contains(&code.as_ref())) {
            return MetadataError::Damaged { file, finding: error.to_string() };
        }
        MetadataError::Database { file, source: Box::new(error) }
    }
}

fn token(text: &str) -> sqlx::Result<Token> {
    Token::new(text).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn number(stored: i64) -> sqlx::Result<u64> {
    u64::try_from(stored).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// SQLite's integers have a sign; no log is as long as to need it.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
