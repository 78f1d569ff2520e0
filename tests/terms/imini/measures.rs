//! Freezes, closing, breach, appeals.

use serde_json::{Value, json};

use crate::terms::service::Service;

const MODEL: &str = "seedream-4.5";

async fn with_credits() -> Service {
    let service = Service::start("imini").await;
    service.open("ann").await;
    service.fund("ann", "order-1", "credits-100", "10.00").await;
    service
}

/// Files an appeal against a measure, and decides it.
async fn appeal(service: &Service, measure: &Value, decision: &str) -> Value {
    let filed = service.measure("ann", "appeals", json!({ "measure_id": measure, "ref": "letter-1" })).await;
    assert_eq!((&filed["state"], &filed["measure_id"]), (&json!("pending"), measure));
    let path = format!("/v1/appeals/{}/decide", filed["appeal_id"].as_str().unwrap());
    let decided = service.done("support", &path, json!({ "decision": decision })).await;
    service.refused("support", &path, json!({ "decision": decision }), 409, "already_decided", "").await;
    decided
}

#[tokio::test(flavor = "multi_thread")]
async fn m7_closing_forfeits_what_is_unused() {
    let service = with_credits().await;
    assert_eq!(service.call_refused("ann", MODEL).await, "");
    let closed = service.done("admin", "/v1/accounts/ann/close", json!({ "by": "holder" })).await;
    assert_eq!(closed["forfeited"][0]["amount"], "99.6");
    assert!(service.events("ann").await.contains(&"lot_forfeited".to_owned()));
    let balance = service.balance("ann").await["balance"].clone();
    assert_eq!((&balance["available"], &balance["posted"]), (&json!("0"), &json!("0")));
    // An announced end forfeits when it comes, and not before.
    service.open("bob").await;
    service.give("bob", "5").await;
    let body = json!({ "reason": "business", "effective_at": "2026-08-01T00:00:00Z" });
    service.done("admin", "/v1/accounts/bob/close", body).await;
    service.at("2026-07-31T23:59:59.999999Z").await;
    assert_eq!(service.balance("bob").await["balance"]["available"], "5");
    service.at("2026-08-01T00:00:00Z").await;
    assert_eq!(service.balance("bob").await["balance"]["posted"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn m8_a_stated_amount_or_given_lots_are_frozen() {
    let service = with_credits().await;
    let frozen = service
        .measure("ann", "freeze", json!({ "scope": "amount", "amount": "99.8", "reason": "abuse" }))
        .await;
    assert_eq!((&frozen["scope"], &frozen["amount"]), (&json!("amount"), &json!("99.8")));
    let balance = service.balance("ann").await["balance"].clone();
    assert_eq!((&balance["frozen"], &balance["available"]), (&json!("99.8"), &json!("0.2")));
    assert_eq!(service.call_refused("ann", MODEL).await, "insufficient_credits");
    service.done("finance", "/v1/accounts/ann/thaw", json!({ "reason": "cleared" })).await;
    assert_eq!(service.call_refused("ann", MODEL).await, "");

    let lot = service.give("ann", "1").await["lot_id"].clone();
    service.measure("ann", "freeze", json!({ "scope": "lots", "lots": [lot], "reason": "abuse" })).await;
    let balance = service.balance("ann").await["balance"].clone();
    assert_eq!((&balance["frozen"], &balance["available"]), (&json!("1"), &json!("99.6")));
}

#[tokio::test(flavor = "multi_thread")]
async fn m8_a_key_is_suspended_or_ended_and_an_account_suspended_or_closed() {
    let service = with_credits().await;
    let (key, _) = service.world.key("ann").await;
    let frozen =
        service.measure("ann", "freeze", json!({ "scope": "key", "key_id": key, "reason": "abuse" })).await;
    let with_key = service.call_with("ann", MODEL, Some(&key)).await;
    assert_eq!((with_key.status, with_key.code().as_str()), (423, "key_frozen"));
    assert_eq!(service.call_refused("ann", MODEL).await, "", "other calls go on");
    let thaw = json!({ "measure_id": frozen["measure_id"], "reason": "cleared" });
    service.done("finance", "/v1/accounts/ann/thaw", thaw).await;
    let revoked = service.measure("ann", &format!("keys/{key}/revoke"), json!({ "reason": "abuse" })).await;
    assert_eq!((&revoked["state"], &revoked["measure_id"]), (&json!("revoked"), &json!(key)));
    assert_eq!(service.call_with("ann", MODEL, Some(&key)).await.code(), "key_revoked");

    service.measure("ann", "freeze", json!({ "scope": "account", "reason": "abuse" })).await;
    assert_eq!(service.call_refused("ann", MODEL).await, "account_frozen");
    let closed = service.done("admin", "/v1/accounts/ann/close", json!({ "reason": "abuse" })).await;
    assert_eq!(closed["status"], "closed");
    assert_eq!(service.call_refused("ann", MODEL).await, "account_closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn m9_an_appeal_within_7_days_and_not_after() {
    let service = with_credits().await;
    let first = service.measure("ann", "freeze", json!({ "reason": "abuse" })).await["measure_id"].clone();
    let second = service
        .measure("ann", "freeze", json!({ "scope": "amount", "amount": "1", "reason": "abuse" }))
        .await;
    service.at("2026-07-08T00:00:00Z").await;
    let filed = service.measure("ann", "appeals", json!({ "measure_id": first })).await;
    assert_eq!(service.account("ann").await["appeals"][0]["appeal_id"], filed["appeal_id"]);
    assert_eq!(service.call_refused("ann", MODEL).await, "account_frozen", "the measure stands meanwhile");
    let path = "/v1/accounts/ann/appeals";
    service.refused("support", path, json!({ "measure_id": first }), 409, "already_exists", "").await;
    service.at("2026-07-08T00:00:00.000001Z").await;
    let late = json!({ "measure_id": second["measure_id"] });
    let problem = service.refused("support", path, late, 409, "window_closed", "M9").await;
    assert_eq!(problem["until"], "2026-07-08T00:00:00.000000Z");
    service.refused("support", path, json!({ "measure_id": "ann.f999" }), 404, "measure_not_found", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn m9_a_rejected_appeal_is_final() {
    let service = with_credits().await;
    let measure = service.measure("ann", "freeze", json!({ "reason": "abuse" })).await["measure_id"].clone();
    let decided = appeal(&service, &measure, "rejected").await;
    assert_eq!((&decided["decision"], &decided["thawed"]), (&json!("rejected"), &json!(null)));
    assert_eq!(service.call_refused("ann", MODEL).await, "account_frozen");
    let again = json!({ "measure_id": measure });
    service.refused("support", "/v1/accounts/ann/appeals", again, 409, "already_exists", "").await;
    assert_eq!(service.account("ann").await["appeals"][0]["state"], "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn m9_an_upheld_appeal_undoes_a_freeze_and_the_end_of_a_key() {
    let service = with_credits().await;
    let measure = service.measure("ann", "freeze", json!({ "reason": "abuse" })).await["measure_id"].clone();
    assert_eq!(appeal(&service, &measure, "upheld").await["thawed"], measure);
    assert_eq!(service.call_refused("ann", MODEL).await, "");

    let (key, secret) = service.world.key("ann").await;
    service.measure("ann", &format!("keys/{key}/revoke"), json!({ "reason": "abuse" })).await;
    let path = "/v1/accounts/ann/balance";
    assert_eq!(service.world.get_as(&secret, path).await.code(), "key_revoked");
    assert_eq!(appeal(&service, &json!(key), "upheld").await["reinstated_key"], json!(key));
    assert_eq!(service.world.get_as(&secret, path).await.status, 200, "with the secret that it had");
    assert_eq!(service.call_with("ann", MODEL, Some(&key)).await.status, 201);
    // A key that was deleted on request is no measure.
    service.world.delete("support", &format!("/v1/accounts/ann/keys/{key}"), "delete").await.ok();
    let body = json!({ "measure_id": key });
    service.refused("support", "/v1/accounts/ann/appeals", body, 404, "measure_not_found", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn m9_an_upheld_appeal_undoes_a_closing_and_what_it_forfeited() {
    let service = with_credits().await;
    let short = json!({ "source": "compensation", "credits": "3", "expires_at": "2026-07-03T00:00:00Z" });
    service.done("finance", "/v1/accounts/ann/grants", short).await;
    let closed = service.done("admin", "/v1/accounts/ann/close", json!({ "reason": "abuse" })).await;
    assert_eq!(closed["forfeited"].as_array().unwrap().len(), 2);
    let measure = closed["measure_id"].clone();
    assert_eq!(service.account("ann").await["closure"]["measure_id"], measure);
    service.at("2026-07-05T00:00:00Z").await;
    let decided = appeal(&service, &measure, "upheld").await;
    assert_eq!((&decided["reopened"], decided["reinstated"].as_array().unwrap().len()), (&json!(true), 2));
    // What had reached its end meanwhile expires at once.
    assert_eq!(decided["expired"][0]["amount"], "3");
    assert_eq!(service.balance("ann").await["balance"]["available"], "100");
    assert_eq!(service.account("ann").await["status"], "open");
    assert_eq!(service.call_refused("ann", MODEL).await, "");
    // A holder's own end is no measure.
    service.open("bob").await;
    let closed = service.done("admin", "/v1/accounts/bob/close", json!({ "by": "holder" })).await;
    let body = json!({ "measure_id": closed["measure_id"] });
    service.refused("support", "/v1/accounts/bob/appeals", body, 404, "measure_not_found", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn m8_enforcement_places_a_legal_hold_that_is_released() {
    let service = with_credits().await;
    let frozen = service.measure("ann", "freeze", json!({ "reason": "abuse", "preserve_logs": true })).await;
    let account = service.account("ann").await;
    assert_eq!(account["legal_holds"][0]["legal_hold_id"], frozen["legal_hold_id"]);
    let release = format!("/v1/legal-holds/{}/release", frozen["legal_hold_id"].as_str().unwrap());
    service.done("support", &release, json!({ "reason": "settled" })).await;
    service
        .refused("support", &release, json!({ "reason": "settled" }), 404, "legal_hold_not_found", "")
        .await;
    let placed = service.measure("ann", "legal-holds", json!({ "reason": "court", "ref": "order-9" })).await;
    assert_eq!(service.account("ann").await["legal_holds"][0]["legal_hold_id"], placed["legal_hold_id"]);
}
