//! What finance reads: quick, exact, the same tomorrow, and by the clocks of those who read it.

use serde_json::{Value, json};
use sqlx::{Connection, Executor};

use crate::api::client::{World, call};
use crate::reports::world::{all, ask};

fn decimal(value: &Value) -> rust_decimal::Decimal {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).parse().unwrap()
}

async fn top_up(world: &World, account: &str, order: &str) {
    let payment = json!({
        "provider": "stripe", "payment_id": format!("pi-{order}"), "method": "card", "currency": "USD",
        "amount": "10.00",
    });
    let body = json!({ "order_id": order, "product_id": "pack-10", "payment": payment });
    world.post("finance", &format!("/v1/accounts/{account}/top-ups"), order, body).await.ok();
}

async fn debit(world: &World, account: &str, key: &str, amount: &str) -> Value {
    let body = call(key, "amount", json!(amount));
    world.post("proxy", &format!("/v1/accounts/{account}/debits"), key, body).await.ok().json()
}

/// litellm#9201, #16276: the usage page reads every call, takes 429 s and the service with it.
#[tokio::test(flavor = "multi_thread")]
async fn usage_is_read_from_sums_however_many_calls_there_are() {
    let world = World::start().await;
    world.account("pixapi", "alice", "1000").await;
    let debit = |at: usize| {
        let body = call(&format!("r-{at}"), "amount", json!("0.01"));
        json!({ "op": "debit", "idempotency_key": format!("k-{at}"), "account_id": "alice", "body": body })
    };
    world.batch("proxy", (0..3_000).map(debit).collect()).await;
    let path = "/v1/books/pixapi/reports/usage?from=2026-07-01&until=2026-07-02&tz=UTC&group=day,account";
    assert_eq!(ask(&world, path).await["items"][0]["calls"], 3_000);
    // Without a single call in the database, the sums are what they were.
    let folder = world.read_models();
    let url = format!("sqlite://{}", folder.join("1.sqlite").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    connection.execute("DELETE FROM calls").await.unwrap();
    let without = ask(&world, path).await;
    assert_eq!((&without["items"][0]["calls"], &without["total"]["charged"]), (&json!(3_000), &json!("30")));
}

/// new-api#2891, #5840: refunds are counted as income, or as more usage, and no total can be reconciled.
#[tokio::test(flavor = "multi_thread")]
async fn refunds_stand_beside_charges_and_lifetime_totals_reconcile() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    top_up(&world, "alice", "order-1").await;
    let mut debits = Vec::new();
    for at in 0..6 {
        debits.push(debit(&world, "alice", &format!("d-{at}"), "1.5").await);
    }
    for (at, amount) in [(0, Some("0.5")), (1, None), (0, Some("1"))] {
        let id = debits[at]["debit_id"].as_str().unwrap();
        let body = match amount {
            Some(amount) => json!({ "reason": "quality", "amount": amount }),
            None => json!({ "outcome": "failed" }),
        };
        world
            .post(
                "finance",
                &format!("/v1/debits/{id}/refund"),
                &format!("u-{at}-{}", amount.is_some_and(|amount| amount == "1")),
                body,
            )
            .await
            .ok();
    }
    let total = &ask(&world, "/v1/books/pixapi/reports/usage").await["total"];
    assert_eq!(
        (&total["calls"], &total["charged"]),
        (&json!(6), &json!("9")),
        "a refund is no call and no charge"
    );
    assert_eq!((&total["refunded"], &total["net"]), (&json!("3"), &json!("6")));
    // What was used is what is missing from what was bought, and what the books say.
    let balance = world.balance("alice").await;
    assert_eq!(decimal(&balance["posted"]) + decimal(&total["net"]), 10.into());
    let account = &ask(&world, "/v1/books/pixapi/accounts?prefix=alice").await["items"][0];
    assert_eq!(account["charged"], total["net"]);
    let trial = ask(&world, "/v1/books/pixapi/reports/trial-balance").await;
    let used =
        trial["items"].as_array().unwrap().iter().find(|line| line["account"] == "equity:credits:used");
    assert_eq!(
        -decimal(&used.unwrap()["balance"]),
        decimal(&total["net"]),
        "credits that were used are credited there"
    );
    let revenue = ask(&world, "/v1/books/pixapi/reports/revenue").await;
    let deferred = ask(&world, "/v1/books/pixapi/reports/deferred-revenue").await;
    let earned = decimal(&revenue["totals"][0]["amount"]) + decimal(&deferred["items"][0]["closing"]);
    assert_eq!(earned, 10.into(), "what was paid is earned or owed, and nothing else");
}

/// CodexBar#2671: a new price list changes what last month's usage cost.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_charged_is_not_repriced_by_a_new_catalog() {
    let world = World::start().await;
    world.account("pixapi", "alice", "100").await;
    let usage = || call("r-1", "usage", json!({ "input_tokens": 1_000_000, "output_tokens": 100_000 }));
    world.post("proxy", "/v1/accounts/alice/debits", "d-1", usage()).await.ok();
    let july = "/v1/books/pixapi/reports/usage?from=2026-07-01&until=2026-08-01&tz=UTC&group=day,model";
    let before = ask(&world, july).await;
    let revenue =
        ask(&world, "/v1/books/pixapi/reports/revenue?from=2026-07-01&until=2026-08-01&tz=UTC").await;
    // All rates are doubled, with the notice that the terms promise.
    let mut catalog = world.get("auditor", "/v1/books/pixapi/catalog").await.ok().json();
    let members = catalog.as_object_mut().unwrap();
    for own in ["book", "as_of_position", "version", "effective_at"] {
        members.remove(own);
    }
    for rate in catalog["rates"].as_array_mut().unwrap() {
        let doubled = decimal(&rate["rate"]) * rust_decimal::Decimal::TWO;
        rate["rate"] = json!(doubled.normalize().to_string());
    }
    catalog["effective_at"] = json!("2026-10-01T00:00:00Z");
    world.post("admin", "/v1/books/pixapi/catalogs", "c-1", catalog).await.ok();
    world.advance("P93D").await;
    let mut again = usage();
    again["request_id"] = json!("r-2");
    world.post("proxy", "/v1/accounts/alice/debits", "d-2", again).await.ok();
    let after = ask(&world, july).await;
    assert_eq!((&after["items"], &after["total"]), (&before["items"], &before["total"]));
    let still = ask(&world, "/v1/books/pixapi/reports/revenue?from=2026-07-01&until=2026-08-01&tz=UTC").await;
    assert_eq!(still["items"], revenue["items"]);
    let october = "/v1/books/pixapi/reports/usage?from=2026-10-01&until=2026-11-01&tz=UTC&group=day,model";
    let october = ask(&world, october).await;
    let doubled = decimal(&before["total"]["charged"]) * rust_decimal::Decimal::TWO;
    assert_eq!(decimal(&october["total"]["charged"]), doubled, "the new rates count from their day on");
}

/// marten#4952, #4961, KurrentDB#2807: a projection leaves events out, or dies, and nobody is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_model_takes_every_event_or_says_that_it_does_not() {
    let world = World::start().await;
    for account in ["alice", "bob"] {
        world.account("pixapi", account, "500").await;
    }
    for round in 0..8 {
        let debit = |at: usize| {
            let account = ["alice", "bob"][at % 2];
            let key = format!("k-{round}-{at}");
            let body = call(&key, "amount", json!("0.01"));
            json!({ "op": "debit", "idempotency_key": key, "account_id": account, "body": body })
        };
        world.batch("proxy", (0..250).map(debit).collect()).await;
        // Each answer names the position that it is true of, and holds what was there by then.
        let report = ask(&world, "/v1/books/pixapi/reports/usage?group=account").await;
        let position = report["as_of_position"].as_u64().unwrap();
        let log = world.engine.store().read_all(0, usize::try_from(position + 1).unwrap()).unwrap();
        let debited = log.iter().filter(|event| event.event.event_type == "debited").count();
        assert_eq!(report["total"]["calls"], debited, "as of {position}");
        assert_eq!((report["lag"].as_u64(), debited), (Some(0), (round + 1) * 250));
    }
}

/// new-api#3520, sub2api#6549: credits are counted after their end, or end before it.
#[tokio::test(flavor = "multi_thread")]
async fn credits_count_until_their_last_instant_and_are_breakage_from_then_on() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    let grant = json!({ "source": "promotional", "credits": "2", "expires_at": "2026-07-20T00:00:00Z" });
    world.post("finance", "/v1/accounts/alice/grants", "g-1", grant).await.ok();
    debit(&world, "alice", "d-1", "0.5").await;
    // Nobody looks at the account for months.
    world.advance("P60D").await;
    for (at, posted, expired) in [
        ("2026-07-19T23:59:59.999999Z", "1.5", None),
        ("2026-07-20T00:00:00Z", "0", Some("1.5")),
        ("2026-08-20T00:00:00Z", "0", Some("1.5")),
    ] {
        let balances = ask(&world, &format!("/v1/books/pixapi/reports/balances?as_of={at}")).await;
        assert_eq!(balances["items"][0]["balance"]["posted"], posted, "{at}");
        assert_eq!(balances["totals"]["balance"]["posted"], posted, "{at}");
        let breakage = ask(&world, &format!("/v1/books/pixapi/reports/breakage?as_of={at}")).await;
        let line = breakage["items"].as_array().unwrap().iter().find(|line| line["commodity"] == "credits");
        assert_eq!(
            line.map(|line| line["amount"].as_str().unwrap().trim_start_matches('-')),
            expired,
            "{at}"
        );
    }
    // It is of the day that it ended on, wherever that day is, not of the day that it was noticed.
    for (tz, day) in
        [("UTC", "2026-07-20T00:00:00.000000Z"), ("America/New_York", "2026-07-19T04:00:00.000000Z")]
    {
        let path =
            format!("/v1/books/pixapi/reports/breakage?from=2026-07-01&until=2026-09-01&tz={tz}&group=day");
        let days = all(&world, &path, 1_000).await;
        assert_eq!((days.len(), days[0]["from"].as_str()), (1, Some(day)), "{tz}");
    }
}

/// litellm#34896: days begin by the server's clock, so that a budget and a report of a day are those of another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_that_of_who_asks() {
    let world = World::start_at("2026-07-01T18:00:00Z").await;
    world.account("pixapi", "alice", "50").await;
    for at in 0..12 {
        debit(&world, "alice", &format!("d-{at}"), "1").await;
        world.advance("PT1H").await;
    }
    // From 18:00 to 05:00: it is midnight in Shanghai at 16:00 UTC, in Kolkata at 18:30, in New York at 04:00.
    for (tz, calls) in [
        ("UTC", &[6, 6][..]),
        ("Asia/Shanghai", &[12]),
        ("Asia/Kolkata", &[1, 11]),
        ("America/New_York", &[10, 2]),
    ] {
        let path = format!("/v1/accounts/alice/usage?from=2026-06-30&until=2026-07-04&tz={tz}");
        let days = all(&world, &path, 1_000).await;
        let counted: Vec<_> = days.iter().map(|day| day["calls"].as_u64().unwrap()).collect();
        assert_eq!(counted, calls, "{tz}");
    }
    // Without a zone, that of the book's terms.
    let policy = world.get("auditor", "/v1/books/pixapi/policy").await.ok().json();
    let report = ask(&world, "/v1/accounts/alice/usage").await;
    assert_eq!(report["tz"], policy["time_zone"]);
}
