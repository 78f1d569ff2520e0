//! Itemised billing, and disputes of calls.

use serde_json::{Value, json};

use crate::terms::service::Service;

async fn call(service: &Service, request: &str) -> Value {
    let body = json!({
        "request_id": request, "model": "gpt-5.2", "endpoint": "chat/completions",
        "usage": { "input_tokens": 1_000_000, "output_tokens": 100_000 },
    });
    service.done("proxy", "/v1/accounts/alice/debits", body).await
}

async fn start() -> Service {
    let service = Service::start("aiproxynode").await;
    service.open("alice").await;
    let top_up = json!({
        "order_id": "order-1", "product_id": "topup-100",
        "payment": {
            "provider": "stripe", "payment_id": "pi-1", "method": "card", "currency": "USD", "amount": "100.00",
        },
    });
    service.done("finance", "/v1/accounts/alice/top-ups", top_up).await;
    service
}

fn dispute(call: &Value) -> Value {
    json!({ "debit_id": call["debit_id"], "reason": "wrong_usage" })
}

#[tokio::test]
async fn a3_each_call_is_listed_with_its_lines() {
    let service = start().await;
    let charged = call(&service, "one").await;
    let list = service.read("finance", "/v1/accounts/alice/calls").await;
    assert_eq!(list["items"][0]["debit_id"], charged["debit_id"]);
    let units: Vec<&Value> =
        list["items"][0]["lines"].as_array().unwrap().iter().map(|line| &line["unit"]).collect();
    assert_eq!(units, ["input_tokens", "output_tokens"]);
    assert_eq!(list["items"][0]["charged"], charged["charged"]);
}

#[tokio::test]
async fn a3_a_call_is_disputed_within_30_days() {
    let service = start().await;
    let calls = [call(&service, "one").await, call(&service, "two").await];
    service.refused("proxy", "/v1/disputes", dispute(&calls[0]), 403, "forbidden_scope", "").await;
    // A dispute names a call, and only one.
    let neither = json!({ "reason": "wrong_usage" });
    service.refused("support", "/v1/disputes", neither, 400, "malformed", "").await;
    let none = json!({ "debit_id": "alice.d0", "reason": "wrong_usage" });
    service.refused("support", "/v1/disputes", none, 404, "debit_not_found", "").await;

    service.at("2026-07-31T00:00:00Z").await;
    let opened = service.done("support", "/v1/disputes", dispute(&calls[0])).await;
    assert_eq!(opened["debit_id"], calls[0]["debit_id"]);
    service.refused("support", "/v1/disputes", dispute(&calls[0]), 409, "already_exists", "").await;
    service.at("2026-07-31T00:00:00.000001Z").await;
    let late =
        service.refused("support", "/v1/disputes", dispute(&calls[1]), 409, "window_closed", "A3").await;
    assert_eq!(late["until"], "2026-07-31T00:00:00.000000Z");
}

#[tokio::test]
async fn a3_a_dispute_ends_in_credits_or_is_rejected() {
    let service = start().await;
    let calls = [call(&service, "one").await, call(&service, "two").await];
    let before = service.balance("alice").await["balance"]["available"].clone();
    let mut resolve = Vec::new();
    for call in &calls {
        let opened = service.done("finance", "/v1/disputes", dispute(call)).await;
        resolve.push(format!("/v1/disputes/{}/resolve", opened["dispute_id"].as_str().unwrap()));
    }
    // At most what is left of the charge comes back.
    let too_much = json!({ "outcome": "credited", "credits": "99" });
    service.refused("finance", &resolve[0], too_much, 409, "not_eligible", "A3").await;
    let part = service.done("finance", &resolve[0], json!({ "outcome": "credited", "credits": "0.5" })).await;
    assert_eq!((&part["credits"], &part["lots"][0]["amount"]), (&json!("0.5"), &json!("0.5")));
    let rejected = service.done("finance", &resolve[1], json!({ "outcome": "reject" })).await;
    assert_eq!((&rejected["outcome"], &rejected["credits"]), (&json!("rejected"), &json!("0")));
    service
        .refused("finance", &resolve[1], json!({ "outcome": "credited" }), 409, "already_decided", "")
        .await;

    // What was rejected may be disputed again while the window is open; without an amount all that is left returns.
    let again = service.done("finance", "/v1/disputes", dispute(&calls[0])).await;
    let path = format!("/v1/disputes/{}/resolve", again["dispute_id"].as_str().unwrap());
    let rest = service.done("finance", &path, json!({ "outcome": "credited" })).await;
    let list = service.read("finance", "/v1/accounts/alice/calls").await;
    assert_eq!(list["items"][0]["refunded"], list["items"][0]["charged"]);
    let total = |text: &Value| text.as_str().unwrap().parse::<scrip_ledger::Credits>().unwrap();
    let expected = total(&before).plus(total(&calls[0]["charged"])).unwrap();
    assert_eq!(total(&service.balance("alice").await["balance"]["available"]), expected);
    assert!(total(&rest["credits"]) < total(&calls[0]["charged"]));
    let unknown = "/v1/disputes/alice.x0/resolve";
    service.refused("finance", unknown, json!({ "outcome": "rejected" }), 404, "dispute_not_found", "").await;
}
