//! A database of read models that is not what it was: it is built anew, or refused. What is answered is never wrong.

use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use scrip_projections::{OpenError, ReadSide};
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;

use super::tables::{Tables, database, open};
use super::world::{Log, catch_up, folder, follow};

fn log() -> Log {
    let mut log = Log::default();
    let events = super::histories::sample(2, &mut StdRng::seed_from_u64(11));
    log.extend(&events);
    log
}

/// Follows the log to its end, and closes in order.
async fn build(log: &Log, path: &Path) -> (u64, Tables) {
    let side = follow(log, folder(path), 1_000).await;
    catch_up(&side).await;
    let generation = side.status().generation;
    side.shutdown().await;
    (generation, Tables::of_folder(path).await)
}

fn sum_of(file: &Path) -> std::path::PathBuf {
    file.with_extension("sqlite.sum")
}

async fn execute(file: &Path, sql: &str) {
    let mut connection = open(file).await;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Damages what was built; it is built anew, and comes to the same.
async fn is_built_anew(log: &Log, what: &str, damage: impl AsyncFnOnce(&Path)) {
    let path = TempDir::new().unwrap();
    let (_, whole) = build(log, path.path()).await;
    let file = database(path.path());
    assert!(sum_of(&file).is_file());
    damage(&file).await;
    let (_, tables) = build(log, path.path()).await;
    tables.assert_same(&whole, what);
    assert!(sum_of(&database(path.path())).is_file(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_whole_is_taken_as_it_is() {
    let (log, path) = (log(), TempDir::new().unwrap());
    let (generation, whole) = build(&log, path.path()).await;
    // A row that nobody could have computed is there still: nothing was built anew.
    let file = database(path.path());
    execute(&file, "UPDATE accounts SET region = 'XX' WHERE account = 'account0'").await;
    std::fs::remove_file(sum_of(&file)).unwrap();
    let (same, tables) = build(&log, path.path()).await;
    assert_eq!(same, generation);
    assert_ne!(tables, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_of_another_shape_is_built_anew() {
    let log = log();
    is_built_anew(&log, "missing", async |file| std::fs::remove_file(file).unwrap()).await;
    is_built_anew(&log, "empty", async |file| std::fs::write(file, "").unwrap()).await;
    for format in ["0.00000000", "1", "999.12345678"] {
        is_built_anew(&log, format, async |file| {
            execute(file, &format!("UPDATE meta SET value = '{format}' WHERE name = 'format'")).await;
            std::fs::remove_file(sum_of(file)).unwrap();
        })
        .await;
    }
    // Made, and not finished when its process ended.
    for begun in
        ["PRAGMA application_id = 1396920912; PRAGMA journal_mode = WAL", "PRAGMA journal_mode = WAL", ""]
    {
        is_built_anew(&log, "half made", async |file| {
            std::fs::remove_file(file).unwrap();
            std::fs::remove_file(sum_of(file)).unwrap();
            let mut connection = open_new(file).await;
            sqlx::raw_sql(begun).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        })
        .await;
    }
    is_built_anew(&log, "never caught up", async |file| {
        execute(file, "UPDATE meta SET value = '0' WHERE name = 'complete'; DELETE FROM lots").await;
        execute(file, "UPDATE models SET position = 0").await;
        for table in ["usage_quarters", "usage_days", "ledger_quarters", "ledger_blocks"] {
            execute(file, &format!("DELETE FROM {table}")).await;
        }
        std::fs::remove_file(sum_of(file)).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_built_anew() {
    let log = log();
    let mut random = StdRng::seed_from_u64(3);
    for part in 0..8 {
        is_built_anew(&log, "a bit", async |file| {
            let mut bytes = std::fs::read(file).unwrap();
            let at = bytes.len() * part / 8 + random.random_range(0..bytes.len() / 8);
            bytes[at] ^= 1 << random.random_range(0..8);
            std::fs::write(file, bytes).unwrap();
        })
        .await;
    }
    is_built_anew(&log, "a page", async |file| {
        let mut bytes = std::fs::read(file).unwrap();
        let page = 4_096 * random.random_range(1..bytes.len() / 4_096);
        bytes[page..page + 4_096].iter_mut().for_each(|byte| *byte = random.random());
        std::fs::write(file, bytes).unwrap();
    })
    .await;
    for keep_sum in [true, false] {
        is_built_anew(&log, "cut", async |file| {
            let bytes = std::fs::read(file).unwrap();
            std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
            if !keep_sum {
                std::fs::remove_file(sum_of(file)).unwrap();
            }
        })
        .await;
        is_built_anew(&log, "no database", async |file| {
            std::fs::write(file, "Dear diary, today nothing was a database.".repeat(1_000)).unwrap();
            if !keep_sum {
                std::fs::remove_file(sum_of(file)).unwrap();
            }
        })
        .await;
    }
}

/// Another log in the same place, a copy of an older one: what the rows say did not happen there.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_another_log_is_built_anew() {
    let path = TempDir::new().unwrap();
    build(&log(), path.path()).await;
    let mut other = Log::default();
    let events = super::histories::sample(3, &mut StdRng::seed_from_u64(12));
    other.extend(&events);
    let (_, tables) = build(&other, path.path()).await;
    super::expected::check(&tables, other.store.as_ref());
    let mut shorter = Log::default();
    shorter.extend(&events[..events.len() / 2]);
    let (_, tables) = build(&shorter, path.path()).await;
    super::expected::check(&tables, shorter.store.as_ref());
}

/// Whoever put it there may need it: it stays as it is, byte for byte.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_made_is_refused_and_not_touched() {
    let log = log();
    let foreign = [
        "CREATE TABLE savings (owner TEXT, cents INTEGER); INSERT INTO savings VALUES ('ann', 5)",
        "PRAGMA application_id = 77; CREATE TABLE meta (name TEXT, value TEXT)",
    ];
    for sql in foreign {
        let path = TempDir::new().unwrap();
        let file = path.path().join("4.sqlite");
        let mut connection = open_new(&file).await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let refused = ReadSide::start(log.events(), folder(path.path())).await;
        let error = refused.err().unwrap();
        assert!(matches!(error, OpenError::Foreign(_)), "{error}");
        assert!(error.to_string().contains("4.sqlite"), "{error}");
        assert!(std::fs::read(&file).unwrap() == bytes);
    }
    // A file of ours in which somebody else keeps something.
    let path = TempDir::new().unwrap();
    build(&log, path.path()).await;
    let file = database(path.path());
    execute(&file, "UPDATE meta SET value = 'somebody else''s' WHERE name = 'product'").await;
    std::fs::remove_file(sum_of(&file)).unwrap();
    let refused = ReadSide::start(log.events(), folder(path.path())).await;
    assert!(matches!(refused.err(), Some(OpenError::Foreign(_))));
}

async fn open_new(file: &Path) -> sqlx::AnyConnection {
    std::fs::write(file, "").unwrap();
    open(file).await
}
