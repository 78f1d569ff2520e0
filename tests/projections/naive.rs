//! The naive model of the properties, which shares no code with the ledger, against balances and lots.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use scrip_ledger::Credits;
use tempfile::TempDir;

use super::tables::{Tables, nanos, text};
use super::world::{Log, catch_up, folder, follow, of_account};
use crate::properties::{model::Place, run, steps, terms};

/// Histories that are played; all of them are in one log.
const HISTORIES: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn the_naive_model_has_the_same_balances_and_lots() {
    let mut runner = TestRunner::default();
    let strategy = (terms::versions(), prop::collection::vec(steps::step(), 1..100));
    let played: Vec<(String, run::Run)> = (0..HISTORIES)
        .map(|number| {
            let (versions, steps) = strategy.new_tree(&mut runner).unwrap().current();
            let mut run = run::Run::new(versions);
            steps.iter().for_each(|step| run.step(step));
            (format!("a{number}"), run)
        })
        .collect();
    let mut log = Log::default();
    for (name, run) in &played {
        for (event, at) in &run.history {
            log.append(&of_account(name, event, *at));
        }
    }
    let path = TempDir::new().unwrap();
    let side = follow(&log, folder(path.path()), 300).await;
    catch_up(&side).await;
    side.shutdown().await;
    let tables = Tables::of_folder(path.path()).await;
    let rows = |table: &str, name: &str| {
        let rows = tables.rows(table).iter().filter(|row| text(row, "account") == Some(name));
        rows.cloned().collect::<Vec<_>>()
    };
    for (name, run) in &played {
        let model = run.model.account(run::ACCOUNT).unwrap();
        let balance = &rows("balances", name)[0];
        let expected = model.balance();
        for column in ["available", "posted", "held", "frozen", "debt", "credit_limit"] {
            let amount = expected[column].as_str().unwrap_or("0");
            let found = Credits::from_nanos(nanos(balance, column)).to_string();
            assert_eq!(found, amount, "{column} of {name}: {expected}");
        }
        let lots = rows("lots", name);
        for row in &lots {
            let lot: u64 = text(row, "lot").unwrap().parse().unwrap();
            for (column, credits) in [
                ("free", model.of(lot, Place::Free)),
                ("held", model.held_of(lot)),
                ("spent", model.spent_of(lot)),
                ("expired", model.of(lot, Place::Expired)),
                ("forfeited", model.of(lot, Place::Forfeited)),
            ] {
                assert_eq!(nanos(row, column), credits, "{column} of lot {lot} of {name}");
            }
        }
        assert_eq!(lots.len(), run.account.lots().len());
        let open: i128 = rows("holds", name).iter().map(|row| nanos(row, "amount")).sum();
        assert_eq!(open, model.held() + model.on_credit(), "holds of {name}");
    }
}
