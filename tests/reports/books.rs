//! What the books say: balanced at every point, the same from both databases, and closed periods that stand.

use serde_json::{Value, json};

use super::world::{all, ask, database, fresh};
use crate::api::client::{Reply, Transcript, World, call};

const REPORTS: &str = "/v1/books/pixapi/reports";

/// Every report that there is, with what it is asked in the snapshots.
const ASKED: [&str; 14] = [
    "usage?from=2026-07-01&until=2026-10-01&tz=Europe/Berlin&group=day,account,model,endpoint,key,outcome",
    "usage?from=2026-07-01&until=2026-10-01&tz=UTC&group=month",
    "balances",
    "balances?as_of=2026-07-20T00:00:00Z",
    "deferred-revenue",
    "deferred-revenue?from=2026-07-01&until=2026-10-01&tz=UTC&group=month",
    "revenue",
    "revenue?from=2026-07-01&until=2026-10-01&tz=UTC&group=month",
    "breakage",
    "breakage?from=2026-07-01&until=2026-10-01&tz=UTC&group=month",
    "receivables",
    "trial-balance",
    "trial-balance?as_of=2026-07-20T00:00:00Z",
    "trial-balance?as_of_position=20",
];

fn top_up(order: &str) -> Value {
    let payment = json!({
        "provider": "stripe", "payment_id": format!("pi_{order}"), "method": "card", "currency": "USD",
        "amount": "10.00", "tax": "1.90", "fee": { "currency": "USD", "amount": "0.30" },
    });
    json!({ "order_id": order, "product_id": "pack-10", "payment": payment })
}

/// A quarter of a service: bought, granted, used, refunded, expired, closed.
pub async fn quarter() -> World {
    let world = World::start().await;
    for account in ["alice", "bob", "carol"] {
        world.account("pixapi", account, "0").await;
    }
    let (key, _) = world.key("alice").await;
    world.post("finance", "/v1/accounts/alice/top-ups", "t-1", top_up("order-1")).await.ok();
    let grant = json!({ "source": "promotional", "credits": "2", "expires_at": "2026-08-01T00:00:00Z" });
    world.post("finance", "/v1/accounts/bob/grants", "g-1", grant).await.ok();
    for (at, (account, amount)) in
        [("alice", "1.25"), ("bob", "0.5"), ("alice", "0.333333333"), ("alice", "2")].into_iter().enumerate()
    {
        let mut body = call(&format!("r-{at}"), "amount", json!(amount));
        if at == 0 {
            body["key_id"] = json!(key);
        }
        world.post("proxy", &format!("/v1/accounts/{account}/debits"), &format!("d-{at}"), body).await.ok();
        world.advance("P5D").await;
    }
    world.post("finance", "/v1/accounts/carol/top-ups", "t-2", top_up("order-2")).await.ok();
    world.advance("P20D").await;
    // The first month is closed; what is given back of it is of the open one.
    let close = json!({ "until": "2026-08-01T00:00:00Z" });
    world.post("finance", "/v1/books/pixapi/periods/close", "close-1", close).await.ok();
    let calls = world.get("auditor", "/v1/accounts/alice/calls").await.ok().json();
    let debit = calls["items"][0]["debit_id"].as_str().unwrap().to_owned();
    let refund = json!({ "reason": "quality", "amount": "0.25" });
    world.post("finance", &format!("/v1/debits/{debit}/refund"), "u-1", refund).await.ok();
    let more = call("r-9", "amount", json!("3.1"));
    world.post("proxy", "/v1/accounts/carol/debits", "d-9", more).await.ok();
    world.advance("P20D").await;
    world
}

fn sum(items: &[Value], member: &str, of: impl Fn(&Value) -> bool) -> rust_decimal::Decimal {
    items.iter().filter(|item| of(item)).map(|item| decimal(&item[member])).sum()
}

fn decimal(value: &Value) -> rust_decimal::Decimal {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_report_says_the_same_from_both_databases_and_as_it_always_did() {
    let world = quarter().await;
    let postgres = world.beside(database().await).await;
    let mut seen = Transcript::default();
    let mut tables = String::new();
    for path in ASKED {
        let path = format!("{REPORTS}/{path}");
        let one = world.get("auditor", &fresh(&world, &path)).await.ok();
        let other = postgres.get("auditor", &fresh(&world, &path)).await.ok();
        assert_eq!(one.json(), other.json(), "{path}");
        seen.add(&path, &one);
        let csv = as_csv(&world, &path).await;
        assert_eq!(csv.body, as_csv(&postgres, &path).await.body, "{path}");
        tables.push_str(&format!(
            "── {path}\n{}\n",
            String::from_utf8(csv.body.to_vec()).unwrap().replace('\r', "")
        ));
        let whole = one.json();
        assert_eq!(all(&world, &path, 1).await, *whole["items"].as_array().unwrap(), "{path}: page by page");
        assert_eq!(whole["lag"], 0, "{path}");
        assert_eq!(csv.header("scrip-lag"), Some("0"));
    }
    insta::assert_snapshot!("every_report", seen.text());
    insta::assert_snapshot!("every_report_as_a_table", tables);
}

async fn as_csv(world: &World, path: &str) -> Reply {
    let request = world.request(hyper::Method::GET, &fresh(world, path), Some("token-of-auditor"));
    world.send(request.header("accept", "text/csv").body(Default::default()).unwrap()).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trial_balance_is_nothing_at_every_position_and_every_time() {
    let world = quarter().await;
    let end = world.engine.store().head().unwrap().next_position;
    let mut seen = 0;
    let balanced = |report: &Value| {
        for total in report["totals"].as_array().unwrap() {
            assert_eq!(total["debit"], total["credit"], "{report}");
            assert_eq!(decimal(&total["balance"]), 0.into(), "{report}");
        }
        report["totals"].as_array().unwrap().len()
    };
    for position in 0..end {
        let report = ask(&world, &format!("{REPORTS}/trial-balance?as_of_position={position}")).await;
        assert_eq!(report["as_of_position"], position);
        seen += balanced(&report);
    }
    for day in 1..=31 {
        for time in ["00:00:00Z", "00:00:00.000001Z", "12:34:56.789Z"] {
            seen += balanced(
                &ask(&world, &format!("{REPORTS}/trial-balance?as_of=2026-07-{day:02}T{time}")).await,
            );
        }
    }
    assert!(seen > 100);
    // By the last position, by now, and by what is known now.
    let now = ask(&world, &format!("{REPORTS}/trial-balance")).await;
    let last = ask(&world, &format!("{REPORTS}/trial-balance?as_of_position={}", end - 1)).await;
    let by_time = world.engine.clock().now();
    for query in [
        format!("as_of={by_time}"),
        format!("known_at={by_time}"),
        format!("as_of={by_time}&known_at={by_time}"),
    ] {
        let report = ask(&world, &format!("{REPORTS}/trial-balance?{query}")).await;
        assert_eq!(report["items"], now["items"], "{query}");
    }
    assert_eq!(last["items"], now["items"]);
    // What was known at a time is what the log held then, whatever came in later.
    let log = world.engine.store().read_all(0, usize::MAX).unwrap();
    let mut known = 0;
    for pair in log.windows(2).filter(|pair| pair[0].event.recorded_at < pair[1].event.recorded_at) {
        let at = scrip_ledger::Timestamp::from_micros(pair[0].event.recorded_at);
        let by_time = ask(&world, &format!("{REPORTS}/trial-balance?known_at={at}")).await;
        let by_position = format!("{REPORTS}/trial-balance?as_of_position={}", pair[0].position);
        assert_eq!(by_time["items"], ask(&world, &by_position).await["items"], "{at}");
        let both = ask(
            &world,
            &format!("{REPORTS}/trial-balance?known_at={at}&as_of={now}", now = world.engine.clock().now()),
        )
        .await;
        assert_eq!(by_time["items"], both["items"], "{at}");
        known += 1;
    }
    assert!(known > 5, "{known}");
    // Before anything was known there was nothing.
    let nothing = ask(&world, &format!("{REPORTS}/trial-balance?known_at=2026-06-30T00:00:00Z")).await;
    assert_eq!((&nothing["items"], &nothing["totals"]), (&json!([]), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn deferred_revenue_is_what_lots_cost_and_moves_by_what_is_earned() {
    let world = quarter().await;
    // What was paid for what is left of every lot, as the engine folds them.
    let mut left = 0u64;
    for account in ["alice", "bob", "carol"] {
        let id = account.parse().unwrap();
        let (folded, _) = world.engine.history().account(&id, &scrip_engine::AsOf::default()).unwrap();
        let lots = folded.lots().iter().filter_map(scrip_ledger::accounting::deferred_revenue);
        left += lots.map(|money| money.minor()).sum::<u64>();
    }
    let now = ask(&world, &format!("{REPORTS}/deferred-revenue")).await;
    let usd = &now["items"][0];
    assert_eq!((usd["currency"].as_str(), now["items"].as_array().unwrap().len()), (Some("USD"), 1));
    assert_eq!(decimal(&usd["closing"]), rust_decimal::Decimal::new(left.try_into().unwrap(), 2));
    assert!(left > 0);
    // What was added in months, less what was released in them, is what is there; each month begins where the last ended.
    let months = "from=2026-07-01&until=2026-10-01&tz=UTC&group=month";
    let deferred = all(&world, &format!("{REPORTS}/deferred-revenue?{months}"), 1).await;
    assert_eq!(deferred.len(), 3);
    for month in &deferred {
        let closing = decimal(&month["opening"]) + decimal(&month["added"]) - decimal(&month["released"]);
        assert_eq!(closing, decimal(&month["closing"]), "{month}");
    }
    assert_eq!(decimal(&deferred[0]["opening"]), 0.into());
    assert_eq!(deferred[0]["closing"], deferred[1]["opening"]);
    assert_eq!(deferred[2]["closing"], usd["closing"]);
    // Nothing was given back in money: all that was released was earned.
    let revenue = all(&world, &format!("{REPORTS}/revenue?{months}"), 1_000).await;
    for month in &deferred {
        let earned = sum(&revenue, "amount", |line| line["from"] == month["from"]);
        assert_eq!(decimal(&month["released"]) - decimal(&month["added"]) + added(month), earned, "{month}");
    }
    let total = ask(&world, &format!("{REPORTS}/revenue")).await;
    assert_eq!(decimal(&total["totals"][0]["amount"]), sum(&revenue, "amount", |_| true));
}

/// What top-ups brought in a month: twice ten dollars in July.
fn added(month: &Value) -> rust_decimal::Decimal {
    if month["from"].as_str().unwrap().starts_with("2026-07") { 20.into() } else { 0.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_period_stands_and_what_comes_late_adjusts_the_open_one() {
    let world = World::start().await;
    world.account("pixapi", "carol", "0").await;
    world.post("finance", "/v1/accounts/carol/top-ups", "t-1", top_up("order-1")).await.ok();
    let lots = world.get("auditor", "/v1/accounts/carol/lots").await.ok().json();
    assert_eq!(lots["items"][0]["expires_at"], "2027-07-01T00:00:00.000000Z");
    // Nothing runs for a year: when it does again, July is closed before anybody looks at the account.
    assert!(world.engine.clock().set("2027-08-10T00:00:00Z".parse().unwrap()));
    let close = json!({ "until": "2027-08-01T00:00:00Z" });
    world.post("finance", "/v1/books/pixapi/periods/close", "close-1", close).await.ok();
    let month = |report: &str, from: &str, until: &str| {
        format!("{REPORTS}/{report}?from={from}&until={until}&tz=UTC")
    };
    let july = |report: &str| month(report, "2027-07-01", "2027-08-01");
    let august = |report: &str| month(report, "2027-08-01", "2027-09-01");
    let mut before = Vec::new();
    for report in ["revenue", "deferred-revenue", "breakage"] {
        before.push(all(&world, &july(report), 100).await);
    }
    assert_eq!((&before[0], &before[1][0]["closing"]), (&vec![], &json!("10.00")));
    // The account is looked at: its credits ended in July.
    let grant = json!({ "source": "compensation", "credits": "1" });
    world.post("finance", "/v1/accounts/carol/grants", "g-1", grant).await.ok();
    let events = world.get("auditor", "/v1/accounts/carol/events").await.ok().json();
    let expired =
        events["items"].as_array().unwrap().iter().find(|event| event["type"] == "lot_expired").unwrap();
    assert_eq!(expired["effective_at"], "2027-07-01T00:00:00.000000Z");
    assert_eq!(expired["recorded_at"], "2027-08-10T00:00:00.000000Z");
    for (report, before) in ["revenue", "deferred-revenue", "breakage"].into_iter().zip(&before) {
        assert_eq!(&all(&world, &july(report), 100).await, before, "{report} of July stands");
    }
    let revenue = all(&world, &august("revenue"), 100).await;
    assert_eq!(revenue[0]["account"], "revenue:breakage:expired");
    assert_eq!((&revenue[0]["amount"], &revenue[0]["adjustments"]), (&json!("10.00"), &json!("10.00")));
    let deferred = &all(&world, &august("deferred-revenue"), 100).await[0];
    assert_eq!((&deferred["opening"], &deferred["closing"]), (&json!("10.00"), &json!("0.00")));
    assert_eq!(deferred["adjustments"], "-10.00");
    // What the account had is told by when it took effect, and by when it was known.
    let posted = async |query: &str| {
        let report = ask(&world, &format!("{REPORTS}/balances?{query}")).await;
        report["items"][0]["balance"]["posted"].as_str().unwrap().to_owned()
    };
    assert_eq!(posted("as_of=2027-06-30T23:59:59.999999Z").await, "10");
    assert_eq!(posted("as_of=2027-07-15T00:00:00Z").await, "0");
    assert_eq!(posted("").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_cannot_be_asked_about_is_refused() {
    let world = World::start().await;
    world.account("pixapi", "alice", "5").await;
    ask(&world, &format!("{REPORTS}/balances")).await;
    for (path, code) in [
        ("trial-balance?as_of=2027-01-01T00:00:00Z", "invalid_time"),
        ("balances?as_of=2027-01-01T00:00:00Z", "invalid_time"),
        ("balances?known_at=2027-01-01T00:00:00Z", "invalid_time"),
        ("deferred-revenue?as_of=2027-01-01T00:00:00Z", "invalid_time"),
        ("trial-balance?as_of_position=99999", "invalid_time"),
        ("balances?as_of_position=99999", "invalid_time"),
        ("revenue?as_of=2026-07-01T00:00:00Z&from=2026-07-01", "malformed"),
        ("revenue?group=model", "unknown_group"),
        ("breakage?from=2020-01-01&group=day", "range_too_wide"),
        ("receivables?cursor=1", "invalid_cursor"),
        ("trial-balance?cursor=1", "invalid_cursor"),
        ("balances?cursor=1", "invalid_cursor"),
        ("trial-balance?from=2026-07-01", "unknown_field"),
        ("nothing", "not_found"),
    ] {
        assert_eq!(world.get("auditor", &format!("{REPORTS}/{path}")).await.code(), code, "{path}");
    }
    for role in ["proxy", "support"] {
        for report in
            ["usage", "balances", "deferred-revenue", "revenue", "breakage", "receivables", "trial-balance"]
        {
            let refused = world.get(role, &format!("{REPORTS}/{report}")).await;
            assert_eq!(refused.code(), "forbidden_scope", "{role} {report}");
            let other = format!("/v1/books/zivv/reports/{report}");
            assert_eq!(world.get("finance-pixapi", &other).await.code(), "forbidden_book", "{report}");
        }
    }
}
