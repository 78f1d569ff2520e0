//! Too much at once, a full disk, a disk that fails.

use std::sync::Arc;

use scrip_engine::{EngineError, Options};
use scrip_store::EmbeddedStore;
use scrip_store::fault::{FaultDisk, Faults};

use super::world::{World, debit, small};

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_the_queue_is_turned_away_and_nothing_of_it_recorded() {
    let options = Options { max_in_flight: 4, ..Options::default() };
    let world = Arc::new(World::start(Arc::new(scrip_store::MemoryStore::new()), options));
    world.account("alice", "100").await;
    let batch = |from: usize, count: usize| {
        (from..from + count)
            .map(|n| super::world::request("alice", &format!("b-{n}"), debit("1")))
            .collect::<Vec<_>>()
    };
    let answers = world.engine.submit_batch(batch(0, 5)).await;
    assert!(
        answers.iter().all(|answer| answer.as_ref().is_err_and(|error| *error == EngineError::Overloaded))
    );
    assert_eq!(world.available("alice").await, "100");
    assert!(world.engine.submit_batch(batch(0, 4)).await.iter().all(Result::is_ok));
    assert_eq!(world.available("alice").await, "96");
    assert_eq!(world.engine.stats().overloaded(), 5);
    assert_eq!(world.engine.stats().in_flight(), 0);
}

fn on(disk: &FaultDisk) -> World {
    let (store, _) = EmbeddedStore::open_on(Arc::new(disk.clone()), small()).unwrap();
    World::start(Arc::new(store), Options::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_commands_loses_nothing_and_recovers() {
    let disk = FaultDisk::new(1);
    let world = on(&disk);
    world.account("alice", "100000").await;
    let mut paid = 0;
    disk.set_faults(Faults { capacity: Some(0), ..Faults::default() });
    let refused = loop {
        match world.send("alice", &format!("d-{paid}"), debit("1")).await {
            Ok(_) => paid += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, EngineError::Full);
    // Reads go on, and what was refused is not in them.
    assert_eq!(world.available("alice").await, (100_000 - paid).to_string());
    disk.set_faults(Faults::default());
    let again = world.send("alice", &format!("d-{paid}"), debit("1")).await.unwrap();
    assert!(!again.replayed);
    assert_eq!(world.available("alice").await, (100_000 - paid - 1).to_string());
    world.engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_ends_writing_until_a_restart_and_the_key_tells_what_was_recorded() {
    let disk = FaultDisk::new(2);
    let world = on(&disk);
    world.account("alice", "100").await;
    disk.set_faults(Faults { failing_syncs: 1000, ..Faults::default() });
    assert_eq!(world.send("alice", "d", debit("1")).await.unwrap_err(), EngineError::Unavailable);
    assert!(!world.engine.is_healthy());
    disk.set_faults(Faults::default());
    // The disk is well again, but what it holds is unknown: nothing is answered, reads included.
    assert_eq!(world.send("alice", "e", debit("1")).await.unwrap_err(), EngineError::Unavailable);
    assert_eq!(world.view("alice").await.unwrap_err(), EngineError::Unavailable);
    world.engine.shutdown().await;
    drop(world);

    let world = on(&disk);
    let again = world.send("alice", "d", debit("1")).await.unwrap();
    assert_eq!(
        world.available("alice").await,
        "99",
        "once, whether it was recorded then or now: {}",
        again.replayed
    );
    world.engine.shutdown().await;
}
