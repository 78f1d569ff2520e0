//! A measure against an owner that was interrupted: it is finished exactly once, wherever the log breaks off.

use std::sync::Arc;

use scrip_engine::Options;
use scrip_ledger::command::{Freeze, Open};
use scrip_ledger::event::Attestations;
use scrip_ledger::{Command, FreezeScope};
use scrip_store::{EventStore, Expected, Group, MemoryStore, Recorded, StreamAppend};

use super::world::{World, token};

const ACCOUNTS: [&str; 3] = ["one", "two", "three"];

fn open() -> Command {
    Command::Open(Open {
        book: token("aiproxynode"),
        owner: Some(token("person")),
        region: Some("DE".into()),
        attestations: Some(Attestations {
            age_at_least: Some(21),
            accurate_information: true,
            not_sanctioned: Some(true),
        }),
        terms_version: None,
        frozen: None,
    })
}

fn freeze() -> Command {
    Command::Freeze(Freeze {
        scope: FreezeScope::Account,
        reason: token("abuse"),
        effective_at: None,
        owner_wide: true,
        origin: None,
        preserve_logs: false,
    })
}

/// A log that breaks off after so many events.
fn broken_off(log: &[Recorded], after: usize) -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    for recorded in &log[..after] {
        let expected = recorded.revision.checked_sub(1).map_or(Expected::NoStream, Expected::Revision);
        let append =
            StreamAppend { stream: recorded.stream.clone(), expected, events: vec![recorded.event.clone()] };
        store.append(&[Group { appends: vec![append] }]).unwrap().remove(0).unwrap();
    }
    Arc::new(store)
}

fn count(log: &[Recorded], event_type: &str) -> usize {
    log.iter().filter(|recorded| recorded.event.event_type == event_type).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_measure_that_spreads_is_finished_once_wherever_the_log_breaks_off() {
    let store = Arc::new(MemoryStore::new());
    let world = World::start(store.clone(), Options::default());
    for account in ACCOUNTS {
        world.send(account, &format!("open-{account}"), open()).await.unwrap();
    }
    world.send("one", "freeze", freeze()).await.unwrap();
    let thaw = Command::Thaw { freeze: None, reason: token("cleared") };
    world.send("one", "thaw", thaw).await.unwrap();
    world.engine.shutdown().await;
    let log = store.read_all(0, 1_000).unwrap();
    assert_eq!((count(&log, "frozen"), count(&log, "thawed"), count(&log, "measure_spread")), (3, 3, 2));

    let first = log.iter().position(|recorded| recorded.event.event_type == "frozen").unwrap();
    for after in first + 1..=log.len() {
        let thawed = count(&log[..after], "thawed") > 0;
        let store = broken_off(&log, after);
        let world = World::start(store.clone(), Options::default());
        world.engine.sweep().await.unwrap();
        for account in ACCOUNTS {
            let account = world.view(account).await.unwrap().account;
            assert_eq!(account.account_freeze().is_none(), thawed, "{} after {after} events", account.id());
            assert!(account.records().measures.spreads().is_empty());
        }
        world.engine.shutdown().await;
        let log = store.read_all(0, 1_000).unwrap();
        let counted = (count(&log, "frozen"), count(&log, "thawed"), count(&log, "measure_spread"));
        assert_eq!(counted, if thawed { (3, 3, 2) } else { (3, 0, 1) }, "after {after} events");
    }
}
