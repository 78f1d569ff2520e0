//! A server whose read models are in SQLite or in PostgreSQL, and questions to it.

use std::sync::atomic::{AtomicU64, Ordering};

use scrip_projections::Source;
use serde_json::Value;
use sqlx::{Connection, Executor};

use crate::api::client::World;

/// Where the tests find a PostgreSQL in which they may make databases.
const POSTGRES: &str = "SCRIP_TEST_POSTGRES_URL";

/// A database of its own in the PostgreSQL of the tests.
pub async fn database() -> Source {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let server = std::env::var(POSTGRES)
        .unwrap_or_else(|_| panic!("{POSTGRES} is not set: `cargo xtask test` starts a server and sets it"));
    let name = format!("reports_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let (address, parameters) = server.split_once('?').unwrap_or((&server, ""));
    let (address, _) = address.rsplit_once('/').unwrap();
    Source::Postgres(format!("{address}/{name}?{parameters}"))
}

/// The answer to a question, which includes all that was written before it was asked.
pub async fn ask(world: &World, path: &str) -> Value {
    world.get("auditor", &fresh(world, path)).await.ok().json()
}

/// A path whose answer includes all that was written before.
pub fn fresh(world: &World, path: &str) -> String {
    let last = world.engine.store().head().unwrap().next_position - 1;
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{path}{mark}min_position={last}")
}

/// Every item of a report, page by page.
pub async fn all(world: &World, path: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let page = ask(world, &format!("{path}{mark}limit={limit}{cursor}")).await;
        let of_page = page["items"].as_array().unwrap();
        assert!(cursor.is_empty() || !of_page.is_empty(), "{path}: a page that leads nowhere");
        items.extend(of_page.iter().cloned());
        assert!(items.len() < 100_000, "{path}: pages do not end");
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}
