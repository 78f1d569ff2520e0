//! What is kept of a call, and how long: «preserve logs» is a legal hold (M11).

use serde_json::{Value, json};

use crate::terms::service::Service;

/// Makes a call of an account that has credits, on the first of July.
async fn call(service: &Service, account: &str) {
    service.open(account).await;
    let grant = json!({ "source": "compensation", "credits": "5" });
    service.done("finance", &format!("/v1/accounts/{account}/grants"), grant).await;
    let debit = json!({
        "request_id": "r-1", "model": "seedream-4.5", "endpoint": "images/generations", "usage": { "images": 1 },
        "provider": { "request_id": format!("task-of-{account}"), "status": "done" },
    });
    service.done("proxy", &format!("/v1/accounts/{account}/debits"), debit).await;
}

/// What is still kept of the account's only call.
async fn kept(service: &Service, account: &str) -> Option<Value> {
    let calls = service.read("auditor", &format!("/v1/accounts/{account}/calls")).await;
    assert_eq!(calls["items"].as_array().unwrap().len(), 1, "the call itself stays listed");
    assert_eq!(calls["items"][0]["charged"], "0.4");
    calls["items"][0].get("provider").cloned()
}

#[tokio::test]
async fn m11_a_legal_hold_stops_the_purge_of_that_account_s_call_metadata() {
    let service = Service::start("imini").await;
    call(&service, "alice").await;
    call(&service, "bob").await;
    service.wait("P89D").await;
    let hold = json!({ "reason": "law_enforcement", "ref": "case-17" });
    let held = service.done("support", "/v1/accounts/alice/legal-holds", hold).await;

    // Ninety days, by the book: the last instant, and the one after it.
    service.at("2026-09-29T00:00:00Z").await;
    assert!(kept(&service, "alice").await.is_some() && kept(&service, "bob").await.is_some());
    service.at("2026-09-29T00:00:00.000001Z").await;
    assert_eq!(kept(&service, "bob").await, None);
    assert_eq!(
        kept(&service, "alice").await,
        Some(json!({ "request_id": "task-of-alice", "status": "done" }))
    );
    assert_eq!(service.world.engine.stats().call_metadata_purged(), 1);
    service.wait("P5Y").await;
    assert!(kept(&service, "alice").await.is_some(), "however long the hold stands");

    // Released, what is overdue is gone at once, and purged.
    let path = format!("/v1/legal-holds/{}/release", held["legal_hold_id"].as_str().unwrap());
    service.done("support", &path, json!({ "reason": "case_closed" })).await;
    assert_eq!(kept(&service, "alice").await, None);
    service.wait("PT0S").await;
    assert_eq!(service.world.engine.stats().call_metadata_purged(), 2);
}

#[tokio::test]
async fn m11_one_of_two_legal_holds_is_enough() {
    let service = Service::start("imini").await;
    call(&service, "alice").await;
    let hold = json!({ "reason": "law_enforcement" });
    let first = service.done("support", "/v1/accounts/alice/legal-holds", hold.clone()).await;
    service.done("support", "/v1/accounts/alice/legal-holds", hold).await;
    service.wait("P91D").await;
    let path = format!("/v1/legal-holds/{}/release", first["legal_hold_id"].as_str().unwrap());
    service.done("support", &path, json!({ "reason": "case_closed" })).await;
    service.wait("P1D").await;
    assert!(kept(&service, "alice").await.is_some());
}
