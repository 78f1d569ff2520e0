//! Credits that end.

use serde_json::json;

use crate::api::client::{World, call};

/// new-api#3520, sub2api#6549: what has expired is spent, or what has not is gone.
#[tokio::test(flavor = "multi_thread")]
async fn expiry_counted_wrongly() {
    let world = World::start().await;
    world.account("pixapi", "alice", "1").await;
    let to = async |now: &str| {
        world.post("admin", "/v1/dev/clock", "-", json!({ "now": now })).await.ok();
    };
    let grant = async |key: &str, expires_at: &str| {
        let body = json!({ "source": "manual", "credits": "5", "expires_at": expires_at });
        world.post("finance", "/v1/accounts/alice/grants", key, body).await
    };
    let debit = async |key: &str, amount: &str| {
        world.post("proxy", "/v1/accounts/alice/debits", key, call(key, "amount", json!(amount))).await
    };
    let balance = async || {
        let balance = world.balance("alice").await;
        ["available", "posted", "held"].map(|name| balance[name].as_str().unwrap().to_owned())
    };
    grant("g-1", "2026-07-08T12:34:56.000001Z").await.ok();
    // 2026 has no 29th of February: no month is guessed, thirty days are thirty times 24 hours.
    to("2026-07-01T00:00:00.000007Z").await;
    let payment = json!({
        "provider": "stripe", "payment_id": "pi_1", "method": "card", "currency": "USD", "amount": "1.00",
    });
    let trial = json!({ "order_id": "o-1", "product_id": "trial-2", "payment": payment });
    let trial = world.post("finance", "/v1/accounts/alice/top-ups", "t-1", trial).await.ok();
    assert_eq!(trial.text("expires_at"), "2026-07-31T00:00:00.000007Z");

    // To the last microsecond all of it can be spent, and the soonest end goes first …
    to("2026-07-08T12:34:56Z").await;
    assert_eq!(balance().await, ["8", "8", "0"]);
    let last = debit("d-1", "2").await.ok();
    assert_eq!(last.json()["lots"], json!([{ "lot_id": "alice.l2", "amount": "2" }]));
    let hold = call("r-1", "amount", json!("1"));
    let hold = world.post("proxy", "/v1/accounts/alice/holds", "h-1", hold).await.ok().text("hold_id");
    assert_eq!(balance().await, ["5", "6", "1"]);
    // … and in the next one nothing of it, except by the call that had reserved it.
    to("2026-07-08T12:34:56.000001Z").await;
    assert_eq!(balance().await, ["3", "4", "1"]);
    let refused = debit("d-2", "3.000000001").await;
    assert_eq!((refused.code(), refused.text("available")), ("insufficient_credits".into(), "3".into()));
    let capture = json!({ "amount": "1", "outcome": "completed" });
    let captured = world.post("proxy", &format!("/v1/holds/{hold}/capture"), "c-1", capture).await.ok();
    assert_eq!(captured.json()["lots"], json!([{ "lot_id": "alice.l2", "amount": "1" }]));
    assert_eq!(balance().await, ["3", "3", "0"]);
    let lots = world.get("finance", "/v1/accounts/alice/lots").await.ok().json();
    let lot = &lots["items"][1];
    assert_eq!([&lot["granted"], &lot["spent"], &lot["expired"], &lot["available"]], ["5", "3", "2", "0"]);

    to("2026-07-31T00:00:00.000006Z").await;
    assert_eq!(balance().await, ["3", "3", "0"]);
    to("2026-07-31T00:00:00.000007Z").await;
    assert_eq!(balance().await, ["1", "1", "0"]);
    // What expired is said once, at the instant at which it ended, however late it was looked at.
    to("2031-01-01T00:00:00Z").await;
    assert_eq!(balance().await, ["1", "1", "0"]);
    let events = world.get("auditor", "/v1/accounts/alice/events?limit=100").await.ok().json();
    let expired = events["items"].as_array().unwrap().iter().filter(|event| event["type"] == "lot_expired");
    let ends: Vec<_> = expired.map(|event| event["effective_at"].as_str().unwrap()).collect();
    assert_eq!(ends, ["2026-07-08T12:34:56.000001Z", "2026-07-31T00:00:00.000007Z"]);
}

/// litellm#34896: an end that is meant in another time zone comes hours late. A time names its zone, and is kept in UTC.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_in_another_time_zone_comes_late() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    let grant = async |key: &str, end: &str| {
        let body = json!({ "source": "manual", "credits": "5", "expires_at": end });
        world.post("finance", "/v1/accounts/alice/grants", key, body).await
    };
    for end in ["2026-07-08T12:00:00", "2026-07-08 12:00", "2026-07-08", "1783512000"] {
        assert_eq!(grant("g-1", end).await.code(), "invalid_time", "{end}");
    }
    let granted = grant("g-1", "2026-07-08T06:00:00+08:00").await.ok();
    assert_eq!(granted.text("expires_at"), "2026-07-07T22:00:00.000000Z");
    for (now, posted) in [("2026-07-07T21:59:59.999999Z", "5"), ("2026-07-07T22:00:00Z", "0")] {
        world.post("admin", "/v1/dev/clock", "-", json!({ "now": now })).await.ok();
        assert_eq!(world.balance("alice").await["posted"], posted);
    }
}

/// What fell due while nobody looked is recorded later than it happened. A clock that is moved by hand passes every
/// instant on its way.
#[tokio::test(flavor = "multi_thread")]
async fn a_moved_clock_records_everything_at_its_end() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    let ends = ["2026-07-08T00:00:00.000001Z", "2026-07-20T12:00:00.000000Z", "2027-01-01T00:00:00.000000Z"];
    for end in ends {
        let body = json!({ "source": "manual", "credits": "5", "expires_at": end });
        world.post("finance", "/v1/accounts/alice/grants", &end[..10], body).await.ok();
    }
    world.post("admin", "/v1/dev/clock", "-", json!({ "now": "2027-06-01T00:00:00Z" })).await.ok();
    let events = world.get("auditor", "/v1/accounts/alice/events?limit=100").await.ok().json();
    let expired = events["items"].as_array().unwrap().iter().filter(|event| event["type"] == "lot_expired");
    let recorded: Vec<_> = expired.map(|event| event["recorded_at"].as_str().unwrap()).collect();
    assert_eq!(recorded, ends);
}
