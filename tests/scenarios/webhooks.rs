//! What a payment provider says, delivered twice, late and in any order. The payloads are those of
//! `fixtures/providers/stripe`.

use std::path::Path;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::api::client::{Reply, START, WEBHOOK_SECRETS, World};

const PAYMENT: &str = "pi_3SDpack25000000000000001";

/// A recorded payload.
fn recorded(name: &str) -> String {
    let path = format!("../fixtures/providers/stripe/{name}.json");
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The same of another account, with ids of its own.
fn of(text: &str, account: &str) -> String {
    let text =
        text.replace("\"alice\"", &format!("\"{account}\"")).replace("order-1", &format!("order-{account}"));
    let text = text
        .replace(PAYMENT, &format!("pi_{account}"))
        .replace("\"id\": \"evt_", &format!("\"id\": \"evt_{account}_"));
    text.replace("du_1SDpack25000000000000001", &format!("du_{account}"))
}

fn seconds(time: &str) -> i64 {
    time.parse::<scrip_ledger::Timestamp>().unwrap().micros() / 1_000_000
}

fn sign(seconds: i64, body: &str, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{seconds}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn send(world: &World, path: &str, header: Option<&str>, body: &str) -> Reply {
    let request = world.request(Method::POST, path, None);
    let request = match header {
        Some(header) => request.header("stripe-signature", header),
        None => request,
    };
    world.send(request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap()).await
}

/// Delivers an event to pixapi, well signed.
async fn deliver(world: &World, body: &str) -> Reply {
    let now = world.engine.clock().now().micros() / 1_000_000;
    let header = format!("t={now},v1={}", sign(now, body, WEBHOOK_SECRETS[0]));
    send(world, "/v1/webhooks/stripe/pixapi", Some(&header), body).await
}

async fn applied(world: &World, body: &str) -> bool {
    let reply = deliver(world, body).await.ok().json();
    assert_eq!(reply["received"], true);
    reply["applied"].as_bool().unwrap()
}

/// What there is of an account: its balance and where its lots' credits are.
async fn stand(world: &World, account: &str) -> Value {
    let lots = world.get("auditor", &format!("/v1/accounts/{account}/lots")).await.ok().json();
    let keep = ["available", "held", "spent", "reclaimed", "frozen"];
    let lots: Vec<Value> = lots["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lot| {
            keep.iter()
                .map(|key| (key.to_string(), lot[*key].clone()))
                .collect::<serde_json::Map<_, _>>()
                .into()
        })
        .collect();
    json!({ "balance": world.balance(account).await, "lots": lots })
}

async fn spend(world: &World, account: &str, amount: &str) -> String {
    let body = json!({
        "request_id": "r-1", "model": "gpt-5.2", "endpoint": "chat/completions", "amount": amount,
    });
    let reply = world
        .post("proxy", &format!("/v1/accounts/{account}/debits"), &format!("spend-{account}"), body)
        .await;
    reply.ok().text("debit_id")
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for at in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(at);
        for mut tail in permutations(&rest) {
            tail.insert(0, first.clone());
            all.push(tail);
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_credited_once_whatever_is_delivered_how_often() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    assert!(applied(&world, &recorded("checkout.session.completed")).await);
    for name in ["checkout.session.completed", "payment_intent.succeeded", "payment_intent.succeeded"] {
        assert!(!applied(&world, &recorded(name)).await, "{name}");
    }
    assert_eq!(world.balance("alice").await["posted"], "25.5");
    let orders = world.get("finance", "/v1/accounts/alice/orders").await.ok().json();
    assert_eq!(orders["items"].as_array().unwrap().len(), 1);
    let payment = &orders["items"][0]["payment"];
    assert_eq!(
        (&payment["payment_id"], &payment["amount"], &payment["tax"]),
        (&json!(PAYMENT), &json!("25.00"), &json!("2.00"))
    );
    // A restart forgets none of it.
    let world = world.restart().await;
    assert!(!applied(&world, &recorded("checkout.session.completed")).await);
    assert_eq!(world.balance("alice").await["posted"], "25.5");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_signed_or_long_ago_is_counted_and_not_recorded() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    let body = recorded("checkout.session.completed");
    let now = seconds(START);
    let path = "/v1/webhooks/stripe/pixapi";
    let events = async || {
        world.get("auditor", "/v1/events?after=0&limit=1000").await.ok().json()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    let before = events().await;
    let good = sign(now, &body, WEBHOOK_SECRETS[0]);
    let wrong = [
        (None, "bad_signature"),
        (Some("t=1".to_owned()), "bad_signature"),
        (Some(format!("t={now},v1={}", sign(now, &body, "whsec_other"))), "bad_signature"),
        (Some(format!("t={},v1={good}", now + 1)), "bad_signature"),
        (
            Some(format!("t={},v1={}", now - 301, sign(now - 301, &body, WEBHOOK_SECRETS[0]))),
            "stale_signature",
        ),
        (
            Some(format!("t={},v1={}", now + 301, sign(now + 301, &body, WEBHOOK_SECRETS[1]))),
            "stale_signature",
        ),
    ];
    for (header, code) in &wrong {
        let reply = send(&world, path, header.as_deref(), &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, *code), "{header:?}");
    }
    // Another body under the same signature.
    let header = format!("t={now},v1={good}");
    let reply = send(&world, path, Some(&header), &body.replace("2700", "2701")).await;
    assert_eq!(reply.code(), "bad_signature");
    assert_eq!(events().await, before);
    let page = String::from_utf8(world.get("auditor", "/metrics").await.ok().body.to_vec()).unwrap();
    for line in [
        r#"scrip_webhooks_rejected_total{provider="stripe",reason="bad_signature"} 5"#,
        r#"scrip_webhooks_rejected_total{provider="stripe",reason="stale_signature"} 2"#,
    ] {
        assert!(page.lines().any(|have| have == line), "{line}\nin\n{page}");
    }
    // Five minutes ago, under the second secret, beside a signature that is none of ours: taken.
    let (then, other) = (now - 300, sign(now, &body, "whsec_other"));
    let header = format!("t={then},v1={other},v1={}", sign(then, &body, WEBHOOK_SECRETS[1]));
    assert_eq!(send(&world, path, Some(&header), &body).await.ok().json()["applied"], true);
    // No such provider, no such book, a book without secrets.
    for path in ["/v1/webhooks/paypal/pixapi", "/v1/webhooks/stripe/nobody"] {
        assert_eq!(send(&world, path, Some(&header), &body).await.status, 404, "{path}");
    }
    let reply = send(&world, "/v1/webhooks/stripe/aiproxynode", Some(&header), &body).await;
    assert_eq!(reply.code(), "bad_signature");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_business_answers_its_problem_and_can_be_delivered_again() {
    let world = World::start().await;
    let body = recorded("checkout.session.completed");
    let reply = deliver(&world, &body).await;
    assert_eq!((reply.status, reply.code().as_str()), (404, "account_not_found"));
    world.account("pixapi", "alice", "0").await;
    let cheap = body.replace("\"amount_total\": 2700", "\"amount_total\": 1700");
    assert_eq!(deliver(&world, &cheap).await.code(), "payment_mismatch");
    assert_eq!(deliver(&world, "{}").await.code(), "malformed");
    assert!(applied(&world, &body).await);
    let other = r#"{"id":"evt_9","type":"customer.created","data":{"object":{"id":"cus_1"}}}"#;
    assert!(!applied(&world, other).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_freezes_the_order_s_lots_and_winning_it_lifts_that() {
    let world = World::start().await;
    world.account("pixapi", "alice", "10").await;
    applied(&world, &recorded("checkout.session.completed")).await;
    assert!(applied(&world, &recorded("charge.dispute.created")).await);
    let balance = world.balance("alice").await;
    assert_eq!((&balance["frozen"], &balance["available"]), (&json!("25.5"), &json!("10")));
    let ask = json!({ "cause": "change_of_mind" });
    let reply = world.post("support", "/v1/orders/order-1/refund-requests", "ask-1", ask.clone()).await;
    assert_eq!(reply.code(), "not_eligible");
    assert!(applied(&world, &recorded("charge.dispute.closed.won")).await);
    let balance = world.balance("alice").await;
    assert_eq!((&balance["frozen"], &balance["available"]), (&json!("0"), &json!("35.5")));
    // Late, or again: it stays closed.
    assert!(!applied(&world, &recorded("charge.dispute.created").replace("evt_", "evt_2")).await);
    assert!(!applied(&world, &recorded("charge.dispute.closed.lost")).await);
    assert_eq!(world.balance("alice").await["available"], "35.5");
    world.post("support", "/v1/orders/order-1/refund-requests", "ask-2", ask).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_dispute_takes_back_what_is_free_and_what_was_spent_is_owed() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    applied(&world, &recorded("checkout.session.completed")).await;
    let debit = spend(&world, "alice", "5.5").await;
    applied(&world, &recorded("charge.dispute.created")).await;
    assert!(applied(&world, &recorded("charge.dispute.closed.lost")).await);
    let balance = world.balance("alice").await;
    assert_eq!(
        (&balance["posted"], &balance["debt"], &balance["frozen"]),
        (&json!("0"), &json!("5.5"), &json!("0"))
    );
    // What the call gives back repays what is owed for it: nobody owes for a call that was refunded.
    let body = json!({ "reason": "goodwill", "amount": "2" });
    world.post("finance", &format!("/v1/debits/{debit}/refund"), "back-1", body).await.ok();
    let balance = world.balance("alice").await;
    assert_eq!((&balance["posted"], &balance["debt"]), (&json!("0"), &json!("3.5")));
    // The next top-up repays the rest first.
    let next = of(&recorded("checkout.session.completed"), "alice").replace("order-alice", "order-2");
    assert!(applied(&world, &next).await);
    let balance = world.balance("alice").await;
    assert_eq!((&balance["available"], &balance["debt"]), (&json!("22"), &json!("0")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_at_the_provider_takes_back_its_part_of_what_is_free() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    applied(&world, &recorded("checkout.session.completed")).await;
    // A third of 27.00 was paid back: a third of 25.5 credits.
    assert!(applied(&world, &recorded("charge.refunded.partial")).await);
    assert_eq!(world.balance("alice").await["available"], "17");
    spend(&world, "alice", "10").await;
    assert!(applied(&world, &recorded("charge.refunded")).await);
    let stand = stand(&world, "alice").await;
    assert_eq!((&stand["lots"][0]["spent"], &stand["lots"][0]["reclaimed"]), (&json!("10"), &json!("15.5")));
    assert_eq!((&stand["balance"]["posted"], &stand["balance"]["debt"]), (&json!("0"), &json!("0")));
    // The first one again, under another id, says nothing new.
    assert!(!applied(&world, &recorded("charge.refunded.partial").replace("evt_", "evt_2")).await);
}

/// A refund that was decided here is not taken a second time when its provider tells of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_was_decided_here_changes_nothing_when_the_provider_tells_of_it() {
    let world = World::start().await;
    world.account("pixapi", "alice", "3").await;
    applied(&world, &recorded("checkout.session.completed")).await;
    let ask = json!({ "cause": "change_of_mind" });
    let refund =
        world.post("support", "/v1/orders/order-1/refund-requests", "ask", ask).await.ok().text("refund_id");
    let path = |what: &str| format!("/v1/refunds/{refund}/{what}");
    let approved = world.post("finance", &path("approve"), "approve", json!({})).await.ok().json();
    assert_eq!(
        (&approved["amount"]["amount"], &approved["tax"]["amount"]),
        (&json!("25.00"), &json!("2.00"))
    );
    let before = stand(&world, "alice").await;
    deliver(&world, &recorded("charge.refunded")).await.ok();
    assert_eq!(stand(&world, "alice").await, before);
    // Nor can it be reported as failed any more: the provider has paid it back.
    let failed = world.post("finance", &path("failed"), "failed", json!({ "reason": "bank" })).await;
    assert_eq!(failed.code(), "not_eligible");
    world.post("finance", &path("paid"), "paid", json!({})).await.ok();
}

/// In whatever order they come, before the payment or after it, they lead to the same end.
#[tokio::test(flavor = "multi_thread")]
async fn notices_in_any_order_lead_to_the_same_end() {
    let world = World::start().await;
    for (set, names) in [
        ("lost", &["charge.refunded.partial", "charge.dispute.created", "charge.dispute.closed.lost"][..]),
        ("won", &["charge.refunded.partial", "charge.dispute.created", "charge.dispute.closed.won"]),
        (
            "whole",
            &[
                "charge.refunded.partial",
                "charge.refunded",
                "charge.dispute.created",
                "charge.dispute.closed.lost",
            ],
        ),
    ] {
        let mut ends = Vec::new();
        let all: Vec<&str> =
            std::iter::once("payment_intent.succeeded").chain(names.iter().copied()).collect();
        for (at, order) in permutations(&all).iter().enumerate() {
            let account = format!("{set}-{at}");
            world.account("pixapi", &account, "0").await;
            for name in order {
                let body = of(&recorded(name), &account);
                deliver(&world, &body).await.ok();
                // Once more, as providers do.
                assert!(!applied(&world, &body).await, "{order:?}");
            }
            ends.push((stand(&world, &account).await, order.clone()));
        }
        for (end, order) in &ends {
            assert_eq!(*end, ends[0].0, "{order:?} and {:?}", ends[0].1);
        }
        let gone = if set == "won" { json!("8.5") } else { json!("25.5") };
        assert_eq!(ends[0].0["lots"][0]["reclaimed"], gone);
    }
}

/// The same after a part was spent.
#[tokio::test(flavor = "multi_thread")]
async fn notices_in_any_order_lead_to_the_same_end_of_an_order_that_was_begun() {
    let world = World::start().await;
    let names = [
        "charge.refunded.partial",
        "charge.refunded",
        "charge.dispute.created",
        "charge.dispute.closed.lost",
    ];
    let mut ends = Vec::new();
    for (at, order) in permutations(&names).iter().enumerate() {
        let account = format!("begun-{at}");
        world.account("pixapi", &account, "0").await;
        deliver(&world, &of(&recorded("payment_intent.succeeded"), &account)).await.ok();
        spend(&world, &account, "20").await;
        for name in order {
            deliver(&world, &of(&recorded(name), &account)).await.ok();
        }
        ends.push((stand(&world, &account).await, order.clone()));
    }
    for (end, order) in &ends {
        assert_eq!(*end, ends[0].0, "{order:?} and {:?}", ends[0].1);
    }
    assert_eq!(
        (&ends[0].0["balance"]["debt"], &ends[0].0["lots"][0]["reclaimed"]),
        (&json!("20"), &json!("5.5"))
    );
}

/// A notice that comes before its payment is kept over a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_comes_before_its_payment_is_not_lost() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    let early = deliver(&world, &recorded("charge.dispute.created")).await.ok().json();
    assert_eq!((&early["applied"], &early["kept"]), (&json!(false), &json!(true)));
    let world = world.restart().await;
    assert!(applied(&world, &recorded("checkout.session.completed")).await);
    let balance = world.balance("alice").await;
    assert_eq!((&balance["posted"], &balance["frozen"]), (&json!("25.5"), &json!("25.5")));
}
