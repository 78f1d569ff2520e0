//! Calls that cost next to nothing.

use serde_json::{Value, json};

use crate::api::client::World;

fn small(request: &str, model: &str, usage: &Value) -> Value {
    json!({ "request_id": request, "model": model, "endpoint": "chat/completions", "usage": usage })
}

/// new-api#2608: a quota of whole units charges a small call nothing, or ten times too much.
#[tokio::test(flavor = "multi_thread")]
async fn integer_quotas_misbill_small_calls() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0.002276").await;
    // 0.25 + 0.025 + 2 credits for a million: 2,275 nano-credits a call, a thousand times.
    let usage = json!({ "input_tokens": 1, "cached_input_tokens": 1, "output_tokens": 1 });
    let commands: Vec<Value> = (0..1_000)
        .map(|at| {
            let key = format!("d-{at}");
            json!({ "op": "debit", "idempotency_key": key, "account_id": "alice", "body": small(&key, "gpt-5-mini", &usage) })
        })
        .collect();
    for result in world.batch("proxy", commands.into()).await {
        assert_eq!((&result["status"], &result["body"]["charged"]), (&json!(201), &json!("0.000002275")));
    }
    assert_eq!(world.balance("alice").await["available"], "0.000001");
    let refused =
        world.post("proxy", "/v1/accounts/alice/debits", "d", small("d", "gpt-5-mini", &usage)).await;
    assert_eq!(refused.code(), "insufficient_credits");
    assert_eq!(
        (refused.text("available"), refused.text("required")),
        ("0.000001".into(), "0.000002275".into())
    );
}

/// … and where nine places are not enough, a call is rounded once, not line by line, by the book's rule.
#[tokio::test(flavor = "multi_thread")]
async fn each_line_is_rounded_and_the_call_costs_more() {
    let world = World::start().await;
    world.account("aiproxynode", "bob", "1").await;
    // 4.25 + 42.5 + 340 nano-credits are 386.75. Line by line, upwards, they would be 388.
    let usage = json!({ "input_tokens": 1, "cached_input_tokens": 1, "output_tokens": 1 });
    let body = small("r-1", "gpt-5-nano", &usage);
    let charged = world.post("proxy", "/v1/accounts/bob/debits", "d-1", body).await.ok();
    assert_eq!(charged.text("charged"), "0.000000387");
    let lines = charged.json()["lines"].clone();
    let amounts: Vec<_> =
        lines.as_array().unwrap().iter().map(|line| line["amount"].as_str().unwrap()).collect();
    let sorted = std::collections::BTreeSet::from_iter(amounts);
    assert_eq!(sorted, ["0.00000000425", "0.0000000425", "0.00000034"].into());
    assert_eq!(world.balance("bob").await["available"], "0.999999613");
}
