//! What calls came to, against a sum of the calls by hand.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use scrip_ledger::Credits;
use serde_json::{Value, json};

use super::world::{all, ask, database, fresh};
use crate::api::client::{World, call};

/// A call as the test made it.
#[derive(Clone, Debug)]
struct Made {
    at: DateTime<Utc>,
    account: &'static str,
    model: &'static str,
    outcome: &'static str,
    charged: Credits,
}

const REPORT: &str = "/v1/books/pixapi/reports/usage";

/// A history with calls every half an hour, from a time on.
async fn history(start: &str, half_hours: usize) -> (World, Vec<Made>) {
    let world = World::start_at(start).await;
    for account in ["alice", "bob"] {
        world.account("pixapi", account, "1000").await;
    }
    let mut at: DateTime<Utc> = start.parse().unwrap();
    let mut made = Vec::new();
    for step in 0..half_hours {
        let account = ["alice", "bob", "alice"][step % 3];
        let outcome = ["completed", "completed", "partial", "completed"][step % 4];
        let charged = format!("0.{:09}", 1 + step);
        let mut body = call(&format!("r-{step}"), "amount", json!(charged));
        body["outcome"] = json!(outcome);
        let path = format!("/v1/accounts/{account}/debits");
        let reply = world.post("proxy", &path, &format!("d-{step}"), body).await.ok().json();
        let charged = reply["charged"].as_str().unwrap().parse().unwrap();
        made.push(Made { at, account, model: "gpt-5.2", outcome, charged });
        world.advance("PT30M").await;
        at += chrono::Duration::minutes(30);
    }
    (world, made)
}

/// What a place calls the hour, the day or the month of a time.
fn named(at: DateTime<Utc>, zone: Tz, unit: &str) -> String {
    let local = at.with_timezone(&zone);
    match unit {
        "hour" => format!("{} {} {}", local.date_naive(), local.hour(), local.offset().fix()),
        "day" => local.date_naive().to_string(),
        "month" => format!("{}-{}", local.year(), local.month()),
        _ => String::new(),
    }
}

fn time(item: &Value, member: &str) -> DateTime<Utc> {
    item[member].as_str().unwrap().parse().unwrap()
}

fn credits(item: &Value, member: &str) -> Credits {
    item[member].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn days_hours_and_months_are_those_of_the_place_when_clocks_change() {
    // Over the changes of the clocks of Europe, North America and Lord Howe.
    for (start, half_hours) in
        [("2026-03-07T20:00:00Z", 80), ("2026-03-28T12:00:00Z", 200), ("2026-10-24T06:00:00Z", 420)]
    {
        let (world, made) = history(start, half_hours).await;
        let until = made.last().unwrap().at + chrono::Duration::minutes(30);
        for zone in [
            Tz::UTC,
            Tz::Europe__Berlin,
            Tz::America__New_York,
            Tz::Asia__Kolkata,
            Tz::Asia__Kathmandu,
            Tz::Australia__Lord_Howe,
        ] {
            for unit in ["hour", "day", "month", ""] {
                let mut by_hand: BTreeMap<String, (u64, Credits)> = BTreeMap::new();
                for call in &made {
                    let sum = by_hand.entry(named(call.at, zone, unit)).or_default();
                    *sum = (sum.0 + 1, [sum.1, call.charged].into_iter().sum());
                }
                let from = start.parse::<DateTime<Utc>>().unwrap().to_rfc3339().replace("+00:00", "Z");
                let to = until.to_rfc3339().replace("+00:00", "Z");
                let path = format!("{REPORT}?from={from}&until={to}&tz={zone}&group={unit}");
                let items = all(&world, &path, 1_000).await;
                let mut reported = BTreeMap::new();
                for item in &items {
                    let (from, until) = (time(item, "from"), time(item, "until"));
                    let name = named(from, zone, unit);
                    assert_eq!(named(until - chrono::Duration::microseconds(1), zone, unit), name, "{item}");
                    let sum = (item["calls"].as_u64().unwrap(), credits(item, "charged"));
                    assert_eq!(reported.insert(name, sum), None, "{zone} {unit}: {item}");
                }
                assert_eq!(reported, by_hand, "{zone} {unit} {start}");
                for pair in items.windows(2) {
                    assert!(time(&pair[0], "until") <= time(&pair[1], "from"));
                }
                let total = &ask(&world, &path).await["total"];
                assert_eq!(total["calls"], made.len(), "{zone} {unit}");
                let sum: Credits = made.iter().map(|call| call.charged).sum();
                assert_eq!(credits(total, "charged"), sum, "{zone} {unit}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_a_place_is_asked_for_by_its_date() {
    let (world, made) = history("2026-03-28T12:00:00Z", 150).await;
    for (zone, hours) in [(Tz::Europe__Berlin, 23), (Tz::America__New_York, 24), (Tz::UTC, 24)] {
        let path = format!("{REPORT}?from=2026-03-29&until=2026-03-30&tz={zone}");
        let report = ask(&world, &path).await;
        let date = |day: u32| zone.with_ymd_and_hms(2026, 3, day, 0, 0, 0).unwrap().with_timezone(&Utc);
        assert_eq!((time(&report, "from"), time(&report, "until")), (date(29), date(30)));
        let calls = made.iter().filter(|call| (date(29)..date(30)).contains(&call.at)).count();
        assert_eq!((calls, report["items"].as_array().unwrap().len()), (hours * 2, 1));
        assert_eq!(report["items"][0]["calls"], calls);
        assert_eq!((&report["tz"], &report["group"]), (&json!(zone.name()), &json!(["day"])));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_apart_adds_up_whatever_it_is_told_apart_by() {
    let (world, made) = history("2026-06-30T03:15:00Z", 120).await;
    let postgres = world.beside(database().await).await;
    let range = "from=2026-06-15&until=2026-07-15&tz=Asia/Kolkata";
    let value = |call: &Made, dimension: &str| match dimension {
        "account" => call.account,
        "model" => call.model,
        "outcome" => call.outcome,
        "endpoint" => "chat/completions",
        _ => "",
    };
    let members = [
        ("account", "account_id"),
        ("model", "model"),
        ("endpoint", "endpoint"),
        ("key", "key_id"),
        ("outcome", "outcome"),
    ];
    for group in
        ["", "account", "outcome", "day,account", "account,outcome,day", "month,key,model,endpoint", "hour"]
    {
        let parts: Vec<&str> = group.split(',').collect();
        let unit = parts.iter().copied().find(|part| ["hour", "day", "month"].contains(part)).unwrap_or("");
        for filter in [
            "",
            "&outcome=partial",
            "&model=gpt-5.2",
            "&model=none",
            "&endpoint=chat/completions&outcome=completed",
        ] {
            let mut by_hand: BTreeMap<Vec<String>, (u64, Credits)> = BTreeMap::new();
            for call in &made {
                let kept = filter
                    .split('&')
                    .filter_map(|pair| pair.split_once('='))
                    .all(|(of, is)| value(call, of) == is);
                if kept {
                    let mut key = vec![named(call.at, Tz::Asia__Kolkata, unit)];
                    let told = members.iter().filter(|(name, _)| parts.contains(name));
                    key.extend(told.map(|(name, _)| value(call, name).to_owned()));
                    let sum = by_hand.entry(key).or_default();
                    *sum = (sum.0 + 1, [sum.1, call.charged].into_iter().sum());
                }
            }
            let path = format!("{REPORT}?{range}&group={group}{filter}");
            let items = all(&world, &path, 7).await;
            let mut reported = BTreeMap::new();
            for item in &items {
                let mut key = vec![named(time(item, "from"), Tz::Asia__Kolkata, unit)];
                for (name, member) in members {
                    assert_eq!(item.get(member).is_some(), parts.contains(&name), "{group}: {item}");
                    key.extend(item[member].as_str().map(str::to_owned));
                }
                let sum = (item["calls"].as_u64().unwrap(), credits(item, "charged"));
                assert_eq!(reported.insert(key, sum), None, "{item} comes twice");
            }
            assert_eq!(reported, by_hand, "{group} {filter}");
            assert_eq!(all(&world, &path, 1_000).await, items, "{group} {filter}: pages join");
            assert_eq!(all(&postgres, &path, 7).await, items, "{group} {filter}: PostgreSQL says the same");
            let (one, other) = (ask(&world, &path).await, ask(&postgres, &path).await);
            assert_eq!(one, other);
            let calls: u64 = by_hand.values().map(|(calls, _)| calls).sum();
            assert_eq!(one["total"]["calls"], calls, "{group} {filter}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_join_while_calls_are_made() {
    let (world, made) = history("2026-06-30T03:00:00Z", 60).await;
    let path = format!("{REPORT}?from=2026-06-30&until=2026-07-09&tz=UTC&group=hour,account");
    let before = all(&world, &path, 1_000).await;
    let (mut items, mut cursor, mut at) = (Vec::new(), String::new(), made.len());
    loop {
        let page = ask(&world, &format!("{path}&limit=4{cursor}")).await;
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
        if at < made.len() + 5 {
            let body = call(&format!("r-{at}"), "amount", json!("0.5"));
            world.post("proxy", "/v1/accounts/bob/debits", &format!("d-{at}"), body).await.ok();
            world.advance("PT1H").await;
            at += 1;
        }
    }
    assert_eq!(&items[..before.len()], &before, "what was there stays in its place");
    assert_eq!(items.len(), before.len() + 5, "what came in later comes later");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_s_own_key_reads_its_usage_and_no_other() {
    let (world, made) = history("2026-07-01T00:00:00Z", 6).await;
    let (_, secret) = world.key("alice").await;
    let mine = world.get_as(&secret, &fresh(&world, "/v1/accounts/alice/usage?group=account")).await;
    assert_eq!(mine.code(), "unknown_group", "an account is one account");
    let mine =
        world.get_as(&secret, &fresh(&world, "/v1/accounts/alice/usage?group=outcome")).await.ok().json();
    let of_alice = made.iter().filter(|call| call.account == "alice").count();
    assert_eq!(mine["total"]["calls"], of_alice);
    for path in ["/v1/accounts/bob/usage", REPORT] {
        assert_eq!(world.get_as(&secret, path).await.code(), "forbidden_scope", "{path}");
    }
    assert_eq!(world.get("proxy", REPORT).await.code(), "forbidden_scope");
    assert_eq!(world.get("finance-pixapi", &REPORT.replace("pixapi", "zivv")).await.code(), "forbidden_book");
    assert_eq!(world.get("auditor", &REPORT.replace("pixapi", "nowhere")).await.code(), "book_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_with_what_can() {
    let (world, _) = history("2026-07-01T00:00:00Z", 2).await;
    let groups = json!(["hour", "day", "month", "account", "model", "endpoint", "key", "outcome"]);
    for (query, code, member, told) in [
        ("group=week", "unknown_group", "allowed", &groups),
        ("group=day,colour", "unknown_group", "group", &json!("colour")),
        ("group=day,hour", "unknown_group", "allowed", &groups),
        ("group=model,model", "unknown_group", "group", &json!("model")),
        ("from=2026-01-01&until=2026-03-01&group=hour", "range_too_wide", "limit", &json!(800)),
        ("from=2020-01-01&until=2026-07-01", "range_too_wide", "unit", &json!("day")),
        ("from=1999-01-01&until=2026-07-01&group=", "range_too_wide", "limit", &json!(3_660)),
        ("from=2026-07-02&until=2026-07-01", "invalid_time", "field", &json!("from")),
        ("from=2026-07-01&until=2026-07-01", "invalid_time", "field", &json!("from")),
        ("from=yesterday", "invalid_time", "field", &json!("from")),
        ("until=2026-07-01T00:00:01Z", "invalid_time", "field", &json!("until")),
        ("tz=Mars/Olympus", "invalid_time", "field", &json!("tz")),
        ("cursor=7", "invalid_cursor", "field", &json!("cursor")),
        ("limit=0", "malformed", "field", &json!("limit")),
        ("as_of=2026-07-01T00:00:00Z", "unknown_field", "field", &json!("as_of")),
        ("min_position=999999", "overloaded", "min_position", &json!(999_999)),
    ] {
        let refused = world.get("auditor", &format!("{REPORT}?{query}")).await;
        assert_eq!(refused.code(), code, "{query}");
        assert_eq!(&refused.json()[member], told, "{query}");
    }
    // A cursor goes on with the question that it was given for.
    let path = format!("{REPORT}?group=hour&limit=1");
    let next = ask(&world, &path).await["next"].as_str().map(str::to_owned);
    assert_eq!(next, None, "both calls were made in one hour");
    let page = ask(&world, &format!("{REPORT}?group=account&limit=1")).await;
    let next = page["next"].as_str().unwrap();
    for other in
        ["group=day,account", "group=model", "group=account&tz=Asia/Tokyo", "group=account&from=2026-06-01"]
    {
        let stray = world.get("auditor", &format!("{REPORT}?{other}&limit=1&cursor={next}")).await;
        assert_eq!(stray.code(), "invalid_cursor", "{other}");
    }
}
