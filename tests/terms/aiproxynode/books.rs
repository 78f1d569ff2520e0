//! Catalogs and policies: prices, notices, versions.

use serde_json::json;

use crate::terms::documents::{account, call, from, policy, publish};
use crate::terms::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn a1_tokens_cost_the_upstream_rate_times_the_discount_exactly() {
    let service = Service::start("aiproxynode").await;
    account(&service, "alice").await;
    let catalog = service.read("auditor", "/v1/books/aiproxynode/catalog").await;
    let published = |unit: &str| {
        let rates = catalog["rates"].as_array().unwrap();
        let rate = rates.iter().find(|rate| rate["model"] == "gpt-5.2" && rate["unit"] == unit).unwrap();
        ["upstream_rate", "discount", "rate"].map(|key| rate[key].as_str().unwrap().to_owned())
    };
    // 1.75 × 0.85, to the last digit: no float has this value.
    assert_eq!(published("input_tokens"), ["1.75", "0.85", "1.4875"]);
    let [upstream, discount, rate] = published("output_tokens").map(|text| text.parse::<f64>().unwrap());
    assert!((upstream * discount - rate).abs() < 1e-9);

    let debit =
        call(&service, "alice", "gpt-5.2", "chat/completions", json!({ "input_tokens": 12_345_679 })).await;
    // 12,345,679 × 1.4875 ÷ 1,000,000 on the line; rounded once, upwards, for the call.
    let line = json!({
        "unit": "input_tokens", "quantity": "12345679", "rate": "1.4875", "per": 1_000_000, "amount": "18.3641975125",
    });
    assert_eq!(debit["lines"], json!([line]));
    assert_eq!(debit["charged"], "18.364197513");
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_revisions_of_the_terms_are_announced_7_days_ahead() {
    let service = Service::start("aiproxynode").await;
    account(&service, "alice").await;
    let path = "/v1/books/aiproxynode/policies";
    let mut revised = policy(&service, "aiproxynode").await;
    revised["holds"]["amount_allowed"] = json!(true);
    for sooner in ["2026-07-01T00:00:00Z", "2026-07-07T23:59:59.999999Z"] {
        let refused =
            service.refused("admin", path, from(&revised, sooner), 422, "notice_too_short", "A9").await;
        assert_eq!(refused["earliest"], "2026-07-08T00:00:00.000000Z");
    }
    // Nor can the notice be taken out of the terms sooner than they allow.
    let mut without = revised.clone();
    without["notice"] = json!({});
    service
        .refused("admin", path, from(&without, "2026-07-02T00:00:00Z"), 422, "notice_too_short", "A9")
        .await;
    let revision =
        publish(&service, "aiproxynode", "policies", from(&revised, "2026-07-08T00:00:00Z")).await.ok();
    assert_eq!((revision.status, &revision.json()["version"]), (201, &json!(2)));

    let by_amount = || {
        json!({
            "request_id": "r", "model": "gpt-5.2", "endpoint": "chat/completions", "amount": "1",
        })
    };
    let debits = "/v1/accounts/alice/debits";
    service.at("2026-07-07T23:59:59.999999Z").await;
    service.refused("proxy", debits, by_amount(), 422, "amount_not_allowed", "").await;
    service.at("2026-07-08T00:00:00Z").await;
    service.done("proxy", debits, by_amount()).await;
    for (at, version) in [("2026-07-07T23:59:59.999999Z", 1), ("2026-07-08T00:00:00Z", 2)] {
        let told = service.read("auditor", &format!("/v1/books/aiproxynode/policy?at={at}")).await;
        assert_eq!(told["version"], version);
    }
    let history = service.read("auditor", path).await;
    let announced: Vec<_> =
        history["items"].as_array().unwrap().iter().map(|it| it["announced_at"].as_str().unwrap()).collect();
    assert_eq!(announced, ["2026-07-01T00:00:00.000000Z"; 2]);
}
