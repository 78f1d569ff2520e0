//! Whether what is in a database can be trusted: it is whole, ours, of this program's shape, and of this log.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use scrip_store::EventStore;
use sqlx::AnyConnection;

use crate::database::{Generation, PRODUCT, Source, checkpoints, format, hex};
use crate::error::OpenError;
use crate::models;

/// What a file of SQLite begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Why what is there cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Distrust {
    /// Whoever began it did not come to make its tables.
    #[error("its tables were never made")]
    Unfinished,
    /// It is not what it was, or not what it would have to be.
    #[error("{0}")]
    Wrong(String),
}

/// What is there, or why it cannot be used.
type Trusted<T> = Result<T, Distrust>;

/// It cannot be used.
const fn wrong<T>(why: String) -> Trusted<T> {
    Err(Distrust::Wrong(why))
}

impl Generation {
    /// Opens what is there, if it can be trusted; says too whether it has caught up with its log before.
    pub(crate) async fn open(
        &self,
        store: &dyn EventStore,
    ) -> Result<Trusted<(AnyConnection, bool)>, OpenError> {
        let inspected = self.inspect(store).await?;
        if let Source::Folder(folder) = &self.source
            && inspected.is_ok()
        {
            // From now on the file changes.
            crate::damage::forget(&self.file(folder)).map_err(|error| OpenError::file(folder, error))?;
        }
        Ok(inspected)
    }

    /// The same, and changes nothing of it.
    pub(crate) async fn inspect(
        &self,
        store: &dyn EventStore,
    ) -> Result<Trusted<(AnyConnection, bool)>, OpenError> {
        let mut is_whole = true;
        if let Source::Folder(folder) = &self.source {
            let file = self.file(folder);
            match crate::damage::compare(&file) {
                Ok(known) => is_whole = known,
                Err(why) => return Ok(wrong(why)),
            }
            match maker(&file).map_err(|error| OpenError::file(&file, error))? {
                Maker::Us => {}
                Maker::Nobody => return Ok(Err(Distrust::Unfinished)),
                Maker::Another => return Err(OpenError::Foreign(self.name())),
            }
        }
        let mut connection = match self.connect().await {
            Ok(connection) => connection,
            Err(OpenError::Database(error)) if is_damage(&error) => return Ok(wrong(error.to_string())),
            Err(error) => return Err(error),
        };
        match self.examine(&mut connection, is_whole, store).await {
            Ok(examined) => Ok(examined.map(|complete| (connection, complete))),
            Err(OpenError::Database(error)) if is_damage(&error) => Ok(wrong(error.to_string())),
            Err(error) => Err(error),
        }
    }

    async fn examine(
        &self,
        connection: &mut AnyConnection,
        is_whole: bool,
        store: &dyn EventStore,
    ) -> Result<Trusted<bool>, OpenError> {
        if !is_whole {
            let (found,): (String,) =
                sqlx::query_as("PRAGMA quick_check(1)").fetch_one(&mut *connection).await?;
            if found != "ok" {
                return Ok(wrong(found));
            }
        }
        let tables = match &self.source {
            Source::Folder(_) => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Source::Postgres(_) => {
                "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema()"
            }
        };
        let tables: Vec<(String,)> = sqlx::query_as(tables).fetch_all(&mut *connection).await?;
        if tables.is_empty() {
            return Ok(Err(Distrust::Unfinished));
        }
        if !tables.iter().any(|(name,)| name == "meta") {
            return Err(OpenError::Foreign(self.name()));
        }
        let meta: Vec<(String, String)> =
            match sqlx::query_as("SELECT name, value FROM meta").fetch_all(&mut *connection).await {
                Ok(meta) => meta,
                Err(error) if is_damage(&error) => return Err(error.into()),
                Err(_) => return Err(OpenError::Foreign(self.name())),
            };
        let of = |wanted: &str| meta.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        if of("product") != Some(PRODUCT) {
            return Err(OpenError::Foreign(self.name()));
        }
        let (found, ours) = (of("format").unwrap_or("unknown"), format(&models::all()));
        if found != ours {
            return Ok(wrong(format!("its format is {found}, this program's {ours}")));
        }
        for (name, checkpoint, hash) in checkpoints(connection).await? {
            let Some(last) = checkpoint.position.checked_sub(1) else { continue };
            let events = store.read_all(last, 1)?;
            if events.first().is_none_or(|event| hex(&event.hash) != hash) {
                return Ok(wrong(format!("{name} has taken in what is not in this log")));
            }
        }
        Ok(Ok(of("complete") == Some("1")))
    }
}

/// Who made a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    /// This program, or it is to be opened to see.
    Us,
    /// Nobody has come to write anything into it.
    Nobody,
    /// Another program.
    Another,
}

/// Who made a file, as far as can be told without opening it as a database: opening it would change it. Of a database that was
/// not closed in order the header may not be written yet.
fn maker(file: &Path) -> std::io::Result<Maker> {
    let mut header = Vec::new();
    File::open(file)?.take(HEADER).read_to_end(&mut header)?;
    if crate::damage::has_journal(file) {
        return Ok(Maker::Us);
    }
    // The database's size in pages, and how many entries its schema has.
    let is_empty = header.get(28..32) == Some(&[0, 0, 0, 1]) && header.get(103..105) == Some(&[0, 0]);
    Ok(match header.get(68..72) {
        _ if header.is_empty() => Maker::Nobody,
        Some(id) if header.starts_with(MAGIC) && *id != APPLICATION_ID.to_be_bytes() => {
            if is_empty && *id == [0; 4] { Maker::Nobody } else { Maker::Another }
        }
        _ => Maker::Us,
    })
}

/// Bytes from the beginning of a file that tell whose it is.
const HEADER: u64 = 108;

/// What the header of our files says whose they are: `SCRP`.
pub(crate) const APPLICATION_ID: u32 = 0x5343_5250;

/// Whether an error says that the file is not whole, or no database.
pub(crate) fn is_damage(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|code| matches!(code.as_ref(), "11" | "26" | "267" | "523" | "779"))
}
