//! Calls: what is charged, what returns, what counts as a violation.

use serde_json::json;

use crate::terms::service::Service;

async fn funded() -> Service {
    let pixapi = Service::start("pixapi").await;
    pixapi.open("alice").await;
    let grant = json!({ "source": "compensation", "credits": "100" });
    pixapi.done("finance", "/v1/accounts/alice/grants", grant).await;
    pixapi
}

#[tokio::test]
async fn p3_a_line_shows_model_endpoint_unit_rate_and_what_the_provider_said() {
    let pixapi = funded().await;
    let debit = json!({
        "request_id": "r1", "model": "gpt-5.2", "endpoint": "chat/completions",
        "usage": { "input_tokens": 1_234_567, "output_tokens": 89 },
        "provider": { "request_id": "chatcmpl-1", "status": 200 },
    });
    pixapi.done("proxy", "/v1/accounts/alice/debits", debit).await;
    let rates = pixapi.read("finance", "/v1/books/pixapi/catalog").await["rates"].clone();
    let rate = |unit: &str| {
        let mut rates = rates.as_array().unwrap().iter();
        let of = |rate: &&serde_json::Value| {
            rate["model"] == "gpt-5.2" && rate["endpoint"] == "chat/completions" && rate["unit"] == unit
        };
        rates.find(of).unwrap().clone()
    };
    let call = pixapi.read("finance", "/v1/accounts/alice/calls").await["items"][0].clone();
    assert_eq!((&call["model"], &call["endpoint"]), (&json!("gpt-5.2"), &json!("chat/completions")));
    assert_eq!(call["provider"], json!({ "request_id": "chatcmpl-1", "status": "200" }));
    for (at, unit, quantity) in [(0, "input_tokens", "1234567"), (1, "output_tokens", "89")] {
        let line = &call["lines"][at];
        assert_eq!((&line["unit"], &line["quantity"]), (&json!(unit), &json!(quantity)));
        assert_eq!((&line["rate"], &line["per"]), (&rate(unit)["rate"], &rate(unit)["per"]));
        assert!(line["amount"].is_string());
    }
    assert_eq!(call["catalog_version"], 1);
}

#[tokio::test]
async fn p4_failed_retried_and_limited_requests_are_logged_and_cost_nothing() {
    let pixapi = funded().await;
    let outcomes = ["failed", "provider_limited", "retried"];
    for outcome in outcomes {
        let debit = json!({
            "request_id": outcome, "model": "gpt-5.2", "endpoint": "chat/completions",
            "usage": { "input_tokens": 1_000_000 }, "outcome": outcome,
        });
        let debited = pixapi.done("proxy", "/v1/accounts/alice/debits", debit).await;
        assert_eq!(debited["charged"], "0", "{outcome}");
    }
    let calls = pixapi.read("finance", "/v1/accounts/alice/calls").await;
    for (at, outcome) in outcomes.iter().enumerate() {
        let call = &calls["items"][at];
        assert_eq!((&call["outcome"], &call["charged"]), (&json!(outcome), &json!("0")));
        assert_eq!(call["lines"][0]["quantity"], "1000000", "what was used is in the log");
    }
    assert_eq!(pixapi.balance("alice").await["balance"]["available"], "100");
    // So it is on an account that has nothing, or may not call.
    pixapi.open("bob").await;
    pixapi.done("support", "/v1/accounts/bob/freeze", json!({ "reason": "abuse" })).await;
    let debit = json!({
        "request_id": "r", "model": "gpt-5.2", "endpoint": "chat/completions",
        "usage": { "input_tokens": 1_000_000 }, "outcome": "failed",
    });
    pixapi.done("proxy", "/v1/accounts/bob/debits", debit).await;
}
