//! A new generation is built beside the one in use while queries go on, compared with it, and takes its place.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::SeedableRng;
use rand::rngs::StdRng;
use scrip_engine::AsOf;
use scrip_ledger::{Account, Balance, Timestamp, Token, decode};
use scrip_projections::ReadSide;
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;

use super::tables::{Tables, database, open};
use super::world::{BOOK, Log, Next, catch_up, folder, follow};

/// What account0 has after each number of events of the log.
fn balances(events: &[Next]) -> BTreeMap<u64, Balance> {
    let mut account = Account::absent(Token::new("account0").unwrap());
    let mut known = BTreeMap::from([(0, account.balance())]);
    for (position, next) in (1..).zip(events) {
        if next.stream == "account-account0" {
            let event = decode(&next.event.event_type, 1, &next.event.payload).unwrap();
            account.evolve(&event, Timestamp::from_micros(next.event.recorded_at));
        }
        known.insert(position, account.balance());
    }
    known
}

async fn generation(side: &ReadSide, wanted: u64) {
    crate::cli::process::until("a new generation is in use", async || {
        let status = side.status();
        status.generation == wanted && status.building.is_none() && status.compared.is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_stay_right_while_a_new_generation_is_built() {
    let path = TempDir::new().unwrap();
    let events = super::histories::sample(4, &mut StdRng::seed_from_u64(21));
    let known = balances(&events);
    let (first, later) = events.split_at(events.len() / 3);
    let mut log = Log::default();
    log.extend(first);
    let side = follow(&log, folder(path.path()), 5).await;
    catch_up(&side).await;
    let done = AtomicBool::new(false);
    let book = Token::new(BOOK).unwrap();
    let asking = async {
        let mut answers = 0;
        let mut last = 0;
        while !done.load(Ordering::Acquire) {
            let page = side.balances(&book, &AsOf::default(), None, 10).await.unwrap();
            assert!(page.position >= last, "an answer of {} after one of {last}", page.position);
            last = page.position;
            let found = page.items.iter().find(|item| item.account.as_str() == "account0");
            let expected = known[&page.position];
            assert_eq!(found.map(|item| item.balance).unwrap_or_default(), expected);
            answers += 1;
        }
        answers
    };
    let growing = async {
        for (round, part) in (2..).zip(later.chunks(later.len().div_ceil(4))) {
            assert!(side.rebuild().unwrap());
            assert!(!side.rebuild().unwrap() || side.status().building.is_none(), "one at a time");
            for next in part {
                let position = log.append(next);
                assert!(side.wait_for(position, std::time::Duration::from_secs(60)).await);
                // Whoever waited for a position is answered of that position.
                let page = side.balances(&book, &AsOf::default(), None, 1).await.unwrap();
                assert!(page.position > position, "{} after {position}", page.position);
            }
            generation(&side, round).await;
            let compared = side.status().compared.unwrap();
            assert_eq!((compared.differences, compared.generation), (0, round), "{compared:?}");
            assert!(compared.rows > 0);
        }
        done.store(true, Ordering::Release);
    };
    let (answers, ()) = tokio::join!(asking, growing);
    assert!(answers > 0);
    catch_up(&side).await;
    side.shutdown().await;
    let tables = Tables::of_folder(path.path()).await;
    super::expected::check(&tables, log.store.as_ref());
}

/// Somebody has changed numbers behind our back: the comparison finds each, tells which, and what takes the place is right.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_row_is_found_and_told() {
    let (path, clean) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut log = Log::default();
    let events = super::histories::sample(2, &mut StdRng::seed_from_u64(22));
    log.extend(&events);
    for folder_of in [&path, &clean] {
        let side = follow(&log, folder(folder_of.path()), 500).await;
        catch_up(&side).await;
        side.shutdown().await;
    }
    let side = follow(&log, folder(path.path()), 500).await;
    catch_up(&side).await;
    let mut connection = open(&database(path.path())).await;
    for sql in [
        "UPDATE lots SET free_nanos = free_nanos + 1 WHERE account = 'account0' AND lot = \
         (SELECT MIN(lot) FROM lots WHERE account = 'account0')",
        "DELETE FROM accounts WHERE account = 'account1'",
        "INSERT INTO holds (account, hold, book, request_id, model, endpoint, amount, amount_nanos, on_credit, \
         on_credit_nanos, expires_at) VALUES ('zoe', 1, 'mixed', 'r', 'm', 'e', 1, 0, 0, 0, 5)",
    ] {
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{sql}");
    }
    connection.close().await.unwrap();
    assert!(side.rebuild().unwrap());
    generation(&side, 2).await;
    let compared = side.status().compared.unwrap();
    assert_eq!(compared.differences, 3, "{compared:?}");
    for told in
        ["lots: account=account0", "accounts: only anew: account=account1", "holds: only here: account=zoe"]
    {
        assert!(compared.examples.iter().any(|example| example.contains(told)), "{told}: {compared:?}");
    }
    side.shutdown().await;
    let (now, expected) = (Tables::of_folder(path.path()).await, Tables::of_folder(clean.path()).await);
    now.assert_same(&expected, "rebuilt, and never touched");
}
