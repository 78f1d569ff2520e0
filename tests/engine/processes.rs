//! Processes: a crash between any two steps of a migration, and what it leaves behind.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use scrip_engine::{Clock, Engine, EngineError, Options};
use scrip_ledger::book::policy::{MoveRule, MoveWhen};
use scrip_ledger::book::{Book, GrantSource};
use scrip_ledger::command::{Grant, Migrate};
use scrip_ledger::event::{AccountClosed, ClosedBy};
use scrip_ledger::{Account, Bucket, Command, Credits, Event, Timestamp, encode};
use scrip_store::{EventStore, Expected, Group, MemoryStore, NewEvent, StreamAppend, StreamName};
use uuid::Uuid;

use super::crashing::{Crashing, count};
use super::world::{START, World, files, grant, token, top_up};

/// An engine on a book that lets balances move at any time.
fn start(store: Arc<dyn EventStore>, index: Option<&Path>) -> World {
    let clock = Clock::manual(Timestamp::from_micros(START));
    let mut files = files("pixapi");
    files.policy.migration = MoveRule { when: MoveWhen::Always, ..MoveRule::default() };
    let options = Options { index: index.map(Path::to_owned), ..Options::default() };
    let engine = Engine::start(store, vec![Book::from_files(files)], clock.clone(), options).unwrap();
    World { engine, clock }
}

fn migrate(to: &str, credits: Option<&str>) -> Command {
    Command::Migrate(Migrate {
        to: token(to),
        credits: credits.map(|credits| credits.parse().unwrap()),
        reason: token("requested"),
        by: token("finance"),
        target: None,
    })
}

/// A grant that ends a day after the start.
fn ending() -> Command {
    let Command::Grant(grant) = grant("4") else { unreachable!() };
    let expires_at = Some(Timestamp::from_micros(START).plus_days(1));
    Command::Grant(Grant { source: GrantSource::Promotional, expires_at, ..grant })
}

/// Alice has what she paid for, 10 granted credits, and 4 that end in a day; bob has one.
async fn set_up(world: &World) {
    world.account("alice", "10").await;
    world.account("bob", "1").await;
    world.send("alice", "pay", top_up("order-1", "pi-1")).await.unwrap();
    world.send("alice", "ending", ending()).await.unwrap();
}

async fn account(world: &World, id: &str) -> Account {
    world.view(id).await.unwrap().account
}

/// Order, price, end, priority and credits of what is free of each lot.
fn holdings(account: &Account) -> Vec<String> {
    let free = account.live_lots();
    let mut all: Vec<String> = free
        .map(|lot| {
            format!("{:?} {:?} {:?} {} {}", lot.source, lot.basis, lot.expires_at, lot.priority, lot.free)
        })
        .collect();
    all.sort();
    all
}

fn closed() -> Event {
    AccountClosed {
        by: ClosedBy::Holder,
        reason: None,
        announced: None,
        breach: None,
        remainder: None,
        effective_at: None,
    }
    .into()
}

/// Writes an event to an account as another node would.
fn write_behind(store: &dyn EventStore, account: &str, event: &Event) {
    let stream = StreamName::new(&format!("account-{account}")).unwrap();
    let head = store.stream_head(&stream).unwrap().unwrap();
    let event = NewEvent {
        id: Uuid::from_u128(7),
        event_type: event.wire_name().into(),
        version: 1,
        recorded_at: head.recorded_at,
        effective_at: head.recorded_at,
        actor: "rival".into(),
        correlation: "".into(),
        causation: "".into(),
        key: "".into(),
        fingerprint: [0; 16],
        payload: encode(event),
    };
    let append = StreamAppend { stream, expected: Expected::Revision(head.revision), events: vec![event] };
    assert!(store.append(&[Group { appends: vec![append] }]).unwrap()[0].is_ok());
}

/// Stops at an event, starts again twice, and looks at what has become of the migration.
async fn crash_at(at: &'static str, after: bool, with_index: bool) {
    let what = format!("{at}, written: {after}, index: {with_index}");
    let folder = tempfile::tempdir().unwrap();
    let index = with_index.then(|| folder.path().join("index"));
    let inner: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let world = start(Crashing::new(&inner, at, after), index.as_deref());
    set_up(&world).await;
    let before = holdings(&account(&world, "alice").await);
    let first = world.send("alice", "move", migrate("bob", None)).await;
    if at == "migration_started" {
        assert_eq!(first.unwrap_err(), EngineError::Unavailable, "{what}");
    } else {
        assert_eq!(first.unwrap().events.len(), 1, "{what}");
    }
    world.engine.shutdown().await;
    drop(world);

    let mut answers = Vec::new();
    for round in 0..2 {
        let world = start(Arc::clone(&inner), index.as_deref());
        // What was under way goes on by itself.
        world.engine.sweep().await.unwrap();
        let moved = at != "migration_started" || after || round > 0;
        assert_eq!(account(&world, "alice").await.live_lots().count() == 0, moved, "{what}");
        let again = world.send("alice", "move", migrate("bob", None)).await.unwrap();
        assert_eq!(again.replayed, moved, "{what}");
        answers.push((again.first_revision, again.events, again.position));
        let (alice, bob) = (account(&world, "alice").await, account(&world, "bob").await);
        assert!(!alice.waits_for_process(), "{what}");
        assert!(holdings(&alice).is_empty(), "{what}");
        let mut arrived = holdings(&bob);
        arrived.retain(|lot| before.contains(lot));
        assert_eq!(arrived, before, "{what}");
        assert_eq!(bob.live_lots().count(), before.len() + 1, "{what}");
        world.engine.shutdown().await;
    }
    assert_eq!(answers[0], answers[1], "{what}");
    for (event, times) in [("migration_started", 1), ("lot_received", 3), ("migration_completed", 1)] {
        assert_eq!(count(inner.as_ref(), event), times, "{what}: {event}");
    }
}

/// A migration is finished exactly once, wherever the engine stopped and whatever it had been told of its last write.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_any_two_steps_of_a_migration_loses_and_doubles_nothing() {
    for at in ["migration_started", "lot_received", "migration_completed"] {
        for after in [false, true] {
            for with_index in [false, true] {
                crash_at(at, after, with_index).await;
            }
        }
    }
}

/// What is refused where it went comes back, once, and what ended on its way expires at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_refused_after_a_crash_comes_back() {
    for (at, after) in [("lot_received", false), ("migration_reversed", false), ("migration_reversed", true)]
    {
        let inner: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
        let world = start(Crashing::new(&inner, "lot_received", false), None);
        set_up(&world).await;
        let free = account(&world, "alice").await.balance().posted;
        world.send("alice", "move", migrate("bob", None)).await.unwrap();
        world.engine.shutdown().await;
        write_behind(inner.as_ref(), "bob", &closed());
        if at == "migration_reversed" {
            let world = start(Crashing::new(&inner, at, after), None);
            let _unavailable = world.engine.sweep().await;
            world.engine.shutdown().await;
        }

        let world = start(Arc::clone(&inner), None);
        world.clock.set(Timestamp::from_micros(START).plus_days(2));
        world.engine.sweep().await.unwrap();
        let alice = account(&world, "alice").await;
        assert!(!alice.waits_for_process() && alice.inconsistency().is_none(), "{at}, written: {after}");
        let four: Credits = "4".parse().unwrap();
        assert_eq!(alice.balance().posted, free.minus(four).unwrap(), "{at}, written: {after}");
        let gone = |bucket| alice.lots().iter().map(|lot| lot.bucket(bucket)).sum::<Credits>();
        assert_eq!((gone(Bucket::Expired), gone(Bucket::Migrated)), (four, Credits::ZERO));
        assert_eq!(account(&world, "bob").await.balance().posted, "1".parse().unwrap());
        let reversed = count(inner.as_ref(), "migration_reversed");
        assert_eq!((reversed, count(inner.as_ref(), "lot_received")), (1, 0), "{at}, written: {after}");
        // The caller is told what it was told before; what came back may leave again, elsewhere.
        assert!(world.send("alice", "move", migrate("bob", None)).await.unwrap().replayed);
        world.account("carol", "1").await;
        world.send("alice", "move-again", migrate("carol", None)).await.unwrap();
        assert_eq!(account(&world, "alice").await.balance().posted, Credits::ZERO);
        world.engine.shutdown().await;
    }
}

/// Migrations to and fro at the same time wait for each other nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn migrations_in_circles_all_arrive() {
    let world = Arc::new(start(Arc::new(MemoryStore::new()), None));
    let names = ["alice", "bob", "carol", "dave"];
    for name in names {
        world.account(name, "100").await;
    }
    let mut callers = tokio::task::JoinSet::new();
    for (at, name) in names.into_iter().enumerate() {
        let world = Arc::clone(&world);
        callers.spawn(async move {
            for round in 0..10 {
                let to = names[(at + 1 + round % 3) % 4];
                let key = format!("{name}-{round}");
                match world.send(name, &key, migrate(to, Some("1"))).await {
                    Ok(done) => assert!(!done.replayed),
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    world.engine.sweep().await.unwrap();
    let mut sum = Credits::ZERO;
    for name in names {
        let account = account(&world, name).await;
        assert!(!account.waits_for_process());
        sum = sum.plus(account.balance().posted).unwrap();
    }
    assert_eq!(sum, "400".parse().unwrap());
    world.engine.shutdown().await;
}

/// One random migration: from, to, and how much in tenths of a credit; nothing for all.
type Move = (usize, usize, Option<u32>);

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever moves between accounts, and wherever the engine is stopped on the way: every order's credits, and what
    /// was paid for them, stay what they were over all accounts together.
    #[test]
    fn migrations_conserve_credits_and_what_was_paid(
        moves in prop::collection::vec((0..4usize, 0..4usize, prop::option::of(1..400u32)), 1..25),
        stops in prop::collection::vec(any::<bool>(), 25),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(random_moves(&moves, &stops));
    }
}

async fn random_moves(moves: &[Move], stops: &[bool]) {
    static RUN: AtomicU64 = AtomicU64::new(0);
    let names = ["alice", "bob", "carol", "dave"];
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let mut world = start(Arc::clone(&store), None);
    for name in names {
        world.account(name, "7.5").await;
        world
            .send(name, &format!("pay-{name}"), top_up(&format!("order-{name}"), &format!("pi-{name}")))
            .await
            .unwrap();
    }
    let by_basis = async |world: &World| {
        let mut sums = std::collections::BTreeMap::<String, Credits>::new();
        for name in names {
            let account = account(world, name).await;
            assert!(account.inconsistency().is_none() && !account.waits_for_process());
            for lot in account.live_lots() {
                let sum = sums.entry(format!("{:?} {:?}", lot.basis, lot.source)).or_default();
                *sum = sum.plus(lot.free).unwrap();
            }
        }
        sums
    };
    let before = by_basis(&world).await;
    for ((from, to, tenths), stop) in moves.iter().zip(stops) {
        let credits = tenths.map(|tenths| Credits::from_nanos(i128::from(tenths) * 100_000_000).to_string());
        let key = format!("move-{}", RUN.fetch_add(1, Ordering::Relaxed));
        match world.send(names[*from], &key, migrate(names[*to], credits.as_deref())).await {
            Ok(_) | Err(EngineError::Refused(_)) => {}
            Err(error) => panic!("{error}"),
        }
        if *stop {
            world.engine.shutdown().await;
            world = start(Arc::clone(&store), None);
            world.engine.sweep().await.unwrap();
        }
    }
    assert_eq!(by_basis(&world).await, before);
    world.engine.shutdown().await;
}
