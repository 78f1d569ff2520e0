//! Random histories against a naive model that shares no code with the ledger. `PROPTEST_CASES` raises how many.

pub mod accounting;
mod checks;
mod migrations;
pub mod model;
pub mod policies;
mod refunds;
pub mod run;
pub mod steps;
pub mod terms;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    /// Every answer, refusals included, equals the model's, and the equations hold after every event.
    #[test]
    fn the_ledger_is_the_model(
        versions in terms::versions(),
        steps in prop::collection::vec(steps::step(), 1..100),
        snapshot in any::<prop::sample::Index>(),
    ) {
        let mut run = run::Run::new(versions);
        for step in &steps {
            run.step(step);
        }
        run.check_coins();
        run.check_snapshot(snapshot.index(run.history.len() + 1));
    }
}

/// The histories are worth their name: they reach every event and every refusal that one account and its book can lead to.
#[test]
fn random_histories_reach_every_event_and_refusal() {
    let mut runner = TestRunner::deterministic();
    let strategy = (terms::versions(), prop::collection::vec(steps::step(), 60..100));
    let (mut events, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..200 {
        let (versions, steps) = strategy.new_tree(&mut runner).unwrap().current();
        let mut run = run::Run::new(versions);
        steps.iter().for_each(|step| run.step(step));
        events.extend(run.history.iter().map(|(event, _)| event.wire_name()));
        refused.extend(run.refused);
    }
    for wire_name in MODELLED {
        assert!(events.contains(wire_name), "no {wire_name}");
    }
    for code in [
        "account_closed",
        "account_frozen",
        "amount_not_allowed",
        "debit_not_found",
        "hold_already_settled",
        "hold_not_found",
        "insufficient_credits",
        "invalid_amount",
        "invalid_time",
        "key_frozen",
        "key_not_found",
        "key_revoked",
        "lot_not_found",
        "measure_not_found",
        "not_eligible",
        "payment_mismatch",
        "unknown_model",
        "unknown_product",
    ] {
        assert!(refused.contains(code), "no {code}");
    }
}

/// The events of credits and calls, which the model knows. What else the terms lead to is tested clause by clause.
const MODELLED: [&str; 20] = [
    "account_opened",
    "key_issued",
    "key_rotated",
    "key_revoked",
    "topped_up",
    "granted",
    "lot_expired",
    "lot_forfeited",
    "debt_repaid",
    "credit_line_set",
    "hold_placed",
    "hold_extended",
    "hold_captured",
    "hold_voided",
    "hold_expired",
    "debited",
    "usage_refunded",
    "frozen",
    "thawed",
    "account_closed",
];

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3_000)
}
