//! What a restart keeps, with the index, without it, and with one that is of another log.

use std::path::Path;
use std::sync::Arc;

use scrip_engine::{EngineError, Options};
use scrip_ledger::Command;
use scrip_ledger::event::SecretHash;
use scrip_store::{EventStore, MemoryStore};

use super::world::{World, capture, debit, hold, open};

/// Traffic over some accounts, each with more events than fit between two snapshots.
async fn play(world: &World, accounts: usize, debits: usize) {
    for account in 0..accounts {
        let id = format!("account-{account}");
        world.account(&id, "1000").await;
        for number in 0..debits {
            world.send(&id, &format!("d-{account}-{number}"), debit("0.5")).await.unwrap();
        }
    }
}

async fn check(world: &World, accounts: usize, debits: usize) {
    for account in 0..accounts {
        let id = format!("account-{account}");
        let left = 1000.0 - debits as f64 * 0.5;
        assert_eq!(world.available(&id).await, left.to_string());
        // The very first key is known, and so is the last.
        for number in [0, debits - 1] {
            let again = world.send(&id, &format!("d-{account}-{number}"), debit("0.5")).await.unwrap();
            assert!(again.replayed, "key {number} of {id}");
            assert_eq!(again.first_revision, number as u64 + 2);
        }
        let other = world.send(&id, &format!("d-{account}-0"), debit("0.7")).await;
        assert_eq!(other.unwrap_err(), EngineError::KeyReused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_everything_with_the_index_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::on_disk(folder.path());
    play(&world, 3, 1100).await;
    world.engine.shutdown().await;
    drop(world);

    let world = World::on_disk(folder.path());
    check(&world, 3, 1100).await;
    assert_eq!(world.engine.stats().events(), 0);
    world.engine.shutdown().await;
    drop(world);

    std::fs::remove_dir_all(folder.path().join("index")).unwrap();
    let world = World::on_disk(folder.path());
    check(&world, 3, 1100).await;
    world.engine.shutdown().await;
}

/// An index that is left from a longer or another log knows keys that never were: it must not be believed.
#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_another_log_is_not_believed() {
    let [one, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let world = World::on_disk(one.path());
    play(&world, 1, 20).await;
    world.engine.shutdown().await;
    drop(world);
    let world = World::on_disk(other.path());
    world.account("account-0", "3").await;
    world.engine.shutdown().await;
    drop(world);
    std::fs::remove_dir_all(other.path().join("index")).unwrap();
    copy(&one.path().join("index"), &other.path().join("index"));

    let world = World::on_disk(other.path());
    assert_eq!(world.available("account-0").await, "3");
    let first = world.send("account-0", "d-0-0", debit("0.5")).await.unwrap();
    assert!(!first.replayed);
    world.engine.shutdown().await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// An account that leaves memory comes back as it was, from its snapshot and what came after.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_leave_memory_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) =
        scrip_store::EmbeddedStore::open(&folder.path().join("log"), super::world::small()).unwrap();
    let options =
        Options { index: Some(folder.path().join("index")), resident_accounts: 2, ..Options::default() };
    let world = World::start(Arc::new(store), options);
    for account in 0..20 {
        world.account(&format!("account-{account}"), "100").await;
    }
    for round in 0..40 {
        for account in 0..20 {
            let id = format!("account-{account}");
            world.send(&id, &format!("d-{account}-{round}"), debit("1")).await.unwrap();
        }
    }
    assert!(world.engine.stats().cold_loads() > 400, "accounts stayed in memory");
    assert!(world.engine.stats().resident_accounts() <= 4);
    for account in 0..20 {
        assert_eq!(world.available(&format!("account-{account}")).await, "60");
    }
    world.engine.shutdown().await;
}

/// Holds that came to their end while nothing ran are expired when it runs again, at the end they had.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_due_while_the_engine_was_down_is_recorded_when_it_is_up() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let world = World::start(Arc::clone(&store), Options::default());
    world.account("alice", "10").await;
    let held = world.send("alice", "h", hold("4")).await.unwrap();
    world.engine.shutdown().await;

    let world = World::start(store, Options::default());
    assert_eq!(world.available("alice").await, "6");
    assert!(world.clock.set(world.clock.now().plus_days(1)));
    world.engine.sweep().await.unwrap();
    let view = world.view("alice").await.unwrap();
    assert_eq!(view.account.next_revision(), 4, "the expiry was recorded by the sweep");
    assert_eq!(view.account.balance().available.to_string(), "10");
    let late = world.send("alice", "c", capture(held.first_revision, "1")).await.unwrap();
    assert!(matches!(&late.events[0], scrip_ledger::Event::HoldCaptured(captured) if captured.late));
    world.engine.shutdown().await;
}

/// Ends an engine as a kill would, as far as its index goes: nothing is handed over any more.
fn lose_the_last_words(folder: &Path, world: World, saved: &Path) {
    drop(world);
    std::fs::remove_dir_all(folder.join("index")).unwrap();
    copy(saved, &folder.join("index"));
}

/// What the index had not taken in when the process was killed is read from the log at the next start; at the one
/// after that it must still be known, although nothing in the log points to it any more.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_index_missed_in_a_crash_is_known_at_the_second_start_too() {
    let folder = tempfile::tempdir().unwrap();
    let saved = tempfile::tempdir().unwrap();
    let world = World::on_disk(folder.path());
    world.account("alice", "10").await;
    world.engine.shutdown().await;
    drop(world);
    copy(&folder.path().join("index"), saved.path());

    let world = World::on_disk(folder.path());
    world.send("alice", "d", debit("1")).await.unwrap();
    world.send("alice", "k", Command::IssueKey { secret: SecretHash::of("one") }).await.unwrap();
    world.send("alice", "r", Command::RotateKey { key: 3, secret: SecretHash::of("two") }).await.unwrap();
    world.send("alice", "h", hold("2")).await.unwrap();
    world.engine.shutdown().await;
    lose_the_last_words(folder.path(), world, saved.path());

    for start in 1..=3 {
        let world = World::on_disk(folder.path());
        assert!(world.send("alice", "d", debit("1")).await.unwrap().replayed, "start {start}");
        let owner = |secret: &str| world.engine.key_owner(&SecretHash::of(secret)).unwrap();
        assert_eq!((owner("one").revoked, owner("two").revoked), (true, false), "start {start}");
        if start == 3 {
            assert!(world.clock.set(world.clock.now().plus_days(1)));
            world.engine.sweep().await.unwrap();
            assert_eq!(
                world.view("alice").await.unwrap().account.next_revision(),
                7,
                "the hold's end was recorded"
            );
        } else {
            // Something else is written, and the index with it.
            world.send("bob", &format!("open-{start}"), open("pixapi")).await.ok();
        }
        world.engine.shutdown().await;
    }
}

/// Keys of calls are kept however the books change how long: a shorter or longer time is no reason to forget.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_how_long_keys_are_kept_forgets_none() {
    let folder = tempfile::tempdir().unwrap();
    for (start, days) in [14, 31, 7, 14].into_iter().enumerate() {
        let (store, _) =
            scrip_store::EmbeddedStore::open(&folder.path().join("log"), super::world::small()).unwrap();
        let mut files = super::world::files("pixapi");
        files.policy.idempotency.call_key_days = days;
        let options = Options { index: Some(folder.path().join("index")), ..Options::default() };
        let clock = scrip_engine::Clock::manual(scrip_ledger::Timestamp::from_micros(super::world::START));
        let book = scrip_ledger::book::Book::from_files(files);
        let engine =
            scrip_engine::Engine::start(Arc::new(store), vec![book], clock.clone(), options).unwrap();
        let world = World { engine, clock };
        if start == 0 {
            world.account("alice", "10").await;
        }
        for earlier in 0..=start {
            let answer = world.send("alice", &format!("d-{earlier}"), debit("1")).await.unwrap();
            assert_eq!(answer.replayed, earlier < start, "key {earlier} at start {start}");
        }
        world.engine.shutdown().await;
    }
}

/// Keys' secrets are known again after a restart, and so is that they were revoked.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::on_disk(folder.path());
    world.account("alice", "1").await;
    for (key, secret) in [("k1", "one"), ("k2", "two")] {
        let secret = SecretHash::of(secret);
        world.send("alice", key, Command::IssueKey { secret }).await.unwrap();
    }
    world.send("alice", "r", Command::RotateKey { key: 2, secret: SecretHash::of("three") }).await.unwrap();
    world.send("alice", "x", Command::RevokeKey { key: 3, reason: None }).await.unwrap();
    check_secrets(&world);
    world.engine.shutdown().await;
    drop(world);
    for index_is_lost in [false, true] {
        if index_is_lost {
            std::fs::remove_dir_all(folder.path().join("index")).unwrap();
        }
        let world = World::on_disk(folder.path());
        check_secrets(&world);
        world.engine.shutdown().await;
    }
}

fn check_secrets(world: &World) {
    let owner = |secret: &str| {
        world.engine.key_owner(&SecretHash::of(secret)).map(|owner| (owner.key, owner.revoked))
    };
    assert_eq!(owner("one"), Some((2, true)), "rotated away");
    assert_eq!(owner("two"), Some((3, true)), "revoked");
    assert_eq!(owner("three"), Some((2, false)));
    assert_eq!(owner("four"), None);
}
