//! SQLite and PostgreSQL hold the same, table by table. The tests' own server is at `SCRIP_TEST_POSTGRES_URL`.

use rand::SeedableRng;
use rand::rngs::StdRng;
use scrip_projections::{ReadSide, Source};
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

use super::tables::Tables;
use super::world::{Log, catch_up, folder, follow};

/// A database of its own in the tests' server, whose language orders words otherwise than by their bytes.
pub async fn database() -> String {
    let url = std::env::var("SCRIP_TEST_POSTGRES_URL")
        .expect("SCRIP_TEST_POSTGRES_URL is not set: run `cargo xtask test`, which starts a server");
    sqlx::any::install_default_drivers();
    let name = format!("scrip_{:016x}", rand::random::<u64>());
    let mut connection = connect(&url).await;
    let create = format!(
        "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en'"
    );
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let (server, query) = url.split_once('?').map_or((url.as_str(), ""), |(server, query)| (server, query));
    let (server, _) = server.rsplit_once('/').unwrap();
    if query.is_empty() { format!("{server}/{name}") } else { format!("{server}/{name}?{query}") }
}

/// A connection to a database.
pub async fn connect(url: &str) -> AnyConnection {
    let options: AnyConnectOptions = url.parse().unwrap();
    options.connect().await.unwrap()
}

async fn stop(side: ReadSide) -> u64 {
    let generation = side.status().generation;
    side.shutdown().await;
    generation
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_hold_the_same() {
    let (url, path) = (database().await, TempDir::new().unwrap());
    let events = super::histories::sample(6, &mut StdRng::seed_from_u64(31));
    let mut log = Log::default();
    for part in events.chunks(events.len().div_ceil(3)) {
        for next in part {
            log.append(next);
        }
        // One is followed at once, the other in small steps; both go on where they stood.
        for (source, batch) in [(Source::Postgres(url.clone()), 9), (folder(path.path()), 16_384)] {
            let side = follow(&log, source, batch).await;
            catch_up(&side).await;
            stop(side).await;
        }
    }
    let of_postgres = Tables::of_postgres(&url, 1).await;
    let of_sqlite = Tables::of_folder(path.path()).await;
    of_postgres.assert_same(&of_sqlite, "PostgreSQL, and SQLite");
    super::expected::check(&of_postgres, log.store.as_ref());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_generation_takes_the_place_of_a_changed_one() {
    let url = database().await;
    let events = super::histories::sample(3, &mut StdRng::seed_from_u64(32));
    let mut log = Log::default();
    log.extend(&events);
    let side = follow(&log, Source::Postgres(url.clone()), 100).await;
    catch_up(&side).await;
    let before = Tables::of_postgres(&url, 1).await;
    let mut connection = connect(&url).await;
    let change = "UPDATE scrip_read_1.balances SET posted = posted + 1 WHERE account = 'account1'";
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert!(side.rebuild().unwrap());
    crate::cli::process::until("a new generation", async || {
        side.status().generation == 2 && side.status().compared.is_some()
    })
    .await;
    let compared = side.status().compared.unwrap();
    assert_eq!(compared.differences, 1, "{compared:?}");
    assert!(compared.examples[0].starts_with("balances: account=account1 posted="), "{compared:?}");
    assert_eq!(stop(side).await, 2);
    Tables::of_postgres(&url, 2).await.assert_same(&before, "rebuilt, and as it was");
    // The old one is gone, and a start goes on with the new one.
    let side = follow(&log, Source::Postgres(url), 100).await;
    catch_up(&side).await;
    assert_eq!(stop(side).await, 2);
}
