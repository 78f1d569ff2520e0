//! A crash between the reclaim of an order's credits and the payout of its money.

use std::sync::Arc;

use scrip_engine::{EngineError, Options};
use scrip_ledger::command::{ApproveRefund, RequestRefund};
use scrip_ledger::records::PayoutState;
use scrip_ledger::{Command, Credits, Refusal};
use scrip_store::{EventStore, MemoryStore};

use super::crashing::{Crashing, count};
use super::world::{World, open, token, top_up};

fn request() -> Command {
    Command::RequestRefund(RequestRefund {
        order_id: token("order-1"),
        cause: token("change_of_mind"),
        evidence: Vec::new(),
        by: token("support"),
    })
}

fn approve(refund: u64) -> Command {
    Command::ApproveRefund(ApproveRefund { refund, amount: None, by: token("finance") })
}

fn pay(refund: u64) -> Command {
    Command::PayRefund { refund, reference: Some(token("payout-1")), by: token("finance") }
}

/// Wherever it stops, what was reclaimed is owed afterwards, and it is paid once.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_reclaim_and_the_payout_pays_once() {
    for (at, after) in [
        ("refund_reclaimed", false),
        ("refund_reclaimed", true),
        ("refund_paid", false),
        ("refund_paid", true),
    ] {
        let what = format!("{at}, written: {after}");
        let inner: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
        let world = World::start(Crashing::new(&inner, at, after), Options::default());
        world.send("alice", "open", open("pixapi")).await.unwrap();
        world.send("alice", "pay-in", top_up("order-1", "pi-1")).await.unwrap();
        let refund = world.send("alice", "ask", request()).await.unwrap().first_revision;
        let approved = world.send("alice", "approve", approve(refund)).await;
        if at == "refund_reclaimed" {
            assert_eq!(approved.unwrap_err(), EngineError::Unavailable, "{what}");
        } else {
            approved.unwrap();
            let paid = world.send("alice", "paid", pay(refund)).await;
            assert_eq!(paid.unwrap_err(), EngineError::Unavailable, "{what}");
        }
        world.engine.shutdown().await;
        drop(world);

        for round in 0..2 {
            let world = World::start(Arc::clone(&inner), Options::default());
            // Who was told nothing asks again, with the same keys.
            let approved = world.send("alice", "approve", approve(refund)).await.unwrap();
            assert_eq!(approved.replayed, at == "refund_paid" || after || round > 0, "{what}");
            let account = world.view("alice").await.unwrap().account;
            let state = account.records().orders.payouts[&refund].state;
            let is_paid = (at == "refund_paid" && after) || round > 0;
            assert_eq!(state, if is_paid { PayoutState::Paid } else { PayoutState::Owed }, "{what}");
            assert_eq!(account.balance().posted, Credits::ZERO, "{what}");
            assert_eq!(world.send("alice", "paid", pay(refund)).await.unwrap().replayed, is_paid, "{what}");
            let twice = world.send("alice", &format!("paid-again-{round}"), pay(refund)).await;
            assert!(
                matches!(twice, Err(EngineError::Refused(Refusal::AlreadyDecided(_)))),
                "{what}: {twice:?}"
            );
            world.engine.shutdown().await;
        }
        for event in ["refund_approved", "refund_reclaimed", "refund_paid"] {
            assert_eq!(count(inner.as_ref(), event), 1, "{what}: {event}");
        }
    }
}
