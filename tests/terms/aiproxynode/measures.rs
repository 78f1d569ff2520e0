//! Freezes, closing, breach, appeals.

use serde_json::{Value, json};

use crate::terms::service::Service;

const MODEL: &str = "gpt-5.2";

async fn with_credits() -> Service {
    let service = Service::start("aiproxynode").await;
    service.open("ann").await;
    service.fund("ann", "order-1", "topup-20", "20.00").await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn a4_twelve_months_without_a_call_may_freeze() {
    let service = with_credits().await;
    // A call renews the term.
    service.at("2027-01-31T10:00:00Z").await;
    assert_eq!(service.call_refused("ann", MODEL).await, "");
    service.at("2028-01-31T09:59:59.999999Z").await;
    assert_eq!(service.account("ann").await["status"], "open");
    service.at("2028-01-31T10:00:00Z").await;
    let account = service.account("ann").await;
    assert_eq!(
        (&account["status"], &account["measures"][0]["reason"]),
        (&json!("frozen"), &json!("inactive"))
    );
    assert_eq!(account["measures"][0]["since"], "2028-01-31T10:00:00.000000Z");
    assert_eq!(service.call_refused("ann", MODEL).await, "account_frozen");
    // From the thaw on it runs anew, and a top-up renews it as well.
    service.at("2028-02-29T12:00:00Z").await;
    service.done("finance", "/v1/accounts/ann/thaw", json!({ "reason": "asked" })).await;
    service.at("2029-02-28T11:59:59.999999Z").await;
    assert_eq!(service.account("ann").await["status"], "open");
    service.fund("ann", "order-2", "topup-5", "5.00").await;
    service.at("2030-02-28T11:59:59.999998Z").await;
    assert_eq!(service.account("ann").await["status"], "open");
    service.at("2030-02-28T11:59:59.999999Z").await;
    assert_eq!(service.account("ann").await["status"], "frozen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a5_a_freeze_takes_effect_for_the_very_next_call_and_gives_up_open_holds() {
    let service = with_credits().await;
    let body = json!({
        "request_id": "r", "model": MODEL, "endpoint": "chat/completions", "estimate": { "output_tokens": 1000 },
    });
    let hold = service.done("proxy", "/v1/accounts/ann/holds", body.clone()).await["hold_id"].clone();
    let frozen = service.measure("ann", "freeze", json!({ "reason": "abnormal_calls" })).await;
    assert_eq!(frozen["voided_holds"], json!([hold]));
    assert_eq!(service.call_refused("ann", MODEL).await, "account_frozen");
    service.refused("proxy", "/v1/accounts/ann/holds", body, 423, "account_frozen", "").await;
    let capture = format!("/v1/holds/{}/capture", hold.as_str().unwrap());
    let used = json!({ "usage": { "output_tokens": 10 }, "outcome": "completed" });
    service.refused("proxy", &capture, used, 409, "hold_already_settled", "").await;
    let balance = service.balance("ann").await["balance"].clone();
    assert_eq!((&balance["posted"], &balance["held"]), (&json!("20"), &json!("0")));
}

/// An account of an owner; the answer.
async fn open_for(service: &Service, account: &str, owner: &str) -> crate::api::client::Reply {
    let body = json!({
        "account_id": account, "owner": owner, "region": "DE",
        "attestations": { "age_at_least": 21, "accurate_information": true, "not_sanctioned": true },
    });
    service.ask("support", "/v1/books/aiproxynode/accounts", body).await
}

async fn statuses(service: &Service, accounts: &[&str]) -> Vec<Value> {
    let mut statuses = Vec::new();
    for account in accounts {
        statuses.push(service.account(account).await["status"].clone());
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_measure_reaches_all_accounts_of_an_owner() {
    let service = Service::start("aiproxynode").await;
    let all = ["one", "two", "three"];
    for account in all {
        open_for(&service, account, "person").await.ok();
        service.give(account, "5").await;
    }
    open_for(&service, "other", "somebody-else").await.ok();
    let frozen = service.measure("two", "freeze", json!({ "scope": "owner", "reason": "abuse" })).await;
    assert_eq!(frozen["scope"], "owner");
    assert_eq!(statuses(&service, &all).await, ["frozen", "frozen", "frozen"]);
    assert_eq!(service.account("other").await["status"], "open");
    assert_eq!(service.account("one").await["measures"][0]["origin"], frozen["measure_id"]);
    assert!(service.events("two").await.contains(&"measure_spread".to_owned()));
    // Whoever opens another one meanwhile is refused.
    let refused = open_for(&service, "four", "person").await;
    assert!(refused.status >= 400, "{refused:?}");

    // What was thawed in one account alone is not frozen again; the end of the measure reaches the rest.
    service.done("finance", "/v1/accounts/one/thaw", json!({ "reason": "checked" })).await;
    let thaw = json!({ "measure_id": frozen["measure_id"], "reason": "cleared" });
    service.done("finance", "/v1/accounts/two/thaw", thaw).await;
    assert_eq!(statuses(&service, &all).await, ["open", "open", "open"]);
    open_for(&service, "four", "person").await.ok();
    assert_eq!(service.account("four").await["status"], "open");
}
