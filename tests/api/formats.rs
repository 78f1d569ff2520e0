//! The wire format of every answer, as snapshots: a change of one is a change of the contract.

use serde_json::json;

use super::client::{Transcript, World, call, tokens_used};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_a_command() {
    let world = World::start().await;
    let mut seen = Transcript::default();
    let open = json!({
        "account_id": "alice", "owner": "user-7", "region": "DE", "terms_version": "2026-06-26",
        "attestations": { "age_at_least": 18, "accurate_information": true, "not_sanctioned": true },
    });
    seen.add("open", &world.post("support", "/v1/books/pixapi/accounts", "o-1", open).await);
    let made_up = world.post("support", "/v1/books/pixapi/accounts", "o-2", json!({})).await;
    seen.add("open without an id", &made_up);
    let keys = "/v1/accounts/alice/keys";
    let issued = world.post("support", keys, "k-1", json!({})).await;
    seen.add("issue a key", &issued);
    let key = issued.text("key_id");
    seen.add("rotate it", &world.post("support", &format!("{keys}/{key}/rotate"), "k-2", json!({})).await);
    let payment = json!({
        "provider": "stripe", "payment_id": "pi_1", "method": "card", "currency": "USD", "amount": "10.00",
        "tax": "1.90", "fee": { "currency": "USD", "amount": "0.30" },
    });
    let top_up = json!({ "order_id": "order-1", "product_id": "pack-10", "payment": payment });
    seen.add("top up", &world.post("finance", "/v1/accounts/alice/top-ups", "t-1", top_up).await);
    let grant = json!({
        "source": "promotional", "campaign": "summer", "credits": "0.5", "expires_at": "2026-07-02T00:00:00Z",
        "priority": 3, "reason": "welcome",
    });
    seen.add("grant", &world.post("finance", "/v1/accounts/alice/grants", "g-1", grant).await);

    let mut hold = call("r-1", "estimate", tokens_used(1_000, 100_000));
    hold["key_id"] = json!(key);
    hold["ttl_seconds"] = json!(60);
    let placed = world.post("proxy", "/v1/accounts/alice/holds", "h-1", hold).await;
    seen.add("hold", &placed);
    let hold = format!("/v1/holds/{}", placed.text("hold_id"));
    let more = json!({ "estimate": { "input_tokens": 1_000, "output_tokens": 150_000 } });
    seen.add("extend", &world.post("proxy", &format!("{hold}/extend"), "e-1", more).await);
    let capture = json!({
        "usage": { "output_tokens": 120_000, "input_tokens": 900, "cached_input_tokens": "100" },
        "outcome": "completed", "provider": { "request_id": "chatcmpl-1", "status": 200 },
    });
    let captured = world.post("proxy", &format!("{hold}/capture"), "c-1", capture).await;
    seen.add("capture", &captured);
    let other = call("r-2", "amount", json!("1"));
    let other = world.post("proxy", "/v1/accounts/alice/holds", "h-2", other).await.text("hold_id");
    let void = json!({ "outcome": "failed" });
    seen.add("void", &world.post("proxy", &format!("/v1/holds/{other}/void"), "v-1", void).await);
    let debit = call("r-3", "usage", tokens_used(10, 20));
    seen.add("debit", &world.post("proxy", "/v1/accounts/alice/debits", "d-1", debit).await);
    let mut free = call("r-4", "usage", tokens_used(10, 0));
    free["outcome"] = json!("provider_limited");
    seen.add("a call at no charge", &world.post("proxy", "/v1/accounts/alice/debits", "d-2", free).await);
    let refund = format!("/v1/debits/{}/refund", captured.text("debit_id"));
    let part = json!({ "reason": "quality", "amount": "0.25" });
    seen.add("refund a part", &world.post("finance", &refund, "u-1", part).await);
    seen.add("refund the rest", &world.post("finance", &refund, "u-2", json!({ "outcome": "failed" })).await);

    let freeze = "/v1/accounts/alice/freeze";
    let amount = json!({ "scope": "amount", "amount": "2", "reason": "dispute" });
    let measure = world.post("support", freeze, "f-1", amount).await;
    seen.add("freeze an amount", &measure);
    let lots = json!({ "scope": "lots", "lots": ["alice.l3"], "reason": "chargeback" });
    seen.add("freeze lots", &world.post("support", freeze, "f-2", lots).await);
    let one_key = json!({ "scope": "key", "key_id": key, "reason": "leaked" });
    seen.add("freeze a key", &world.post("support", freeze, "f-3", one_key).await);
    let whole = json!({ "scope": "account", "reason": "review" });
    seen.add("freeze the account", &world.post("support", freeze, "f-4", whole).await);
    let thaw = json!({ "measure_id": measure.text("measure_id"), "reason": "settled" });
    seen.add("thaw one", &world.post("finance", "/v1/accounts/alice/thaw", "w-1", thaw).await);
    let all = json!({ "reason": "cleared" });
    seen.add("thaw all", &world.post("finance", "/v1/accounts/alice/thaw", "w-2", all).await);
    let line = json!({ "credit_limit": "5" });
    seen.add("credit line", &world.post("finance", "/v1/accounts/alice/credit-line", "l-1", line).await);
    seen.add("revoke the key", &world.delete("support", &format!("{keys}/{key}"), "k-3").await);
    let close = json!({ "by": "operator", "reason": "terms" });
    seen.add("close", &world.post("admin", "/v1/accounts/alice/close", "x-1", close).await);
    seen.add("move the clock", &world.advance("P1D").await);
    insta::assert_snapshot!(seen.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_a_query() {
    let world = World::start().await;
    world.account("pixapi", "bob", "20").await;
    let (key, _) = world.key("bob").await;
    let payment = json!({
        "provider": "stripe", "payment_id": "pi_2", "method": "card", "currency": "USD", "amount": "10.00",
    });
    let top_up = json!({ "order_id": "order-2", "product_id": "pack-10", "payment": payment });
    world.post("finance", "/v1/accounts/bob/top-ups", "t-1", top_up).await.ok();
    world.post("proxy", "/v1/accounts/bob/holds", "h-1", call("r-1", "amount", json!("1.5"))).await.ok();
    let debit = call("r-2", "usage", tokens_used(1_000_000, 0));
    let debit = world.post("proxy", "/v1/accounts/bob/debits", "d-1", debit).await.ok().text("debit_id");
    let refund = json!({ "reason": "quality", "amount": "0.5" });
    world.post("finance", &format!("/v1/debits/{debit}/refund"), "u-1", refund).await.ok();
    let freeze = json!({ "scope": "key", "key_id": key, "reason": "leaked" });
    world.post("support", "/v1/accounts/bob/freeze", "f-1", freeze).await.ok();

    let mut seen = Transcript::default();
    let of_bob =
        ["", "/balance", "/lots", "/holds", "/orders", "/entries", "/calls", "/keys", "/events?limit=2"];
    for path in of_bob.map(|path| format!("/v1/accounts/bob{path}")) {
        seen.add(&path, &world.get("auditor", &path).await.ok());
    }
    for path in ["/v1/books", "/v1/books/pixapi/policy", "/v1/events?after=5&limit=1", "/healthz", "/readyz"]
    {
        seen.add(path, &world.get("auditor", path).await.ok());
    }
    insta::assert_snapshot!(seen.text());

    let catalog = world.get("auditor", "/v1/books/pixapi/catalog?at=2026-07-01T00:00:00Z").await.ok().json();
    assert_eq!(catalog["version"], 1);
    assert!(catalog["effective_at"].is_string());
    let product = catalog["products"].as_array().unwrap().iter().find(|p| p["id"] == "pack-10").unwrap();
    assert_eq!(product["price"], json!({ "currency": "USD", "amount": "10.00" }));
    assert_eq!((&product["credits"], &product["valid_for"]), (&json!("10"), &json!("P365D")));
    let rate = catalog["rates"].as_array().unwrap().iter().find(|r| r["unit"] == "output_tokens").unwrap();
    assert!(rate["rate"].is_string() && rate["per"] == 1_000_000, "{rate}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_for_people_and_prometheus() {
    let world = World::start().await;
    world.account("pixapi", "carol", "1").await;
    let metrics = world.get("auditor", "/metrics").await.ok();
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let page = String::from_utf8(metrics.body.to_vec()).unwrap();
    for line in [
        "scrip_commands_accepted_total 2",
        r#"scrip_http_request_duration_seconds_count{method="POST",path="/v1/books/{book}/accounts",status="201"} 1"#,
    ] {
        assert!(page.lines().any(|have| have == line), "{line}\nin\n{page}");
    }
    let console =
        world.send(world.request(hyper::Method::GET, "/console", None).body(Default::default()).unwrap());
    let console = console.await;
    assert_eq!((console.status, console.header("location")), (303, Some("/console/sign-in")));
    let noop = world.post("proxy", "/v1/noop", "-", json!({})).await.ok();
    assert!(noop.header("x-request-id").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_the_id_it_came_with() {
    let world = World::start().await;
    let get = |id: &str| world.request(hyper::Method::GET, "/healthz", None).header("x-request-id", id);
    for (given, kept) in [("req-7_A", true), ("not an id", false)] {
        let reply = world.send(get(given).body(Default::default()).unwrap()).await.ok();
        let id = reply.header("x-request-id").unwrap();
        assert_eq!(id == given, kept, "{given}: {id}");
    }
    let open = world.request(hyper::Method::POST, "/v1/books/pixapi/accounts", Some("token-of-support"));
    let open = open.header("idempotency-key", "o-1").header("x-request-id", "req-8");
    world.send(open.body(r#"{"account_id":"dave"}"#.into()).unwrap()).await.ok();
    let events = world.get("auditor", "/v1/accounts/dave/events").await.ok().json();
    assert_eq!(events["items"][0]["correlation"], "req-8");
    assert_eq!(events["items"][0]["actor"], "support");
}
