//! Random histories against a naive model that shares no code with the ledger. `PROPTEST_CASES` raises how many.

mod checks;
pub mod model;
pub mod run;
pub mod steps;
pub mod terms;

use proptest::prelude::*;

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

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3_000)
}
