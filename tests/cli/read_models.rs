//! `scrip verify --projections`: the read models against the log, as an auditor asks.

use sqlx::{AssertSqlSafe, Connection};

use super::process::{Server, scrip_on, until};
use super::{folder, with_history};
use crate::projections::tables::{Tables, database, open};

/// A data directory with some history, whose read models have come to its end.
async fn caught_up(data: &std::path::Path) -> u64 {
    with_history(data).await;
    let head = scrip_on(data, &["head"]).await.with(0).out;
    let end: u64 = head.split_once(':').unwrap().0.parse().unwrap();
    until("the read models have caught up", async || {
        Server::start(data, &super::MANUAL).await.stop().await;
        let checked = scrip_on(data, &["verify", "--projections"]).await.with(0);
        checked.out.contains(&format!("at position {end} "))
    })
    .await;
    end
}

#[tokio::test]
async fn verify_compares_the_read_models_with_the_log() {
    let (_folder, data) = folder();
    caught_up(&data).await;
    let read = data.join("read");
    let file = database(&read);
    let bytes = std::fs::read(&file).unwrap();
    let clean = scrip_on(&data, &["verify", "--projections"]).await.with(0);
    for said in ["were compared with ones that were computed anew", "verified: nothing is wrong"] {
        assert!(clean.out.contains(said), "{said}: {}", clean.out);
    }
    assert!(std::fs::read(&file).unwrap() == bytes, "who verifies changes nothing");
    assert!(file.with_extension("sqlite.sum").is_file());

    // A number that somebody changed, in any table that has numbers.
    let tables = Tables::of_folder(&read).await;
    let mut changed = 0;
    for table in tables.names() {
        let Some(row) = tables.rows(table).first() else { continue };
        let column = row.iter().find(|(name, value)| {
            value.as_ref().is_some_and(|value| value.parse::<i64>().is_ok())
                && !["position", "revision", "lot", "hold", "block", "line", "start", "quarter", "events"]
                    .contains(&name.as_str())
                && !(table == "models" || name.as_str() == "version")
        });
        let Some((column, _)) = column else { continue };
        let mut connection = open(&file).await;
        let key = format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0");
        let key: Vec<(String,)> =
            sqlx::query_as(AssertSqlSafe(key)).fetch_all(&mut connection).await.unwrap();
        let is = |(name,): &(String,)| {
            let value = row[name].as_ref().unwrap_or_else(|| panic!("{table} has no {name}"));
            format!("{name} = '{}'", value.replace('\'', "''"))
        };
        let row: Vec<String> = key.iter().map(is).collect();
        let sql = format!("UPDATE {table} SET {column} = {column} + 1 WHERE {}", row.join(" AND "));
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
        connection.close().await.unwrap();
        std::fs::remove_file(file.with_extension("sqlite.sum")).ok();
        let found = scrip_on(&data, &["verify", "--projections"]).await.with(1);
        assert!(
            found.out.contains(&format!("FINDING in the read models: {table}: ")),
            "{table}.{column}: {}",
            found.out
        );
        assert!(found.out.contains("NOT verified: "), "{}", found.out);
        std::fs::write(&file, &bytes).unwrap();
        changed += 1;
    }
    assert!(changed >= 11, "{changed} tables");
    scrip_on(&data, &["verify", "--projections"]).await.with(0);

    // A balance that is wrong is told by its account's fold as well, a posting by the trial balance.
    for (sql, told) in [
        ("UPDATE balances SET posted = posted + 7", "as the account folds"),
        ("UPDATE lots SET spent_nanos = spent_nanos + 1", "as the account folds"),
        (
            "UPDATE entries SET quantity_nanos = quantity_nanos + 1 WHERE position = (SELECT MAX(position) FROM entries) AND line = 0",
            "debits and credits of book pixapi in credits differ by",
        ),
    ] {
        let mut connection = open(&file).await;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let found = scrip_on(&data, &["verify", "--projections"]).await.with(1);
        assert!(found.out.contains(told), "{told}: {}", found.out);
        std::fs::write(&file, &bytes).unwrap();
    }
}

#[tokio::test]
async fn verify_tells_damage_and_what_it_has_nothing_to_compare_with() {
    let (_folder, data) = folder();
    caught_up(&data).await;
    let file = database(&data.join("read"));
    let bytes = std::fs::read(&file).unwrap();
    // The sum of an untouched file tells of one bit; verifying does not make it forget.
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 4;
    for _ in 0..2 {
        std::fs::write(&file, &flipped).unwrap();
        let sum = file.with_extension("sqlite.sum");
        std::fs::write(&sum, "00000000\n").unwrap();
        let found = scrip_on(&data, &["verify", "--projections"]).await.with(1);
        assert!(found.out.contains("its contents are not those that it was closed with"), "{}", found.out);
    }
    std::fs::remove_dir_all(data.join("read")).unwrap();
    let nothing = scrip_on(&data, &["verify", "--projections"]).await.with(3);
    assert!(nothing.err.contains("no read models to compare"), "{}", nothing.err);
    assert!(!data.join("read").exists(), "who verifies makes nothing");
    scrip_on(&data, &["verify"]).await.with(0);
    let alone = scrip_on(&data, &["verify", "--read-models", "postgres://nobody"]).await;
    assert_eq!(alone.code, Some(2), "{alone:?}");
}

#[tokio::test]
async fn read_models_in_postgres_are_verified_too() {
    let (_folder, data) = folder();
    let url = crate::projections::postgres::database().await;
    let serving = [&super::MANUAL[..], &["--read-models", &url]].concat();
    with_history(&data).await;
    let verify = ["verify", "--projections", "--read-models", &url];
    let nothing = scrip_on(&data, &verify).await.with(3);
    assert!(nothing.err.contains("no read models to compare"), "{}", nothing.err);
    let head = scrip_on(&data, &["head"]).await.with(0).out;
    let end = format!("at position {} ", head.split_once(':').unwrap().0);
    until("the read models have caught up", async || {
        Server::start(&data, &serving).await.stop().await;
        scrip_on(&data, &verify).await.with(0).out.contains(&end)
    })
    .await;
    let mut connection = crate::projections::postgres::connect(&url).await;
    let change = "UPDATE scrip_read_1.usage_days SET calls = calls + 1";
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let found = scrip_on(&data, &verify).await.with(1);
    assert!(found.out.contains("FINDING in the read models: usage_days: "), "{}", found.out);
}
