//! Who may do what: regions, ages, rewards, keys, liability, corrections.

use hyper::Method;
use serde_json::{Value, json};

use crate::terms::service::Service;

const CLAIMS: &str = "/v1/accounts/alice/claims";

async fn opened() -> Service {
    let pixapi = Service::start("pixapi").await;
    pixapi.open("alice").await;
    pixapi
}

fn pack(order: &str) -> Value {
    json!({
        "order_id": order, "product_id": "pack-10",
        "payment": { "provider": "stripe", "payment_id": format!("pay-{order}"), "method": "card", "currency": "USD", "amount": "10.00" },
    })
}

async fn lots(pixapi: &Service) -> Vec<Value> {
    pixapi.read("finance", "/v1/accounts/alice/lots").await["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn p1_packs_rewards_grants_and_promotions_are_lots_that_expire_by_their_own_rule() {
    let pixapi = opened().await;
    pixapi.done("finance", "/v1/accounts/alice/top-ups", pack("o1")).await;
    for source in ["signup", "manual", "promotional", "compensation"] {
        let grant = json!({ "source": source, "credits": "1" });
        pixapi.done("finance", "/v1/accounts/alice/grants", grant).await;
    }
    let seen: Vec<_> = lots(&pixapi)
        .await
        .into_iter()
        .map(|lot| (lot["source"].clone(), lot["order_id"].clone(), lot["expires_at"].clone()))
        .collect();
    let none = Value::Null;
    assert_eq!(
        seen,
        [
            (none.clone(), json!("o1"), json!("2027-07-01T00:00:00.000000Z")),
            (json!("signup"), none.clone(), json!("2026-07-15T00:00:00.000000Z")),
            (json!("manual"), none.clone(), json!("2027-07-01T00:00:00.000000Z")),
            (json!("promotional"), none.clone(), json!("2026-07-31T00:00:00.000000Z")),
            (json!("compensation"), none.clone(), none),
        ]
    );
    let available = async || pixapi.balance("alice").await["balance"]["available"].clone();
    for (time, left) in [
        ("2026-07-14T23:59:59.999999Z", "14"),
        ("2026-07-15T00:00:00Z", "13"),
        ("2026-07-30T23:59:59.999999Z", "13"),
        ("2026-07-31T00:00:00Z", "12"),
        ("2027-06-30T23:59:59.999999Z", "12"),
        ("2027-07-01T00:00:00Z", "1"),
        ("2030-01-01T00:00:00Z", "1"),
    ] {
        pixapi.at(time).await;
        assert_eq!(available().await, left, "{time}");
    }
}

#[tokio::test]
async fn p6_a_revoked_key_is_refused_at_once_and_rotation_keeps_the_history() {
    let pixapi = opened().await;
    pixapi.done("finance", "/v1/accounts/alice/top-ups", pack("o1")).await;
    let (key, secret) = pixapi.world.key("alice").await;
    let debit = |request: &str| {
        json!({
            "request_id": request, "model": "gpt-5.2", "endpoint": "chat/completions", "amount": "1", "key_id": key,
        })
    };
    pixapi.done("proxy", "/v1/accounts/alice/debits", debit("r1")).await;
    let own = "/v1/accounts/alice/balance";
    assert_eq!(pixapi.world.get_as(&secret, own).await.status, 200);

    let rotated = pixapi.done("support", &format!("/v1/accounts/alice/keys/{key}/rotate"), json!({})).await;
    let second = rotated["secret"].as_str().unwrap().to_owned();
    assert_eq!(pixapi.world.get_as(&secret, own).await.code(), "key_revoked");
    assert_eq!(pixapi.world.get_as(&second, own).await.status, 200);
    pixapi.done("proxy", "/v1/accounts/alice/debits", debit("r2")).await;

    let path = format!("/v1/accounts/alice/keys/{key}");
    pixapi.world.delete("support", &path, "revoke").await.ok();
    assert_eq!(pixapi.world.get_as(&second, own).await.code(), "key_revoked");
    pixapi.refused("proxy", "/v1/accounts/alice/debits", debit("r3"), 401, "key_revoked", "").await;
    // What was called with it, under either secret, is still the key's.
    let calls = pixapi.read("finance", "/v1/accounts/alice/calls").await;
    let of_key: Vec<_> =
        calls["items"].as_array().unwrap().iter().map(|call| call["key_id"].clone()).collect();
    assert_eq!(of_key, [json!(key), json!(key)]);
    let keys = pixapi.read("finance", "/v1/accounts/alice/keys").await;
    assert_eq!(keys["items"][0]["state"], "revoked");
}

#[tokio::test]
async fn p7_a_reward_is_claimed_once() {
    let pixapi = opened().await;
    let campaign = json!({
        "id": "welcome", "source": "signup", "credits": "5", "valid_for": "P14D", "clause": "P7",
    });
    pixapi.done("finance", "/v1/books/pixapi/campaigns", campaign).await;
    let claimed = pixapi.done("finance", CLAIMS, json!({ "campaign": "welcome" })).await;
    assert!(claimed["lot_id"].is_string(), "{claimed}");
    pixapi.refused("finance", CLAIMS, json!({ "campaign": "welcome" }), 409, "already_claimed", "P7").await;
    pixapi.wait("P15D").await;
    pixapi.refused("finance", CLAIMS, json!({ "campaign": "welcome" }), 409, "already_claimed", "P7").await;
    let lots = lots(&pixapi).await;
    assert_eq!((lots.len(), &lots[0]["source"], &lots[0]["expired"]), (1, &json!("signup"), &json!("5")));
    pixapi.refused("finance", CLAIMS, json!({ "campaign": "unknown" }), 404, "campaign_not_found", "").await;
    // Another account has its own.
    pixapi.open("bob").await;
    pixapi.done("finance", "/v1/accounts/bob/claims", json!({ "campaign": "welcome" })).await;
}

#[tokio::test]
async fn p8_usage_balance_and_orders_are_visible_to_the_holder() {
    let pixapi = opened().await;
    pixapi.done("finance", "/v1/accounts/alice/top-ups", pack("o1")).await;
    let debit = json!({
        "request_id": "r1", "model": "gpt-5.2", "endpoint": "chat/completions", "usage": { "input_tokens": 1000 },
    });
    let debited = pixapi.done("proxy", "/v1/accounts/alice/debits", debit).await;
    let (_, secret) = pixapi.world.key("alice").await;
    let read = async |what: &str| {
        let reply = pixapi.world.get_as(&secret, &format!("/v1/accounts/alice/{what}")).await;
        assert_eq!(reply.status, 200, "{what}: {reply:?}");
        reply.json()
    };
    assert_eq!(read("calls").await["items"][0]["debit_id"], debited["debit_id"]);
    assert_eq!(read("orders").await["items"][0]["order_id"], "o1");
    assert_eq!(read("lots").await["items"][0]["granted"], "10");
    assert!(read("balance").await["balance"]["available"].is_string());
    // Nobody else's.
    pixapi.open("bob").await;
    for what in ["calls", "orders", "lots", "balance"] {
        let path = format!("/v1/accounts/bob/{what}");
        assert_eq!(pixapi.world.get_as(&secret, &path).await.code(), "forbidden_scope", "{what}");
        let request = pixapi.world.request(Method::GET, &path, None);
        let nobody = pixapi.world.send(request.body(Default::default()).unwrap()).await;
        assert_eq!(nobody.code(), "unauthenticated", "{what}");
    }
}
