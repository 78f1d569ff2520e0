//! Another writer on the same store: what was decided on a stale account is decided again, never written twice.

use std::sync::Arc;

use scrip_engine::Options;
use scrip_ledger::book::GrantSource;
use scrip_ledger::event::Granted;
use scrip_ledger::{Event, encode};
use scrip_store::{EventStore, Expected, Group, MemoryStore, NewEvent, StreamAppend, StreamName};
use uuid::Uuid;

use super::world::{START, World, debit};

/// Grants one credit behind the engine's back; says whether it was there first.
fn grant_behind(store: &dyn EventStore, account: &str, number: u128) -> bool {
    let stream = StreamName::new(&format!("account-{account}")).unwrap();
    let head = store.stream_head(&stream).unwrap().unwrap();
    let event = Event::from(Granted {
        source: GrantSource::Compensation,
        campaign: None,
        credits: "1".parse().unwrap(),
        expires_at: None,
        priority: 0,
        reason: None,
        approval: None,
        dispute: None,
    });
    let event = NewEvent {
        id: Uuid::from_u128(number + 1),
        event_type: event.wire_name().into(),
        version: 1,
        recorded_at: head.recorded_at.max(START),
        effective_at: START,
        actor: "rival".into(),
        correlation: "".into(),
        causation: "".into(),
        key: "".into(),
        fingerprint: [0; 16],
        payload: encode(&event),
    };
    let append = StreamAppend { stream, expected: Expected::Revision(head.revision), events: vec![event] };
    store.append(&[Group { appends: vec![append] }]).unwrap()[0].is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_lose_and_double_nothing() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let world = Arc::new(World::start(Arc::clone(&store), Options::default()));
    world.account("alice", "100000").await;
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..8 {
        let world = Arc::clone(&world);
        callers.spawn(async move {
            let mut debited = 0;
            for number in 0..200 {
                // A caller that is told to come back, because rivals were faster every time, does.
                while let Err(error) = world.send("alice", &format!("d-{caller}-{number}"), debit("1")).await
                {
                    assert_eq!(error, scrip_engine::EngineError::Overloaded);
                }
                debited += 1;
            }
            debited
        });
    }
    let rival = std::thread::spawn({
        let store = Arc::clone(&store);
        move || (0..2000).filter(|number| grant_behind(store.as_ref(), "alice", *number)).count()
    });
    let debited: u64 = callers.join_all().await.into_iter().sum();
    let granted = rival.join().unwrap() as u64;
    assert!(granted > 0);
    assert!(world.engine.stats().conflicts() > 0, "the rival never came first");
    world.engine.shutdown().await;
    // Folded afresh: every debit once, every grant once.
    let world = World::start(store, Options::default());
    assert_eq!(world.available("alice").await, (100_000 + granted - debited).to_string());
}
