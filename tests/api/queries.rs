//! Queries: as of the instant, page by page, including one's own writes.

use serde_json::{Value, json};

use super::client::{World, call};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_as_it_stood_to_the_instant() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    let grant = json!({ "source": "manual", "credits": "5", "expires_at": "2026-07-03T00:00:00Z" });
    let granted = world.post("finance", "/v1/accounts/alice/grants", "g-1", grant).await.ok();
    world.advance("P1D").await;
    let debit = call("r-1", "amount", json!("2"));
    let debited = world.post("proxy", "/v1/accounts/alice/debits", "d-1", debit).await.ok();
    world.advance("P2D").await;
    let at = async |query: &str| {
        let reply = world.get("auditor", &format!("/v1/accounts/alice/balance?{query}")).await.ok().json();
        reply["balance"]["available"].as_str().unwrap().to_owned()
    };
    for (query, available) in [
        ("as_of=2026-07-01T00:00:00Z", "5"),
        ("as_of=2026-07-01T23:59:59.999999Z", "5"),
        ("as_of=2026-07-02T00:00:00Z", "3"),
        ("as_of=2026-07-02T23:59:59.999999Z", "3"),
        ("as_of=2026-07-03T00:00:00Z", "0"),
        ("known_at=2026-07-02T00:00:00Z", "3"),
        ("as_of=2026-07-02T12:00:00Z&known_at=2026-07-01T00:00:00Z", "5"),
        ("", "0"),
    ] {
        assert_eq!(at(query).await, available, "{query}");
    }
    for (reply, available) in [(&granted, "5"), (&debited, "3")] {
        let position = reply.json()["position"].as_u64().unwrap();
        assert_eq!(at(&format!("as_of_position={position}")).await, available);
    }
    let before = world.get("auditor", "/v1/accounts/alice?as_of_position=0").await;
    assert_eq!(before.code(), "account_not_found", "it was not open yet");
    let both = world.get("auditor", "/v1/accounts/alice?as_of_position=1&as_of=2026-07-01T00:00:00Z").await;
    assert_eq!(both.code(), "malformed");
    let lots = world.get("auditor", "/v1/accounts/alice/lots?as_of=2026-07-02T00:00:00Z").await.ok().json();
    assert_eq!((&lots["items"][0]["spent"], &lots["items"][0]["expired"]), (&json!("2"), &json!("0")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_names_a_position_that_gives_it_again() {
    let world = World::start().await;
    world.account("pixapi", "alice", "5").await;
    let now = world.get("auditor", "/v1/accounts/alice").await.ok().json();
    let position = now["as_of_position"].as_u64().unwrap();
    world.post("proxy", "/v1/accounts/alice/debits", "d-1", call("r-1", "amount", json!("2"))).await.ok();
    let then =
        world.get("auditor", &format!("/v1/accounts/alice?as_of_position={position}")).await.ok().json();
    assert_eq!((&then["balance"], &then["as_of_position"]), (&now["balance"], &now["as_of_position"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_includes_the_position_it_asks_for() {
    let world = World::start().await;
    world.account("pixapi", "alice", "5").await;
    let debit = call("r-1", "amount", json!("2"));
    let done = world.post("proxy", "/v1/accounts/alice/debits", "d-1", debit).await.ok();
    let position = done.json()["position"].as_u64().unwrap();
    for path in ["", "/lots", "/entries", "/calls", "/events", "/balance"] {
        let path = format!("/v1/accounts/alice{path}?min_position={position}");
        let reply = world.get("auditor", &path).await.ok().json();
        assert!(reply["as_of_position"].as_u64().unwrap() >= position, "{path}");
    }
}

async fn pages(world: &World, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get("auditor", &format!("{path}?limit=3{cursor}")).await.ok().json();
        let of_page = page["items"].as_array().unwrap();
        assert!((1..=3).contains(&of_page.len()));
        items.extend(of_page.iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_page_by_page_without_gap_or_repetition() {
    let world = World::start().await;
    world.account("pixapi", "alice", "100").await;
    for at in 0..7 {
        let key = format!("k-{at}");
        let body = json!({ "source": "manual", "credits": "1" });
        world.post("finance", "/v1/accounts/alice/grants", &key, body).await.ok();
        world.post("proxy", "/v1/accounts/alice/holds", &key, call(&key, "amount", json!("1"))).await.ok();
        world.post("proxy", "/v1/accounts/alice/debits", &key, call(&key, "amount", json!("2"))).await.ok();
    }
    for (list, count) in [("lots", 8), ("holds", 7), ("calls", 7), ("entries", 15), ("events", 23)] {
        let items = pages(&world, &format!("/v1/accounts/alice/{list}")).await;
        assert_eq!(items.len(), count, "{list}");
        let whole = world.get("auditor", &format!("/v1/accounts/alice/{list}")).await.ok().json();
        assert_eq!(whole["items"].as_array().unwrap(), &items, "{list}");
        assert!(whole.get("next").is_none(), "{list}");
    }
    // A cursor of one list leads nowhere in another.
    let next = world.get("auditor", "/v1/accounts/alice/lots?limit=1").await.ok().text("next");
    let stray = world.get("auditor", &format!("/v1/accounts/alice/calls?cursor={next}")).await;
    assert_eq!(stray.code(), "invalid_cursor");
}

/// The pages of a list, and what is written between them.
async fn pages_newest_first(world: &World, list: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/accounts/alice/{list}?order=desc&limit={limit}{cursor}");
        let page = world.get("auditor", &path).await.ok().json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        let key = format!("{list}-{limit}-{}", items.len());
        world
            .post("proxy", "/v1/accounts/alice/debits", &key, call(&key, "amount", json!("0.01")))
            .await
            .ok();
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_comes_first_for_who_asks_for_it_and_stays_in_its_place_while_more_is_written() {
    let world = World::start().await;
    world.account("pixapi", "alice", "100").await;
    // More than are read at once, so that pages join where pieces do.
    let debit = |at: usize| {
        let body = call(&format!("r-{at}"), "amount", json!("0.01"));
        json!({ "op": "debit", "idempotency_key": format!("k-{at}"), "account_id": "alice", "body": body })
    };
    world.batch("proxy", (0..1_100).map(debit).collect()).await;
    for (list, limit) in [("entries", 1_000), ("calls", 512), ("events", 511), ("events", 300), ("calls", 97)]
    {
        let mut oldest_first = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/accounts/alice/{list}?order=asc&limit=1000{cursor}");
            let page = world.get("auditor", &path).await.ok().json();
            oldest_first.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let mut newest_first = pages_newest_first(&world, list, limit).await;
        newest_first.reverse();
        assert_eq!(newest_first, oldest_first, "{list} {limit}");
    }
    // A cursor goes on in its own order only.
    let next = world.get("auditor", "/v1/accounts/alice/calls?order=desc&limit=1").await.ok().text("next");
    let stray = world.get("auditor", &format!("/v1/accounts/alice/calls?cursor={next}")).await;
    assert_eq!(stray.code(), "invalid_cursor");
    let unknown = world.get("auditor", "/v1/accounts/alice/calls?order=newest").await;
    assert_eq!(unknown.code(), "malformed");
    let lots = world.get("auditor", "/v1/accounts/alice/lots?order=desc").await;
    assert_eq!(lots.code(), "unknown_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_add_up_to_what_is_posted() {
    let world = World::start().await;
    world.account("aiproxynode", "bob", "1").await;
    let line = json!({ "credit_limit": "100" });
    world.post("finance", "/v1/accounts/bob/credit-line", "l-1", line).await.ok();
    let debit = call("r-1", "usage", json!({ "output_tokens": 500_000 }));
    let debited = world.post("proxy", "/v1/accounts/bob/debits", "d-1", debit).await.ok();
    let payment = json!({
        "provider": "stripe", "payment_id": "pi_1", "method": "card", "currency": "USD", "amount": "20.00",
    });
    let top_up = json!({ "order_id": "o-1", "product_id": "topup-20", "payment": payment });
    world.post("finance", "/v1/accounts/bob/top-ups", "t-1", top_up).await.ok();
    let refund = format!("/v1/debits/{}/refund", debited.text("debit_id"));
    world.post("finance", &refund, "u-1", json!({ "reason": "quality", "amount": "1.5" })).await.ok();
    let sum = |entries: &Value, member: &str| -> scrip_ledger::Credits {
        let amounts =
            entries["items"].as_array().unwrap().iter().map(|entry| entry[member].as_str().unwrap());
        amounts.map(|amount| amount.parse::<scrip_ledger::Credits>().unwrap()).sum()
    };
    let entries = world.get("auditor", "/v1/accounts/bob/entries").await.ok().json();
    let balance = world.balance("bob").await;
    assert_eq!(sum(&entries, "amount").to_string(), balance["posted"]);
    assert_eq!(sum(&entries, "debt").to_string(), balance["debt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_from_a_position_with_its_hashes() {
    let world = World::start().await;
    world.account("pixapi", "alice", "5").await;
    let all = world.get("auditor", "/v1/events").await.ok().json();
    let events = all["items"].as_array().unwrap();
    let positions: Vec<_> = events.iter().map(|event| event["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, (0..events.len() as u64).collect::<Vec<_>>());
    let opened = events.iter().find(|event| event["type"] == "account_opened").unwrap();
    assert_eq!(opened["stream"], "account-alice");
    assert_eq!(opened["payload"], json!({ "book": "pixapi", "terms_version": "2026-06-26" }));
    assert_eq!(opened["hash"].as_str().unwrap().len(), 64);
    let first = world.get("auditor", "/v1/events?limit=2").await.ok().json();
    let rest = world
        .get("auditor", &format!("/v1/events?after={}", first["next"].as_str().unwrap()))
        .await
        .ok()
        .json();
    assert_eq!(rest["items"], json!(events[2..]));
    assert!(rest.get("next").is_none());
    let next = first["next"].as_str().unwrap();
    let by_cursor = world.get("auditor", &format!("/v1/events?cursor={next}")).await.ok().json();
    assert_eq!(by_cursor, rest);
    let both = world.get("auditor", &format!("/v1/events?cursor={next}&after={next}")).await;
    assert_eq!(both.code(), "malformed");
    assert_eq!(world.get("auditor", "/v1/events?cursor=x").await.code(), "invalid_cursor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_is_not_known_is_refused_with_those_that_are() {
    let world = World::start().await;
    world.account("pixapi", "alice", "5").await;
    let when = ["as_of", "known_at", "as_of_position", "min_position"];
    for (path, allowed) in [
        ("/v1/accounts/alice?as_off=2026-07-01T00:00:00Z", &when[..]),
        ("/v1/accounts/alice/balance?min_position=1&as_off=1", &when),
        ("/v1/accounts/alice/lots?limit=1&as%5Foff=1", &[&["cursor", "limit"][..], &when].concat()),
        ("/v1/accounts/alice/entries?as_off=1", &["cursor", "limit", "order", "min_position"]),
        ("/v1/accounts/alice/orders?as_off=1", &["cursor", "limit", "min_position"]),
        ("/v1/events?as_off=1", &["after", "cursor", "limit", "min_position"]),
        ("/v1/books/pixapi/policy?as_off=1", &["at", "account_id"]),
    ] {
        let refused = world.get("auditor", path).await;
        assert_eq!((refused.code().as_str(), refused.status), ("unknown_field", 422), "{path}");
        let told = refused.json();
        assert_eq!((&told["field"], &told["allowed"]), (&json!("as_off"), &json!(allowed)), "{path}");
    }
    world.get("auditor", "/v1/accounts/alice/lots?limit=1&min_position=0").await.ok();
    world.get("auditor", "/v1/accounts/alice?").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_the_clock_runs_what_fell_due_before_it_answers() {
    let world = World::start().await;
    world.account("pixapi", "alice", "5").await;
    let mut hold = call("r-1", "amount", json!("2"));
    hold["ttl_seconds"] = json!(60);
    world.post("proxy", "/v1/accounts/alice/holds", "h-1", hold).await.ok();
    assert_eq!(world.balance("alice").await["held"], "2");
    let moved = world.advance("PT1M").await.json();
    assert_eq!(moved["now"], "2026-07-01T00:01:00.000000Z");
    let events = world.get("auditor", "/v1/accounts/alice/events").await.ok().json();
    assert_eq!(events["items"].as_array().unwrap().last().unwrap()["type"], "hold_expired");
    assert_eq!(world.balance("alice").await["held"], "0");
    let clock = "/v1/dev/clock";
    let back = world.post("admin", clock, "-", json!({ "now": "2026-06-30T00:00:00Z" })).await;
    assert_eq!(back.code(), "invalid_time");
    let to = world.post("admin", clock, "-", json!({ "now": "2026-08-01T00:00:00Z" })).await.ok();
    assert_eq!(to.text("now"), "2026-08-01T00:00:00.000000Z");
    for bad in [json!({}), json!({ "now": "2026-08-01T00:00:00Z", "advance": "P1D" })] {
        assert_eq!(world.post("admin", clock, "-", bad).await.code(), "malformed");
    }
}
