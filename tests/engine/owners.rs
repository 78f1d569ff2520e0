//! The accounts of an owner: a measure against all of them reaches those that are opened later, too.

use std::sync::Arc;

use scrip_engine::{EngineError, Options};
use scrip_ledger::command::{Freeze, Open};
use scrip_ledger::{Command, FreezeScope, Refusal};
use scrip_store::{EventStore, MemoryStore};

use super::world::{World, open, request, token};

fn open_for(owner: &str) -> Command {
    match open("pixapi") {
        Command::Open(open) => Command::Open(Open { owner: Some(token(owner)), ..open }),
        other => other,
    }
}

fn freeze() -> Command {
    Command::Freeze(Freeze {
        scope: FreezeScope::Account,
        reason: token("fraud"),
        effective_at: None,
        owner_wide: true,
        origin: None,
        preserve_logs: false,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_under_a_measure_opens_no_more_accounts() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let world = World::start(Arc::clone(&store), Options::default());
    // All in one batch: each is decided on what the ones before it lead to, long before that is durable.
    let commands = [("a", open_for("ann")), ("b", open_for("ann")), ("c", open_for("bob")), ("b", freeze())]
        .into_iter()
        .chain([("d", open_for("ann")), ("e", open_for("bob"))])
        .enumerate()
        .map(|(at, (account, command))| request(account, &format!("key-{at}"), command));
    let answers = world.engine.submit_batch(commands.collect()).await;
    let accepted: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(accepted, [true, true, true, true, false, true]);
    let frozen = |error: &EngineError| matches!(error, EngineError::Refused(Refusal::AccountFrozen { reason, .. }) if *reason == token("fraud"));
    assert!(frozen(answers[4].as_ref().unwrap_err()), "{:?}", answers[4]);

    // What stands is in the log, not in memory.
    world.engine.shutdown().await;
    let world = World::start(store, Options::default());
    assert!(frozen(&world.send("d", "again", open_for("ann")).await.unwrap_err()));
    world.send("f", "bob", open_for("bob")).await.unwrap();
    world.send("b", "thaw", Command::Thaw { freeze: None, reason: token("cleared") }).await.unwrap();
    world.send("d", "again", open_for("ann")).await.unwrap();
}
