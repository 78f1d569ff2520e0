//! Credits that come in, and are reserved.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::api::client::{Reply, World, call};

fn top_up(order: &str, payment: &str) -> Value {
    json!({
        "order_id": order, "product_id": "pack-25",
        "payment": {
            "provider": "stripe", "payment_id": payment, "method": "card", "currency": "USD", "amount": "25.00",
        },
    })
}

/// opencode#28402: a webhook that is delivered twice grants twice.
#[tokio::test(flavor = "multi_thread")]
async fn duplicate_payments_grant_twice() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    world.account("pixapi", "bob", "0").await;
    let pay = async |world: &World, account: &str, key: &str, order: &str, payment: &str| -> Reply {
        world.post("finance", &format!("/v1/accounts/{account}/top-ups"), key, top_up(order, payment)).await
    };
    let first = pay(&world, "alice", "webhook-1", "order-1", "pi_1").await.ok();
    let world = {
        let again = pay(&world, "alice", "webhook-1", "order-1", "pi_1").await.ok();
        assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &first.body));
        world.restart().await
    };
    // A handler without memory makes up another key, another order, another account …
    for (account, key, order, payment, code) in [
        ("alice", "webhook-2", "order-1", "pi_1", "payment_already_used"),
        ("alice", "webhook-3", "order-2", "pi_1", "payment_already_used"),
        ("bob", "webhook-4", "order-3", "pi_1", "payment_already_used"),
        ("alice", "webhook-5", "order-1", "pi_2", "already_exists"),
        ("alice", "webhook-1", "order-1", "pi_2", "idempotency_key_reused"),
    ] {
        assert_eq!(pay(&world, account, key, order, payment).await.code(), code, "{key}");
    }
    assert_eq!(world.balance("alice").await["posted"], "25.5");
    assert_eq!(world.balance("bob").await["posted"], "0");
    let orders = world.get("finance", "/v1/accounts/alice/orders").await.ok().json();
    assert_eq!(orders["items"].as_array().unwrap().len(), 1);
    // … and another provider may well have a payment of the same name.
    let mut other = top_up("order-4", "pi_1");
    other["payment"]["provider"] = json!("paypal");
    world.post("finance", "/v1/accounts/alice/top-ups", "webhook-6", other).await.ok();
    assert_eq!(world.balance("alice").await["posted"], "51");
}

/// The same, delivered to many workers at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn duplicate_payments_grant_twice_when_they_race() {
    let world = Arc::new(World::start().await);
    for account in ["alice", "bob"] {
        world.account("pixapi", account, "0").await;
    }
    let mut workers = JoinSet::new();
    for at in 0..24 {
        let world = Arc::clone(&world);
        workers.spawn(async move {
            let account = ["alice", "bob"][at % 2];
            let body = top_up(&format!("order-{at}"), "pi_1");
            world
                .post("finance", &format!("/v1/accounts/{account}/top-ups"), &format!("webhook-{at}"), body)
                .await
        });
    }
    let replies = workers.join_all().await;
    let (granted, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!(granted.len(), 1);
    assert!(refused.iter().all(|reply| reply.code() == "payment_already_used"));
    let posted = [world.balance("alice").await, world.balance("bob").await].map(|it| it["posted"].clone());
    assert!(posted.contains(&json!("25.5")) && posted.contains(&json!("0")), "{posted:?}");
}

/// blnk#181: credits that a hold reserves are counted as there.
#[tokio::test(flavor = "multi_thread")]
async fn holds_ignored_in_the_balance_check() {
    let world = World::start().await;
    world.account("pixapi", "alice", "10").await;
    let ask = async |noun: &str, key: &str, amount: &str| {
        let body = call(key, "amount", json!(amount));
        world.post("proxy", &format!("/v1/accounts/alice/{noun}"), key, body).await
    };
    let hold = ask("holds", "h-1", "6").await.ok().text("hold_id");
    for (noun, key, amount) in [("holds", "h-2", "6"), ("debits", "d-1", "4.000000001")] {
        let refused = ask(noun, key, amount).await;
        assert_eq!(refused.code(), "insufficient_credits");
        assert_eq!((refused.text("available"), refused.text("required")), ("4".into(), amount.into()));
    }
    let more =
        world.post("proxy", &format!("/v1/holds/{hold}/extend"), "x-1", json!({ "amount": "10.1" })).await;
    assert_eq!((more.code().as_str(), more.text("available").as_str()), ("insufficient_credits", "4"));
    ask("debits", "d-2", "4").await.ok();
    assert_eq!(ask("debits", "d-3", "0.000000001").await.code(), "insufficient_credits");
    let balance = world.balance("alice").await;
    assert_eq!([&balance["available"], &balance["posted"], &balance["held"]], ["0", "6", "6"]);
    // What was reserved is there for the call that reserved it, to the last of it.
    let capture = json!({ "amount": "6", "outcome": "completed" });
    let charged = world.post("proxy", &format!("/v1/holds/{hold}/capture"), "c-1", capture).await.ok();
    assert_eq!((charged.text("charged"), charged.text("shortfall")), ("6".into(), "0".into()));
    let balance = world.balance("alice").await;
    assert_eq!([&balance["available"], &balance["posted"], &balance["held"]], ["0", "0", "0"]);
}

/// new-api#2891, #5840: a refund looks like a top-up, and what was ever bought and used no longer adds up.
#[tokio::test(flavor = "multi_thread")]
async fn refunds_inflate_lifetime_totals() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    world.post("finance", "/v1/accounts/alice/top-ups", "t-1", top_up("order-1", "pi_1")).await.ok();
    // Five calls of 4, each refunded in two parts: were a refund a grant, 45.5 would have been bought.
    for at in 0..5 {
        let debit = call(&format!("r-{at}"), "amount", json!("4"));
        let debit = world.post("proxy", "/v1/accounts/alice/debits", &format!("d-{at}"), debit).await.ok();
        let path = format!("/v1/debits/{}/refund", debit.text("debit_id"));
        let part = json!({ "outcome": "failed", "amount": "1.5" });
        let part = world.post("finance", &path, &format!("u-{at}"), part).await.ok();
        assert_eq!(part.json()["lots"], json!([{ "lot_id": "alice.l1", "amount": "1.5" }]));
        let rest =
            world.post("finance", &path, &format!("v-{at}"), json!({ "outcome": "failed" })).await.ok();
        assert_eq!(rest.text("credits"), "2.5");
        let more = world.post("finance", &path, &format!("w-{at}"), json!({ "outcome": "failed" })).await;
        assert_eq!(more.code(), "not_eligible", "more than was charged");
    }
    let kept = call("r-6", "amount", json!("0.5"));
    world.post("proxy", "/v1/accounts/alice/debits", "d-6", kept).await.ok();
    let lots = world.get("finance", "/v1/accounts/alice/lots").await.ok().json();
    assert_eq!(lots["items"].as_array().unwrap().len(), 1);
    let lot = &lots["items"][0];
    let parts = ["granted", "available", "held", "spent", "expired", "forfeited"].map(|part| &lot[part]);
    assert_eq!(parts, ["25.5", "25", "0", "0.5", "0", "0"]);
    let orders = world.get("finance", "/v1/accounts/alice/orders").await.ok().json();
    assert_eq!(orders["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.balance("alice").await["posted"], "25");
}
