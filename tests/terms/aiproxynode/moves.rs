//! Withdrawals and migrations.

use serde_json::{Value, json};

use crate::api::client::{call, tokens_used};
use crate::terms::service::Service;

fn top_up(order: &str, product: &str, currency: &str, amount: &str) -> Value {
    json!({
        "order_id": order, "product_id": product,
        "payment": {
            "provider": "stripe", "payment_id": format!("pi_{order}"), "method": "card", "currency": currency,
            "amount": amount,
        },
    })
}

/// The last second in which an account that was last used at the start is not inactive, and the instant when it is.
const LAST_SECOND: &str = "2027-06-30T23:59:59Z";
const INACTIVE: &str = "2027-07-01T00:00:00Z";

/// Alice has paid 20 USD for 20 credits and 100 CNY for 14, and was granted 3.
async fn service() -> Service {
    let service = Service::start("aiproxynode").await;
    service.open("alice").await;
    let path = "/v1/accounts/alice/top-ups";
    service.done("finance", path, top_up("usd", "topup-20", "USD", "20.00")).await;
    service.done("finance", path, top_up("cny", "topup-cny-100", "CNY", "100.00")).await;
    let grant = json!({ "source": "compensation", "credits": "3" });
    service.done("finance", "/v1/accounts/alice/grants", grant).await;
    service
}

/// Neither is possible before the balance is frozen for inactivity, nor while it is frozen for something else.
async fn refused_before(service: &Service, verb: &str, body: &Value) {
    let path = format!("/v1/accounts/alice/{verb}");
    let refused = async || {
        service.refused("finance", &path, body.clone(), 409, "not_withdrawable", "A4").await;
    };
    refused().await;
    let freeze = json!({ "scope": "account", "reason": "abnormal_calls" });
    let frozen = service.done("support", "/v1/accounts/alice/freeze", freeze).await;
    refused().await;
    let thaw = json!({ "measure_id": frozen["measure_id"], "reason": "cleared" });
    service.done("finance", "/v1/accounts/alice/thaw", thaw).await;
    service.at(LAST_SECOND).await;
    refused().await;
    service.at(INACTIVE).await;
    let hold = call("r-1", "estimate", tokens_used(10, 10));
    let problem = service.refused("proxy", "/v1/accounts/alice/holds", hold, 423, "account_frozen", "").await;
    assert_eq!(problem["reason"], "inactive", "usage on it is refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a4_frozen_balance_may_be_withdrawn() {
    let service = service().await;
    let path = "/v1/accounts/alice/withdraw";
    refused_before(&service, "withdraw", &json!({})).await;
    let problem = service
        .refused("finance", path, json!({ "credits": "34.000000001" }), 402, "insufficient_credits", "")
        .await;
    assert_eq!((&problem["available"], &problem["required"]), (&json!("34"), &json!("34.000000001")));

    // A part, at what was paid for it: of 14 credits for 100.00 CNY, one is 7.14 and a fraction that is nobody's.
    let part = service.done("finance", path, json!({ "credits": "21", "ref": "iban-1" })).await;
    assert_eq!(part["status"], "owed");
    assert_eq!(
        part["amounts"],
        json!([{ "currency": "USD", "amount": "20.00" }, { "currency": "CNY", "amount": "7.14" }])
    );
    let rest = service.done("finance", path, json!({})).await;
    assert_eq!(
        (&rest["credits"], &rest["amounts"]),
        (&json!("13"), &json!([{ "currency": "CNY", "amount": "92.85" }]))
    );
    // What was not paid for is no cash.
    assert_eq!(service.balance("alice").await["balance"]["posted"], "3");
    service.refused("finance", path, json!({}), 409, "not_eligible", "A4").await;
    service.refused("finance", path, json!({ "credits": "1" }), 402, "insufficient_credits", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a4_frozen_balance_may_be_migrated() {
    let service = service().await;
    let path = "/v1/accounts/alice/migrate";
    refused_before(&service, "migrate", &json!({ "to": "bob" })).await;
    service.open("bob").await;
    service.refused("finance", path, json!({ "to": "nobody" }), 404, "account_not_found", "").await;
    service.refused("finance", path, json!({ "to": "alice" }), 409, "not_eligible", "A4").await;
    service.world.account("pixapi", "carol", "0").await;
    service.refused("finance", path, json!({ "to": "carol" }), 409, "not_eligible", "A4").await;
    let too_many = json!({ "to": "bob", "credits": "37.5" });
    service.refused("finance", path, too_many, 402, "insufficient_credits", "").await;
    service.refused("finance", path, json!({ "to": "bob", "credits": "0" }), 422, "invalid_amount", "").await;
    assert_eq!(service.balance("bob").await["balance"]["posted"], "0");

    // In the order in which they would be spent: what was granted first.
    let first = service.done("finance", path, json!({ "to": "bob", "credits": "5" })).await;
    assert_eq!(
        (&first["status"], &first["to"], &first["credits"]),
        (&json!("started"), &json!("bob"), &json!("5"))
    );
    assert_eq!(service.balance("alice").await["balance"]["posted"], "32");
    assert_eq!(service.balance("bob").await["balance"]["available"], "5");
    let all = service.world.post("finance", path, "move-all", json!({ "to": "bob" })).await.ok();
    let again = service.world.post("finance", path, "move-all", json!({ "to": "bob" })).await.ok();
    assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &all.body));
    assert_eq!(service.balance("alice").await["balance"]["posted"], "0");
    assert_eq!(service.balance("bob").await["balance"]["available"], "37");

    // Each lot keeps its order, what was paid for it, and its end.
    let lots = service.read("finance", "/v1/accounts/bob/lots").await;
    let lots: Vec<Value> = lots["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lot| json!([lot["order_id"], lot["available"]]))
        .collect();
    assert_eq!(lots, [json!([null, "3"]), json!(["usd", "2"]), json!(["usd", "18"]), json!(["cny", "14"])]);
    // Where they came from stays frozen; where they went they are used.
    let hold = |request: &str| call(request, "estimate", tokens_used(10, 10));
    service.refused("proxy", "/v1/accounts/alice/holds", hold("r-2"), 423, "account_frozen", "").await;
    service.done("proxy", "/v1/accounts/bob/holds", hold("r-3")).await;
    service.refused("finance", path, json!({ "to": "bob" }), 409, "not_eligible", "A4").await;
}
