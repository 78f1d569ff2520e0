//! Refunds of orders: once, by two people, and no more than was paid.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::api::client::{Reply, World, call};

async fn buy(world: &World, account: &str, order: &str) {
    let body = json!({
        "order_id": order, "product_id": "pack-25",
        "payment": {
            "provider": "stripe", "payment_id": format!("pi_{account}_{order}"), "method": "card", "currency": "USD",
            "amount": "25.00",
        },
    });
    world
        .post("finance", &format!("/v1/accounts/{account}/top-ups"), &format!("buy-{account}-{order}"), body)
        .await
        .ok();
}

async fn ask(world: &World, role: &str, key: &str, order: &str, more: Value) -> Reply {
    let mut body = json!({ "cause": "change_of_mind" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.post(role, &format!("/v1/orders/{order}/refund-requests"), key, body).await
}

async fn act(world: &World, role: &str, key: &str, refund: &str, what: &str, body: Value) -> Reply {
    world.post(role, &format!("/v1/refunds/{refund}/{what}"), key, body).await
}

async fn with_order() -> World {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    buy(&world, "alice", "order-1").await;
    world
}

/// Of many requests and approvals that come at once, one stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_is_refunded_once_however_many_ask_and_approve_at_once() {
    let world = Arc::new(with_order().await);
    let mut workers = JoinSet::new();
    for at in 0..12 {
        let world = Arc::clone(&world);
        workers
            .spawn(async move { ask(&world, "support", &format!("ask-{at}"), "order-1", json!({})).await });
    }
    let (taken, refused): (Vec<_>, Vec<_>) =
        workers.join_all().await.into_iter().partition(|reply| reply.status == 201);
    assert_eq!(taken.len(), 1);
    assert!(refused.iter().all(|reply| reply.code() == "already_exists"));
    let refund = taken[0].text("refund_id");

    let mut workers = JoinSet::new();
    for at in 0..12 {
        let (world, refund) = (Arc::clone(&world), refund.clone());
        let role = ["finance", "admin"][at % 2];
        workers.spawn(
            async move { act(&world, role, &format!("yes-{at}"), &refund, "approve", json!({})).await },
        );
    }
    let (taken, refused): (Vec<_>, Vec<_>) =
        workers.join_all().await.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(taken.len(), 1);
    assert!(refused.iter().all(|reply| reply.code() == "already_decided"));
    assert_eq!(taken[0].json()["amount"], json!({ "currency": "USD", "amount": "25.00" }));
    assert_eq!(world.balance("alice").await["posted"], "0");
    assert_eq!(ask(&world, "support", "again", "order-1", json!({})).await.code(), "not_eligible");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_for_a_refund_does_not_approve_it() {
    let world = with_order().await;
    let refund = ask(&world, "finance", "ask", "order-1", json!({})).await.ok().text("refund_id");
    assert_eq!(act(&world, "finance", "yes-1", &refund, "approve", json!({})).await.code(), "same_person");
    assert_eq!(
        act(&world, "support", "yes-2", &refund, "approve", json!({})).await.code(),
        "forbidden_scope"
    );
    act(&world, "admin", "yes-3", &refund, "approve", json!({})).await.ok();
    let stored = world.get("auditor", &format!("/v1/refunds/{refund}")).await.ok().json();
    assert_eq!((&stored["requested_by"], &stored["decision"]["by"]), (&json!("finance"), &json!("admin")));
}

/// The process ends between the reclaim and the payout: what is owed is still owed, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_the_reclaim_and_the_payout_loses_nothing() {
    let world = with_order().await;
    let refund = ask(&world, "support", "ask", "order-1", json!({})).await.ok().text("refund_id");
    let approved = act(&world, "finance", "yes", &refund, "approve", json!({})).await.ok();
    let world = world.restart().await;
    let again = act(&world, "finance", "yes", &refund, "approve", json!({})).await.ok();
    assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &approved.body));
    let listed = world.get("finance", "/v1/accounts/alice/refunds").await.ok().json();
    assert_eq!(
        (&listed["items"][0]["status"], &listed["items"][0]["amounts"][0]["amount"]),
        (&json!("approved"), &json!("25.00"))
    );
    assert_eq!(world.balance("alice").await["posted"], "0");
    let paid = act(&world, "finance", "paid", &refund, "paid", json!({ "ref": "payout-1" })).await.ok();
    let world = world.restart().await;
    let again = act(&world, "finance", "paid", &refund, "paid", json!({ "ref": "payout-1" })).await.ok();
    assert_eq!(again.body, paid.body);
    assert_eq!(act(&world, "finance", "paid-2", &refund, "paid", json!({})).await.code(), "already_decided");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_paid_out_is_the_holder_s_again() {
    let world = with_order().await;
    let refund = ask(&world, "support", "ask", "order-1", json!({})).await.ok().text("refund_id");
    act(&world, "finance", "yes", &refund, "approve", json!({})).await.ok();
    let failed =
        act(&world, "finance", "no", &refund, "failed", json!({ "reason": "no_such_card" })).await.ok();
    assert_eq!(
        (failed.text("status"), failed.json()["lots"][0]["amount"].clone()),
        ("failed".into(), json!("25.5"))
    );
    assert_eq!(world.balance("alice").await["available"], "25.5");
    // It can be spent, and asked for, again.
    let body = call("r-1", "amount", json!("0.5"));
    world.post("proxy", "/v1/accounts/alice/debits", "d-1", body).await.ok();
    let refund = ask(&world, "support", "ask-2", "order-1", json!({})).await.ok().text("refund_id");
    act(&world, "finance", "yes-2", &refund, "approve", json!({})).await.ok();
    // What expired meanwhile is not.
    world.advance("P400D").await;
    let failed =
        act(&world, "finance", "no-2", &refund, "failed", json!({ "reason": "no_such_card" })).await.ok();
    assert_eq!(failed.text("status"), "failed");
    let balance = world.balance("alice").await;
    assert_eq!((&balance["posted"], &balance["available"]), (&json!("0"), &json!("0")));
}

/// Orders are unique within a book: where two books have one of the same id, the request says which.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_two_books_have_is_named_with_its_book() {
    let world = with_order().await;
    world.account("aiproxynode", "bob", "0").await;
    let body = json!({
        "order_id": "order-1", "product_id": "topup-20",
        "payment": {
            "provider": "stripe", "payment_id": "pi_2", "method": "card", "currency": "USD", "amount": "20.00",
        },
    });
    world.post("finance", "/v1/accounts/bob/top-ups", "buy-bob", body).await.ok();
    let unclear = ask(&world, "support", "ask-1", "order-1", json!({})).await;
    assert_eq!((unclear.code().as_str(), unclear.text("field").as_str()), ("malformed", "book"));
    assert_eq!(ask(&world, "support", "ask-2", "order-9", json!({})).await.code(), "order_not_found");
    // Whoever may use one book only means that one.
    let asked = ask(&world, "finance-pixapi", "ask-3", "order-1", json!({})).await.ok();
    assert_eq!(asked.text("account_id"), "alice");
    let other = ask(&world, "finance-pixapi", "ask-4", "order-1", json!({ "book": "aiproxynode" })).await;
    assert_eq!(other.code(), "forbidden_book");
    let named = ask(&world, "support", "ask-5", "order-1", json!({ "book": "aiproxynode" })).await;
    assert_eq!(named.code(), "not_eligible");
    let named = ask(&world, "support", "ask-6", "order-1", json!({ "account_id": "alice" })).await;
    assert_eq!(named.code(), "already_exists");
}

/// A body that cannot be is refused by the field at fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_read_is_refused_by_its_field() {
    let world = with_order().await;
    for (key, body, code) in [
        ("1", json!({ "cause": "change of mind" }), "invalid_id"),
        ("2", json!({ "cause": "x", "evidence": [{ "kind": "a", "ref": "b c" }] }), "invalid_id"),
        (
            "3",
            json!({ "cause": "x", "evidence": [{ "kind": "a", "ref": "b", "text": "c" }] }),
            "unknown_field",
        ),
        ("4", json!({ "cause": "x", "reason": "y" }), "unknown_field"),
        ("5", json!({}), "malformed"),
    ] {
        let reply = world.post("support", "/v1/orders/order-1/refund-requests", key, body.clone()).await;
        assert_eq!(reply.code(), code, "{body}");
    }
    assert_eq!(
        act(&world, "finance", "6", "alice.o99", "approve", json!({})).await.code(),
        "refund_not_found"
    );
    assert_eq!(
        act(&world, "finance", "7", "alice.h1", "approve", json!({})).await.code(),
        "refund_not_found"
    );
    let refund = ask(&world, "support", "8", "order-1", json!({})).await.ok().text("refund_id");
    let amount = json!({ "amount": { "currency": "USD", "amount": "1.00" } });
    assert_eq!(act(&world, "finance", "9", &refund, "approve", amount).await.code(), "amount_not_allowed");
}
