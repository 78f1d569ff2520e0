//! Calls that are no streams, and calls that never get as far as an answer.

use std::time::Duration;

use scrip_gateway::mock::{Script, completion};
use scrip_gateway::{Config, Limits, Models, Times, Upstream};
use scrip_ledger::{Command, FreezeScope};
use serde_json::json;

use super::world::{KEY, World, ask, book, freeze, times, token};

/// 100 tokens in, of which 80 from a cache; 50 out, of which 30 thought.
const ANSWER: &str = r#"{ "id":"chatcmpl-abc","object":"chat.completion","x_unknown":[1.0],
    "choices":[{"index":0,"message":{"role":"assistant","content":"Sunny – 21°."},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
        "prompt_tokens_details":{"cached_tokens":80,"audio_tokens":0},
        "completion_tokens_details":{"reasoning_tokens":30}}}"#;

#[tokio::test]
async fn a_call_is_held_forwarded_and_charged_to_the_last_nano_credit() {
    for (book, charged, left) in [
        // 20 × 1.75 + 80 × 0.175 + 50 × 14 = 749 millionths.
        ("pixapi", "0.000749", "0.999251"),
        // × 0.85.
        ("aiproxynode", "0.00063665", "0.99936335"),
    ] {
        let world = World::new(book, "1").await;
        world.provider.script(Script::json(200, ANSWER));
        let body = r#"{"messages" : [], "model":"gpt-5.2" ,"seed":1e2,"max_tokens":100}"#.to_owned();
        let reply = world.post(Some(KEY), body.clone()).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, ANSWER));

        // Durable before it was answered: no waiting here.
        let lines = "input_tokens:20 cached_input_tokens:80 output_tokens:50".to_owned();
        assert_eq!(world.charge(), ("completed".to_owned(), charged.to_owned(), lines));
        assert_eq!(world.balance().await, [left, "0", "0"]);
        let charge = world.charges().remove(0);
        assert_eq!(reply.headers["x-request-id"], charge.request_id.as_str());
        // What the provider said stands in the event, unless the book limits how long it is kept (A6).
        match charge.provider {
            Some(provider) if book == "pixapi" => {
                assert_eq!(provider.request_id, Some(token("chatcmpl-abc")));
                assert_eq!(provider.status, Some(token("200")));
            }
            provider => assert_eq!((book, provider), ("aiproxynode", None)),
        }

        let received = world.provider.received().remove(0);
        assert_eq!((received.path.as_str(), &received.body[..]), ("/v1/chat/completions", body.as_bytes()));
        assert_eq!(received.headers["authorization"], "Bearer sk-provider-secret");
        world.end().await;
    }
}

#[tokio::test]
async fn a_balance_that_is_short_is_told_before_the_provider_is_called() {
    // 15 tokens in (10, and half as much again) and 100 out need 0.00142625.
    let world = World::new("pixapi", "0.001426249").await;
    let reply = world.call(ask("gpt-5.2", json!({"max_tokens": 100}))).await;
    assert_eq!(reply.status, 402);
    assert_eq!(
        reply.json(),
        json!({"error": {
            "message": "0.00142625 credits are required and 0.001426249 are available",
            "type": "insufficient_quota", "param": null, "code": "insufficient_credits",
            "available": "0.001426249", "required": "0.00142625",
        }})
    );
    assert_eq!(world.provider.count(), 0);
    world.grant("0.000000001").await;
    assert_eq!(world.call(ask("gpt-5.2", json!({"max_tokens": 100}))).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn who_may_not_call_is_told_why() {
    let world = World::new("pixapi", "1").await;
    let body = ask("gpt-5.2", json!({}));
    for (key, code) in [(None, "unauthenticated"), (Some("sk-unknown"), "unauthenticated")] {
        let reply = world.post(key, body.to_string()).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, code));
    }
    let key = world.account().await.keys()[0].revision;
    for (scope, code) in [(FreezeScope::Key { key }, "key_frozen"), (FreezeScope::Account, "account_frozen")]
    {
        world.command(freeze(scope, "fraud")).await.unwrap();
        let reply = world.call(body.clone()).await;
        assert_eq!((reply.status, reply.code().as_str()), (423, code));
        world.command(Command::Thaw { freeze: None, reason: token("resolved") }).await.unwrap();
    }
    world.command(Command::RevokeKey { key, reason: None }).await.unwrap();
    let reply = world.call(body).await;
    assert_eq!((reply.status, reply.code().as_str()), (401, "key_revoked"));
    assert_eq!(world.provider.count(), 0);
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_called_is_told_why() {
    let limits = Limits { request_bytes: 1_000, ..Limits::default() };
    let world = World::with(book("pixapi"), "1", limits, times()).await;
    for (body, status, code) in [
        (ask("gpt-17", json!({})).to_string(), 404, "model_not_found"),
        (ask("gpt-image-1.5", json!({})).to_string(), 404, "model_not_found"),
        ("{\"model\":\"gpt-5.2\"".to_owned(), 400, "malformed"),
        (r#"{"model":"gpt-5.2","model":"gpt-5-mini"}"#.to_owned(), 400, "malformed"),
        (ask("gpt-5.2", json!({"pad": "x".repeat(1_000)})).to_string(), 413, "too_large"),
    ] {
        let reply = world.post(Some(KEY), body).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code));
    }
    assert_eq!(world.provider.count(), 0);
    world.end().await;
}

#[tokio::test]
async fn a_provider_that_fails_before_its_first_byte_costs_nothing() {
    let world = World::new("aiproxynode", "2").await;
    let error = |message: &str| format!(r#"{{"error":{{"message":"{message}","type":"x","code":null}}}}"#);
    for (script, status, body, outcome) in [
        (Script::json(500, error("boom")), 500, error("boom"), "failed"),
        (Script::json(429, error("slow down")), 429, error("slow down"), "provider_limited"),
        (Script::json(400, error("bad temperature")), 400, error("bad temperature"), "failed"),
    ] {
        world.provider.script(script);
        let reply = world.call(ask("gpt-5.2", json!({}))).await;
        assert_eq!((reply.status, reply.body), (status, body));
        assert_eq!(world.voids().last().unwrap(), outcome);
    }
    world.provider.script(Script::Close);
    let reply = world.call(ask("gpt-5.2", json!({"stream": true}))).await;
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_closed"));
    // What the provider says of the service's own key is none of the caller's business.
    world.provider.script(Script::json(401, error("Incorrect API key: sk-provider-secret")));
    let reply = world.call(ask("gpt-5.2", json!({}))).await;
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_refused"));
    assert!(!reply.body.contains("sk-"));

    assert_eq!(world.balance().await, ["2", "0", "0"]);
    assert_eq!(world.charges(), []);
    world.end().await;
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_costs_nothing() {
    // A port that is taken and does not listen: no other test gets it meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let gone = socket.local_addr().unwrap();
    let upstream = Upstream::new("gone", &format!("http://{gone}/v1"), None, Models::All).unwrap();
    let config = Config { upstreams: vec![upstream], limits: Limits::default(), times: times() };
    let provider = scrip_gateway::mock::Mock::start(Default::default()).await.unwrap();
    let world = World::behind(book("pixapi"), "2", config, provider).await;
    let reply = world.call(ask("gpt-5.2", json!({}))).await;
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_unreachable"));
    assert_eq!(
        (world.voids(), world.balance().await),
        (vec!["failed".to_owned()], ["2", "0", "0"].map(str::to_owned))
    );
    world.end().await;
}

#[tokio::test]
async fn a_provider_that_takes_too_long_costs_nothing() {
    let times = Times { first_byte: Duration::from_millis(20), ..times() };
    let world = World::with(book("pixapi"), "2", Limits::default(), times).await;
    let (script, release) = Script::json(200, ANSWER).held_back();
    world.provider.script(script);
    let reply = world.call(ask("gpt-5.2", json!({}))).await;
    assert_eq!((reply.status, reply.code().as_str()), (504, "upstream_timeout"));
    assert_eq!(world.voids(), ["failed"]);
    release.release();
    world.end().await;
}

#[tokio::test]
async fn what_moderation_blocks_is_charged_where_the_book_says_so() {
    for (book, charged) in [("pixapi", "0"), ("aiproxynode", "0.000014875")] {
        let world = World::new(book, "2").await;
        let blocked = r#"{"error":{"message":"no","code":"content_filter"}}"#;
        world.provider.script(Script::json(400, blocked));
        let reply = world.call(ask("gpt-5.2", json!({}))).await;
        assert_eq!((reply.status, reply.body.as_str()), (400, blocked));
        let (outcome, amount, _) = world.charge();
        assert_eq!((outcome.as_str(), amount.as_str()), ("moderation_blocked", charged));
        world.end().await;
    }
}

#[tokio::test]
async fn an_answer_without_usage_is_charged_by_what_it_says() {
    let world = World::new("pixapi", "2").await;
    let answer = r#"{"choices":[{"message":{"role":"assistant","content":"abcdabcdabcd"}}]}"#;
    world.provider.script(Script::json(200, answer));
    assert_eq!(world.call(ask("gpt-5.2", json!({}))).await.body, answer);
    let lines = "input_tokens:10 output_tokens:3".to_owned();
    assert_eq!(world.charge(), ("usage_unknown".to_owned(), "0.0000595".to_owned(), lines));
    world.end().await;
}

#[tokio::test]
async fn an_answer_that_is_none_costs_nothing() {
    let world = World::new("pixapi", "2").await;
    for answer in ["<html>hello</html>", r#"{"error":{"message":"oops"}}"#, r#"{"choices":[]}"#, ""] {
        world.provider.script(Script::json(200, answer));
        assert_eq!(world.call(ask("gpt-5.2", json!({}))).await.body, answer);
    }
    assert_eq!(world.voids(), ["failed"; 4]);
    assert_eq!(world.balance().await, ["2", "0", "0"]);
    world.end().await;
}

#[tokio::test]
async fn a_model_goes_to_the_provider_that_serves_it_under_the_name_it_has_there() {
    let (one, two) = tokio::join!(
        scrip_gateway::mock::Mock::start(Default::default()),
        scrip_gateway::mock::Mock::start(Default::default())
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    let named = Models::Named([("gpt-5-mini".to_owned(), "vendor/mini-2".to_owned())].into());
    let mini = Upstream::new("two", &two.base_url(), None, named).unwrap();
    let only = |model: &str| Models::Named([(model.to_owned(), model.to_owned())].into());
    let large = Upstream::new("one", &one.base_url(), None, only("gpt-5.2")).unwrap();
    let config = Config { upstreams: vec![mini, large], limits: Limits::default(), times: times() };
    let world = World::behind(book("pixapi"), "5", config, one).await;

    two.script(Script::json(200, completion("hi", 4, 1)));
    assert_eq!(world.call(ask("gpt-5-mini", json!({}))).await.status, 200);
    let sent = String::from_utf8(two.received().remove(0).body.to_vec()).unwrap();
    assert_eq!(sent, ask("gpt-5-mini", json!({})).to_string().replace("gpt-5-mini", "vendor/mini-2"));
    assert_eq!(world.charges()[0].model, "gpt-5-mini", "charged by the name that the caller used");
    assert_eq!(world.call(ask("gpt-5.2", json!({}))).await.status, 200);
    assert_eq!(world.provider.count(), 1);
    let reply = world.call(ask("gemini-3-pro", json!({}))).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "model_unavailable"));
    world.end().await;
}

#[tokio::test]
async fn models_are_the_catalog_of_the_keys_book() {
    let world = World::new("pixapi", "0").await;
    let list = world.get("/models", KEY).await.json();
    let ids: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 12);
    assert!(ids.contains(&"gpt-5.2") && ids.contains(&"veo-3.1-fast"));
    assert_eq!(
        world.get("/models/gpt-5.2", KEY).await.json(),
        json!({"id": "gpt-5.2", "object": "model", "created": 0, "owned_by": "pixapi"})
    );
    assert_eq!(world.get("/models/gpt-17", KEY).await.code(), "model_not_found");
    assert_eq!(world.get("/models", "sk-unknown").await.status, 401);
    assert_eq!(world.get("/elsewhere", KEY).await.code(), "endpoint_not_found");
    world.end().await;
}
