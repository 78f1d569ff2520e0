//! Many callers at once. Every answer, refusals included, must be the naive model's at that place of the log.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use scrip_engine::{Accepted, EngineError};
use scrip_ledger::book::Outcome;
use scrip_ledger::command::RefundDebit;
use scrip_ledger::{Command, Event, FreezeScope, Timestamp, command};
use scrip_store::{EmbeddedStore, EventStore, MemoryStore};
use serde_json::{Value, json};

use super::world::{World, capture, debit, grant, hold, open, small, token, top_up};
use crate::properties::model::{Model, Terms};
use crate::properties::run::observed;

const ACCOUNTS: usize = 3;
const CALLERS: u64 = 16;
const COMMANDS: usize = 25;
const ROUNDS: u64 = 4;

/// A command that was sent, and its answer: given somewhere between two ends of the log.
struct Shot {
    account: String,
    command: Value,
    answer: Result<Accepted, EngineError>,
    before: u64,
    after: u64,
}

/// What one caller has seen: holds and debits that it may name later.
#[derive(Clone, Default)]
struct Seen {
    holds: Vec<(String, u64)>,
    debits: Vec<(String, u64)>,
}

async fn call(world: Arc<World>, seed: u64, mut seen: Seen) -> (HashMap<String, Shot>, Seen) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut shots = HashMap::new();
    let end = || world.engine.store().head().unwrap().next_position;
    for number in 0..COMMANDS {
        let (account, command) = command(&mut random, &seen, seed, number);
        let key = format!("k-{seed}-{number}");
        let before = end();
        let answer = world.send(&account, &key, command.clone()).await;
        if let Ok(accepted) = &answer {
            for (at, event) in accepted.events.iter().enumerate() {
                let revision = accepted.first_revision + at as u64;
                match event {
                    Event::HoldPlaced(_) => seen.holds.push((account.clone(), revision)),
                    Event::HoldCaptured(_) | Event::Debited(_) => {
                        seen.debits.push((account.clone(), revision))
                    }
                    _ => {}
                }
            }
            if random.random_bool(0.2) {
                let again = world.send(&account, &key, command.clone()).await.unwrap();
                assert!(again.replayed);
                assert_eq!((&again.events, again.position), (&accepted.events, accepted.position));
            }
        }
        let after = end();
        let command = serde_json::to_value(&command).unwrap();
        shots.insert(key, Shot { account, command, answer, before, after });
    }
    (shots, seen)
}

fn command(random: &mut StdRng, seen: &Seen, seed: u64, number: usize) -> (String, Command) {
    let account = format!("account-{}", random.random_range(0..ACCOUNTS));
    let amount = format!("{}.{:03}", random.random_range(0..3), random.random_range(1..1000));
    let known = |random: &mut StdRng, of: &[(String, u64)]| {
        (!of.is_empty()).then(|| of[random.random_range(0..of.len())].clone())
    };
    let reason = token("test");
    match random.random_range(0..100) {
        0..35 => (account, debit(&amount)),
        35..60 => (account, hold(&amount)),
        60..78 => match known(random, &seen.holds) {
            Some((account, revision)) => (account, capture(revision, &amount)),
            None => (account, capture(1, &amount)),
        },
        78..84 => match known(random, &seen.holds) {
            Some((account, hold)) => (account, Command::VoidHold { hold, outcome: Outcome::Failed }),
            None => (account, Command::VoidHold { hold: 1_000_000, outcome: Outcome::Failed }),
        },
        84..88 => match known(random, &seen.debits) {
            Some((account, debit)) => {
                let refund = RefundDebit { debit, reason, amount: Some(amount.parse().unwrap()), past: None };
                (account, Command::RefundDebit(refund))
            }
            None => (account, debit(&amount)),
        },
        88..91 => (account, grant(&amount)),
        // Few payments, so that some are used twice, by any account.
        91..94 => {
            (account, top_up(&format!("o-{seed}-{number}"), &format!("p-{}", random.random_range(0..40))))
        }
        94..96 => (
            account,
            Command::Freeze(command::Freeze {
                scope: FreezeScope::Account,
                reason,
                effective_at: None,
                owner_wide: false,
                origin: None,
                preserve_logs: false,
            }),
        ),
        96..99 => (account, Command::Thaw { freeze: None, reason }),
        _ => (account, Command::SetCreditLine { limit: amount.parse().unwrap() }),
    }
}

async fn run(store: Arc<dyn EventStore>, seed: u64) {
    let world =
        Arc::new(World::start(store, scrip_engine::Options { resident_accounts: 2, ..Default::default() }));
    let mut shots = HashMap::new();
    for account in 0..ACCOUNTS {
        let account = format!("account-{account}");
        for (name, command) in [("open", open("pixapi")), ("grant", grant("40"))] {
            let key = format!("{name}-{account}");
            let before = world.engine.store().head().unwrap().next_position;
            let answer = world.send(&account, &key, command.clone()).await;
            let after = world.engine.store().head().unwrap().next_position;
            let command = serde_json::to_value(&command).unwrap();
            shots.insert(key, Shot { account: account.clone(), command, answer, before, after });
        }
    }
    let mut seen = vec![Seen::default(); CALLERS as usize];
    for round in 0..ROUNDS {
        let mut callers = tokio::task::JoinSet::new();
        for (caller, seen) in (0..CALLERS).zip(std::mem::take(&mut seen)) {
            callers.spawn(call(Arc::clone(&world), seed * 10_000 + round * 100 + caller, seen));
        }
        for (fired, now_seen) in callers.join_all().await {
            shots.extend(fired);
            seen.push(now_seen);
        }
        // Between the rounds time passes: holds expire.
        assert!(world.clock.set(world.clock.now().plus_seconds(400)));
        world.engine.sweep().await.unwrap();
    }
    check(&world, shots);
    world.engine.shutdown().await;
}

/// Replays the log, command by command, through the model.
fn check(world: &World, mut shots: HashMap<String, Shot>) {
    let terms = Terms {
        catalogs: vec![serde_json::to_value(world.engine.books()[0].catalog(Timestamp::MAX)).unwrap()],
        policies: vec![serde_json::to_value(world.engine.books()[0].policy(Timestamp::MAX)).unwrap()],
    };
    let blank = Model::new([("pixapi".to_owned(), terms)]);
    // After each command of an account: the number of events in the log then, and the model.
    let mut states: BTreeMap<String, Vec<(u64, Model)>> = BTreeMap::new();
    let log = world.engine.store().read_all(0, usize::MAX).unwrap();
    let of_accounts: Vec<_> =
        log.iter().filter(|event| event.stream.as_str().starts_with("account-")).collect();
    let mut accepted = 0;
    for group in of_accounts.chunk_by(|one, next| {
        one.stream == next.stream
            && one.event.correlation == next.event.correlation
            && one.event.actor == next.event.actor
    }) {
        let account = group[0].stream.as_str().strip_prefix("account-").unwrap().to_owned();
        let history = states.entry(account.clone()).or_insert_with(|| vec![(0, blank.clone())]);
        let mut model = history.last().unwrap().1.clone();
        let last = group[group.len() - 1];
        let now = last.event.recorded_at;
        if last.event.actor == "system" {
            model.apply(&account, &json!({ "op": "sweep" }), now).unwrap();
        } else {
            let shot =
                shots.remove(last.event.correlation.as_str()).expect("every recorded command was sent, once");
            assert_eq!(shot.account, account);
            let answer = shot.answer.expect("what is recorded was accepted");
            let expected = model.apply(&account, &shot.command, now);
            let events: Vec<_> = answer.events.iter().map(observed).collect();
            assert_eq!(Ok(events), expected.map(|answer| answer.events), "{}", shot.command);
            assert_eq!(answer.position, last.position);
            accepted += 1;
        }
        history.push((last.position + 1, model));
    }
    let mut refused = 0;
    for shot in shots.into_values() {
        let Err(error) = shot.answer else { panic!("accepted and not recorded: {}", shot.command) };
        let EngineError::Refused(refusal) = error else { panic!("{error}: {}", shot.command) };
        // A payment that another account used is beyond what a model of one account can know.
        if refusal.code() == "payment_already_used" {
            continue;
        }
        let history = &states[&shot.account];
        let first = history.partition_point(|(end, _)| *end <= shot.before).saturating_sub(1);
        let last = history.partition_point(|(end, _)| *end <= shot.after);
        let now = world.clock.now().micros();
        let code_at = |model: &Model| {
            // The clock stood still while it was decided: at one of the rounds' times.
            (0..=ROUNDS).any(|back| {
                let now = now - i64::try_from(back).unwrap() * 400_000_000;
                model.ask(&shot.account, &shot.command, now).is_err_and(|code| code == refusal.code())
            })
        };
        assert!(
            history[first..last].iter().any(|(_, model)| code_at(model)),
            "{} was refused as {} where the model does not",
            shot.command,
            refusal.code()
        );
        refused += 1;
    }
    assert!(accepted > 300 && refused > 100, "{accepted} accepted and {refused} refused: a weak run");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_concurrent_answer_is_the_models_in_memory() {
    for seed in 1..=3 {
        run(Arc::new(MemoryStore::new()), seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_concurrent_answer_is_the_models_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = EmbeddedStore::open(folder.path(), small()).unwrap();
    run(Arc::new(store), 4).await;
}

/// A payment is used once, however many accounts claim it at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn one_payment_tops_up_one_account() {
    let world = Arc::new(World::in_memory());
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..32 {
        let account = format!("claimant-{caller}");
        world.account(&account, "1").await;
        let world = Arc::clone(&world);
        callers.spawn(async move {
            world.send(&account, &account, top_up(&format!("order-{caller}"), "pi-1")).await
        });
    }
    let answers = callers.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for error in answers.into_iter().filter_map(Result::err) {
        let EngineError::Refused(refusal) = error else { panic!("{error}") };
        assert_eq!(refusal.code(), "payment_already_used");
    }
}

/// The same key at once from many callers: decided once, answered the same to all.
#[tokio::test(flavor = "multi_thread")]
async fn one_key_sent_at_once_is_carried_out_once() {
    let world = Arc::new(World::in_memory());
    world.account("alice", "10").await;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let world = Arc::clone(&world);
        callers.spawn(async move { world.send("alice", "one", debit("1")).await.unwrap() });
    }
    let answers = callers.join_all().await;
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert!(
        answers
            .iter()
            .all(|answer| answer.events == answers[0].events && answer.position == answers[0].position)
    );
    assert_eq!(world.available("alice").await, "9");
    let other = world.send("alice", "one", debit("2")).await;
    assert_eq!(other.unwrap_err(), EngineError::KeyReused);
}
