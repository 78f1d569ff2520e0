//! Random histories: however they are cut into batches, and however often who follows them starts anew, the tables hold what
//! follows from the events, and nothing else.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use super::expected;
use super::tables::Tables;
use super::world::{Log, Next, catch_up, folder, follow, interleaved};
use crate::properties::policies;

/// Some histories that are one log.
pub fn log_of(histories: Vec<(policies::Terms, policies::Steps)>, random: &mut StdRng) -> Vec<Next> {
    let played = histories.into_iter().filter_map(|(terms, steps)| policies::play(terms, steps));
    interleaved(played.map(|run| run.history).collect(), random)
}

pub fn histories() -> impl Strategy<Value = Vec<(policies::Terms, policies::Steps)>> {
    prop::collection::vec((policies::terms(), policies::steps()), 1..5)
}

/// A log of some histories that are worth their name, which are the same for the same choices.
pub fn sample(accounts: usize, random: &mut StdRng) -> Vec<Next> {
    let mut runner = TestRunner::deterministic();
    let strategy = (policies::terms(), policies::steps());
    let mut found = Vec::new();
    let mut left_out = random.random_range(0..10);
    while found.len() < accounts {
        let (terms, steps) = strategy.new_tree(&mut runner).unwrap().current();
        match policies::play(terms, steps).filter(|run| run.history.len() > 30) {
            Some(_) if left_out > 0 => left_out -= 1,
            Some(run) => found.push(run.history),
            None => {}
        }
    }
    interleaved(found, random)
}

/// Follows a log while it grows, stopping and starting, in batches of all sizes.
pub async fn grow(log: &mut Log, events: &[Next], path: &std::path::Path, random: &mut StdRng) {
    let mut rest = events;
    while !rest.is_empty() {
        let side = follow(log, folder(path), random.random_range(1..40)).await;
        for _ in 0..random.random_range(1..4) {
            let (now, later) = rest.split_at(random.random_range(0..=rest.len()));
            for next in now {
                log.append(next);
            }
            rest = later;
            if random.random_bool(0.7) && log.len() > 0 {
                catch_up(&side).await;
            }
        }
        side.shutdown().await;
    }
    let side = follow(log, folder(path), 10_000).await;
    catch_up(&side).await;
    assert_eq!(side.status().models.into_iter().find(|model| model.fault.is_some()), None);
    side.shutdown().await;
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn read_models_are_what_follows_from_the_events(histories in histories(), seed in any::<u64>()) {
        let mut random = StdRng::seed_from_u64(seed);
        let events = log_of(histories, &mut random);
        if !events.is_empty() {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let (grown, rebuilt) = (TempDir::new().unwrap(), TempDir::new().unwrap());
                let mut log = Log::default();
                grow(&mut log, &events, grown.path(), &mut random).await;
                let side = follow(&log, folder(rebuilt.path()), 16_384).await;
                catch_up(&side).await;
                side.shutdown().await;
                let (grown, rebuilt) = (Tables::of_folder(grown.path()).await, Tables::of_folder(rebuilt.path()).await);
                grown.assert_same(&rebuilt, "grown, and built from nothing");
                expected::check(&rebuilt, log.store.as_ref());
            });
        }
    }
}
