//! A server for trial, from its first line to its end.

use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use scrip_gateway::mock::{Manner, Mock, Script, completion};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::process::{Server, errors, scrip_on, until};
use super::{MANUAL, folder};
use crate::api::client::call;

#[tokio::test]
async fn the_first_line_says_where_and_with_what() {
    let (_folder, data) = folder();
    let server = Server::start(&data, &[]).await;
    let first_line = server.first_line.clone();
    let line = first_line.as_object().unwrap();
    let names: Vec<_> = line.keys().map(String::as_str).collect();
    assert_eq!(names, ["gateway", "listening", "tokens", "webhook_secrets"]);
    for name in ["listening", "gateway"] {
        assert!(line[name].as_str().unwrap().starts_with("http://127.0.0.1:"), "{line:?}");
    }
    assert_ne!(line["listening"], line["gateway"]);
    let tokens = line["tokens"].as_object().unwrap();
    let roles: Vec<_> = tokens.keys().map(String::as_str).collect();
    assert_eq!(roles, ["admin", "auditor", "finance", "finance2", "proxy", "support"]);
    for (role, may) in [("admin", 200), ("auditor", 200), ("finance", 200), ("finance2", 200), ("proxy", 403)]
    {
        assert_eq!(server.api.get(role, "/v1/books").await.status, may, "{role}");
    }
    server.api.account("alice", "1").await;
    let said = errors(&data);
    assert!(
        said.contains("/v1/accounts/{account_id}/grants"),
        "requests are logged to standard error: {said}"
    );
    for secret in tokens.values() {
        assert!(!said.contains(secret.as_str().unwrap()), "a token is in the log");
    }
    // The next start has other tokens for the same subjects: a key still gives its first answer.
    let grant = json!({ "source": "compensation", "credits": "1" });
    let first =
        server.api.post("finance", "/v1/accounts/alice/grants", "grant-alice", grant.clone()).await.ok();
    server.stop().await;
    let server = Server::start(&data, &[]).await;
    assert_ne!(server.first_line["tokens"]["admin"], tokens["admin"]);
    let again = server.api.post("finance", "/v1/accounts/alice/grants", "grant-alice", grant).await.ok();
    assert_eq!((again.body, again.headers.get("idempotent-replayed").is_some()), (first.body, true));
    server.stop().await;
}

#[tokio::test]
async fn the_manual_clock_moves_only_by_hand_and_only_forward() {
    let (_folder, data) = folder();
    let server = Server::start(&data, &MANUAL).await;
    let api = &server.api;
    api.account("alice", "5").await;
    let mut hold = call("r-1", "amount", json!("2"));
    hold["ttl_seconds"] = json!(60);
    api.post("proxy", "/v1/accounts/alice/holds", "h-1", hold).await.ok();
    let held = async || api.get("auditor", "/v1/accounts/alice").await.ok().json()["balance"]["held"].clone();
    let clock = async |body: Value| api.post("admin", "/v1/dev/clock", "-", body).await;
    clock(json!({ "now": "2026-03-01T00:00:59.999999Z" })).await.ok();
    assert_eq!(held().await, "2");
    let moved = clock(json!({ "now": "2026-03-01T00:01:00Z" })).await.ok();
    assert_eq!(moved.text("now"), "2026-03-01T00:01:00.000000Z");
    assert_eq!(held().await, "0");
    assert_eq!(clock(json!({ "now": "2026-03-01T00:00:00Z" })).await.code(), "invalid_time");
    // Far ahead of the system's time: what the command line says of now is what the ledger said.
    clock(json!({ "now": "2126-03-01T00:00:00Z" })).await.ok();
    api.post("proxy", "/v1/accounts/alice/debits", "d-1", call("r-2", "amount", json!("1"))).await.ok();
    server.stop().await;
    let events = scrip_on(&data, &["events", "--stream", "account-alice"]).await.with(0).out;
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["account_opened", "granted", "hold_placed", "hold_expired", "debited"]);
    assert_eq!(events[3]["effective_at"], "2026-03-01T00:01:00.000000Z");
    assert_eq!(events[4]["recorded_at"], "2126-03-01T00:00:00.000000Z");
    let told = scrip_on(&data, &["balance", "alice"]).await.with(0).out;
    assert!(told.lines().any(|line| line == "available     4"), "{told}");

    // With the system's clock nobody moves it.
    let server = Server::start(&data, &[]).await;
    let refused = server.api.post("admin", "/v1/dev/clock", "-", json!({ "advance": "P1D" })).await;
    assert!((400..500).contains(&refused.status), "{refused:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_stop_drains_what_is_under_way() {
    let (_folder, data) = folder();
    let manner = Manner { words: 1, pause: Duration::ZERO, remember: true };
    let provider = Mock::start(manner).await.unwrap();
    let server = Server::start(&data, &["--upstream", &provider.base_url()]).await;
    let api = server.api.clone();
    api.account("alice", "1").await;
    let secret = api.post("support", "/v1/accounts/alice/keys", "k-1", json!({})).await.ok().text("secret");
    let (script, release) = Script::json(200, completion("hello", 10, 100)).held_back();
    provider.script(script);
    let body =
        json!({ "model": "gpt-5.2", "max_tokens": 100, "messages": [{ "role": "user", "content": "hi" }] });
    let request = Request::post(format!("{}/v1/chat/completions", api.gateway));
    let request = request.header("authorization", format!("Bearer {secret}"));
    let request = request.body(Full::from(body.to_string())).unwrap();
    let mut calling = JoinSet::new();
    calling.spawn({
        let api = api.clone();
        async move { api.send(request).await }
    });
    provider.received_in_all(1).await;

    server.terminate().await;
    // It takes nothing new …
    let listening =
        server.first_line["listening"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    until("nobody listens", async || tokio::net::TcpStream::connect(&listening).await.is_err()).await;
    // … and finishes what it has: the caller is answered, and the hold captured.
    release.release();
    let reply = calling.join_next().await.unwrap().unwrap().expect("the call was cut off");
    assert_eq!((reply.status, &reply.json()["usage"]["completion_tokens"]), (200, &json!(100)));
    assert_eq!(server.ended().await, (Some(0), String::new()));
    let events = scrip_on(&data, &["events", "--stream", "account-alice"]).await.with(0).out;
    let last: Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "hold_captured");
    // 10 × 1.75 + 100 × 14, for a million.
    assert_eq!(last["payload"]["charge"]["charged"], "0.0014175");
}

#[tokio::test]
async fn who_is_told_that_it_serves_may_stop_it_at_once() {
    let (_folder, data) = folder();
    for _ in 0..5 {
        Server::start(&data, &[]).await.stop().await;
    }
}
