//! Many callers at once: nothing is spent twice, nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::task::JoinSet;

use super::client::{World, call};

/// litellm#34732 and others: checked and deducted in two steps, concurrent calls overdraw.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forty_calls_on_credits_for_less_than_two_admit_exactly_one() {
    for (round, kind) in ["holds", "debits"].into_iter().enumerate() {
        let world = Arc::new(World::start().await);
        world.account("pixapi", "alice", "1.66").await;
        let mut calls = JoinSet::new();
        for at in 0..40 {
            let world = Arc::clone(&world);
            calls.spawn(async move {
                let body = call(&format!("r-{at}"), "amount", json!("1"));
                let key = format!("key-{round}-{at}");
                world.post("proxy", &format!("/v1/accounts/alice/{kind}"), &key, body).await
            });
        }
        let replies = calls.join_all().await;
        let (admitted, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
        assert_eq!(admitted.len(), 1, "{kind}");
        for refusal in refused {
            assert_eq!(refusal.code(), "insufficient_credits");
            assert_eq!((refusal.text("available"), refusal.text("required")), ("0.66".into(), "1".into()));
        }
        assert_eq!(world.balance("alice").await["available"], "0.66");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_debits_from_64_connections_on_one_account_sum_exactly() {
    const DEBITS: usize = 1_000;
    let world = Arc::new(World::start().await);
    world.account("pixapi", "hot", "1000").await;
    let next = Arc::new(AtomicUsize::new(0));
    let mut connections = JoinSet::new();
    for _ in 0..64 {
        let (world, next) = (Arc::clone(&world), Arc::clone(&next));
        connections.spawn(async move {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= DEBITS {
                    break;
                }
                // 7 nano-credits of a cent each: a sum of floats would not come out.
                let body = call(&format!("r-{at}"), "amount", json!("0.010000007"));
                let reply =
                    world.post("proxy", "/v1/accounts/hot/debits", &format!("key-{at}"), body).await.ok();
                assert_eq!(reply.text("charged"), "0.010000007");
            }
        });
    }
    connections.join_all().await;
    let balance = world.balance("hot").await;
    assert_eq!((&balance["available"], &balance["posted"]), (&json!("989.999993"), &json!("989.999993")));
    let mut charged = 0;
    let mut cursor = String::new();
    loop {
        let page =
            world.get("auditor", &format!("/v1/accounts/hot/calls?limit=300{cursor}")).await.ok().json();
        charged += page["items"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(charged, DEBITS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_from_many_connections_is_one_debit() {
    let world = Arc::new(World::start().await);
    world.account("pixapi", "alice", "100").await;
    let mut calls = JoinSet::new();
    for _ in 0..32 {
        let world = Arc::clone(&world);
        calls.spawn(async move {
            let body = call("r-1", "amount", json!("1"));
            world.post("proxy", "/v1/accounts/alice/debits", "key", body).await.ok()
        });
    }
    let replies = calls.join_all().await;
    assert!(replies.iter().all(|reply| reply.body == replies[0].body));
    let first = replies.iter().filter(|reply| reply.header("idempotent-replayed").is_none()).count();
    assert_eq!(first, 1);
    assert_eq!(world.balance("alice").await["available"], "99");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_holds_nothing_after_the_position_that_it_names() {
    let world = Arc::new(World::start().await);
    world.account("pixapi", "hot", "1000").await;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let world = Arc::clone(&world);
        writers.spawn(async move {
            for at in 0..40 {
                let id = format!("{writer}-{at}");
                let body = call(&id, "amount", json!("0.01"));
                world.post("proxy", "/v1/accounts/hot/debits", &id, body).await.ok();
            }
        });
    }
    while !writers.is_empty() {
        for list in ["calls", "entries", "events"] {
            let path = format!("/v1/accounts/hot/{list}?limit=1000");
            let page = world.get("auditor", &path).await.ok().json();
            let as_of = page["as_of_position"].as_u64().unwrap();
            let last =
                page["items"].as_array().unwrap().last().map(|item| item["position"].as_u64().unwrap());
            assert!(last.is_none_or(|last| last <= as_of), "{list}: {last:?} is after {as_of}");
        }
        while let Some(written) = writers.try_join_next() {
            written.unwrap();
        }
    }
}
