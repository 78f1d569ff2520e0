//! What is kept of a call, and how long (A6). That no prompt or body is ever stored is shown on the real process, with
//! planted words: `scenarios::privacy`.

use serde_json::{Value, json};

use crate::terms::service::Service;

fn call(request_id: &str, provider: &str) -> Value {
    json!({
        "request_id": request_id, "model": "gpt-5.2", "endpoint": "chat/completions",
        "usage": { "input_tokens": 1000, "output_tokens": 100 },
        "provider": { "request_id": provider, "status": 200 },
    })
}

/// An account with credits, on the first of July.
async fn service() -> Service {
    let service = Service::start("aiproxynode").await;
    service.open("alice").await;
    let grant = json!({ "source": "compensation", "credits": "5" });
    service.done("finance", "/v1/accounts/alice/grants", grant).await;
    service
}

async fn calls(service: &Service) -> Vec<Value> {
    let calls = service.read("finance", "/v1/accounts/alice/calls").await;
    calls["items"].as_array().unwrap().clone()
}

/// A call without what is kept for a time only.
fn billing_record(mut call: Value) -> Value {
    call.as_object_mut().unwrap().remove("provider");
    call
}

#[tokio::test]
async fn a6_call_metadata_is_readable_for_30_days_and_the_billing_record_stays() {
    let service = service().await;
    service.done("proxy", "/v1/accounts/alice/debits", call("r-1", "chatcmpl-1")).await;
    service.wait("PT12H").await;
    // The same for a call that had a hold.
    let hold = json!({
        "request_id": "r-2", "model": "gpt-5.2", "endpoint": "chat/completions",
        "estimate": { "input_tokens": 1000, "output_tokens": 1000 },
    });
    let held = service.done("proxy", "/v1/accounts/alice/holds", hold).await;
    let path = format!("/v1/holds/{}/capture", held["hold_id"].as_str().unwrap());
    let capture = json!({
        "usage": { "input_tokens": 1000, "output_tokens": 100 }, "outcome": "completed",
        "provider": { "request_id": "chatcmpl-2", "status": 200 },
    });
    service.done("proxy", &path, capture).await;

    let fresh = calls(&service).await;
    assert_eq!(fresh[0]["provider"], json!({ "request_id": "chatcmpl-1", "status": "200" }));
    assert_eq!(fresh[1]["provider"], json!({ "request_id": "chatcmpl-2", "status": "200" }));
    assert_eq!(fresh[0]["metadata_until"], "2026-07-31T00:00:00.000000Z");
    assert_eq!(fresh[1]["metadata_until"], "2026-07-31T12:00:00.000000Z");

    // The last instant of the thirty days, and the one after it.
    service.at("2026-07-31T00:00:00Z").await;
    assert_eq!(calls(&service).await, fresh);
    service.at("2026-07-31T00:00:00.000001Z").await;
    let first_gone = calls(&service).await;
    assert_eq!(first_gone, [billing_record(fresh[0].clone()), fresh[1].clone()]);
    service.at("2026-07-31T12:00:00Z").await;
    assert_eq!(calls(&service).await, first_gone);
    service.at("2026-07-31T12:00:00.000001Z").await;
    let records: Vec<_> = fresh.into_iter().map(billing_record).collect();
    assert_eq!(calls(&service).await, records);
    assert_eq!(service.world.engine.stats().call_metadata_purged(), 2);

    // What was charged stays for good.
    service.wait("P10Y").await;
    assert_eq!(calls(&service).await, records);
    assert!(
        records.iter().all(|call| call["charged"] != "0" && !call["lines"].as_array().unwrap().is_empty())
    );
}

#[tokio::test]
async fn a6_call_metadata_is_in_no_event_and_no_answer_of_a_command() {
    let service = service().await;
    let first =
        service.world.post("proxy", "/v1/accounts/alice/debits", "k", call("r-1", "chatcmpl-1")).await;
    assert_eq!((first.status, first.json().get("provider")), (201, None));
    // It is part of what was asked all the same: the same key with another is another command.
    let again =
        service.world.post("proxy", "/v1/accounts/alice/debits", "k", call("r-1", "chatcmpl-1")).await;
    assert_eq!(again.body, first.body);
    let other =
        service.world.post("proxy", "/v1/accounts/alice/debits", "k", call("r-1", "chatcmpl-9")).await;
    assert_eq!(other.json()["code"], "idempotency_key_reused");
    // Sent again, it is kept once.
    assert_eq!(calls(&service).await.len(), 1);
    assert_eq!(service.world.engine.stats().call_metadata_written(), 1);

    let events = service.read("auditor", "/v1/events?limit=1000").await;
    let events = events["items"].as_array().unwrap();
    let debited = events.iter().find(|event| event["type"] == "debited").expect("it is in the log");
    assert_eq!(debited["payload"]["charge"]["request_id"], "r-1");
    let all = serde_json::to_string(events).unwrap();
    assert!(!all.contains("chatcmpl"), "{all}");

    // A book that sets no limit keeps it with the charge.
    let pixapi = service.beside("pixapi");
    pixapi.open("bob").await;
    let grant = json!({ "source": "compensation", "credits": "5" });
    pixapi.done("finance", "/v1/accounts/bob/grants", grant).await;
    let debit = pixapi.done("proxy", "/v1/accounts/bob/debits", call("r-1", "chatcmpl-3")).await;
    assert_eq!(debit["provider"]["request_id"], "chatcmpl-3");
    pixapi.wait("P31D").await;
    let kept = pixapi.read("finance", "/v1/accounts/bob/calls").await;
    assert_eq!(kept["items"][0]["provider"]["request_id"], "chatcmpl-3");
    assert_eq!(kept["items"][0].get("metadata_until"), None);
}

#[tokio::test]
async fn a6_there_is_no_place_for_a_prompt_or_a_body() {
    let service = service().await;
    let events = service.read("auditor", "/v1/events?limit=1000").await["items"].as_array().unwrap().len();
    for (field, value) in [
        ("prompt", json!("tell me a secret")),
        ("messages", json!([{ "role": "user", "content": "tell me a secret" }])),
        ("response", json!({ "choices": [] })),
        ("metadata", json!({ "user": "Ada" })),
    ] {
        let mut body = call("r-1", "chatcmpl-1");
        body[field] = value;
        service.refused("proxy", "/v1/accounts/alice/debits", body, 422, "unknown_field", "").await;
    }
    // Nor can one hide in an id or a code.
    for field in ["request_id", "model", "endpoint"] {
        let mut body = call("r-1", "chatcmpl-1");
        body[field] = json!("tell me a secret");
        let reply = service.ask("proxy", "/v1/accounts/alice/debits", body).await;
        assert_eq!(reply.status, 422, "{field}: {reply:?}");
    }
    for provider in
        [json!({ "request_id": "tell me" }), json!({ "status": "all is well" }), json!({ "body": "x" })]
    {
        let mut body = call("r-1", "chatcmpl-1");
        body["provider"] = provider;
        let reply = service.ask("proxy", "/v1/accounts/alice/debits", body).await;
        assert_eq!(reply.status, 422, "{reply:?}");
    }
    let after = service.read("auditor", "/v1/events?limit=1000").await["items"].as_array().unwrap().len();
    assert_eq!(after, events, "nothing was recorded");
}
