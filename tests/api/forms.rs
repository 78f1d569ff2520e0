//! The forms of a list: JSON, and CSV for those who ask for it.

use std::collections::BTreeSet;

use http_body_util::Full;
use hyper::Method;
use serde_json::{Value, json};

use super::client::{Reply, World, call, token, tokens_used};

async fn get(world: &World, path: &str, accept: &str) -> Reply {
    let request = world.request(Method::GET, path, Some(&token("auditor"))).header("accept", accept);
    world.send(request.body(Full::default()).unwrap()).await
}

/// The lines of a table, each by its columns.
fn table(reply: &Reply) -> (Vec<String>, Vec<Vec<String>>) {
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    let mut reader = csv::ReaderBuilder::new().from_reader(&*reply.body);
    let columns = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let lines = reader.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect();
    (columns, lines)
}

/// What a cell shows of a JSON value.
fn shown(item: &Value, column: &str) -> String {
    let value = column.split('.').fold(item, |value, member| &value[member]);
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn busy() -> World {
    let world = World::start().await;
    world.account("pixapi", "bob", "20").await;
    world.key("bob").await;
    let payment = json!({
        "provider": "stripe", "payment_id": "pi_2", "method": "card", "currency": "USD", "amount": "10.00",
    });
    let top_up = json!({ "order_id": "order-2", "product_id": "pack-10", "payment": payment });
    world.post("finance", "/v1/accounts/bob/top-ups", "t-1", top_up).await.ok();
    world.post("proxy", "/v1/accounts/bob/holds", "h-1", call("r-1", "amount", json!("1.5"))).await.ok();
    for at in 0..5 {
        let key = format!("d-{at}");
        let debit = call(&format!("-{at}"), "usage", tokens_used(1_000 + at, at));
        world.post("proxy", "/v1/accounts/bob/debits", &key, debit).await.ok();
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_comes_as_a_table_of_its_own_columns() {
    let world = busy().await;
    let described: Value = serde_json::from_str(&scrip_server::openapi()).unwrap();
    let mut lists = 0;
    for (path, operations) in described["paths"].as_object().unwrap() {
        let content = &operations["get"]["responses"]["200"]["content"];
        let members = members(&described, &content["application/json"]["schema"]);
        let Some(items) = members.iter().find(|(name, _)| name == "items").map(|(_, items)| items) else {
            continue;
        };
        let has: BTreeSet<String> =
            self::members(&described, &items["items"]).into_iter().map(|(name, _)| name).collect();
        lists += 1;
        let example = content["text/csv"]["example"].as_str();
        let example = example.unwrap_or_else(|| panic!("{path} has no columns in format/listings.rs"));
        let columns: Vec<&str> = example.split(',').collect();
        let first: BTreeSet<String> =
            columns.iter().map(|column| column.split('.').next().unwrap().to_owned()).collect();
        // A campaign's terms are described by a page of their own; a single refund says its position, a list's item none.
        let undescribed = path.ends_with("/campaigns");
        let missing: Vec<_> = has.difference(&first).filter(|name| *name != "as_of_position").collect();
        assert!(missing.is_empty(), "{path}: no column shows {missing:?}");
        assert!(undescribed || first.is_subset(&has), "{path}: columns of nothing: {first:?} {has:?}");

        if path.contains("{statement_id}") {
            continue;
        }
        let path = path.replace("{account_id}", "bob").replace("{book}", "pixapi");
        let as_json = get(&world, &path, "application/json").await.ok();
        let as_table = get(&world, &path, "text/csv").await.ok();
        let (header, lines) = table(&as_table);
        assert_eq!(header, columns, "{path}");
        let whole = as_json.json();
        let items = whole["items"].as_array().unwrap();
        assert_eq!(lines.len(), items.len(), "{path}");
        for (item, line) in items.iter().zip(&lines) {
            for (column, cell) in columns.iter().zip(line) {
                let (shown, cell) = (shown(item, column), cell.strip_prefix('\'').unwrap_or(cell));
                match serde_json::from_str::<Value>(cell) {
                    // Members stand in the order they have in the answer, which a parsed value does not keep.
                    Ok(parts @ (Value::Array(_) | Value::Object(_))) => assert_eq!(parts.to_string(), shown),
                    _ => assert_eq!(cell, shown, "{path}: {column}"),
                }
            }
        }
        let position = as_table.header("scrip-as-of-position").unwrap();
        assert_eq!(position, whole["as_of_position"].to_string(), "{path}");
        for reply in [&as_json, &as_table] {
            assert_eq!(reply.header("vary"), Some("accept"), "{path}");
        }
    }
    assert!(lists > 15, "the lists were not found");
}

/// The members of what a schema describes, and their schemas.
fn members(described: &Value, schema: &Value) -> Vec<(String, Value)> {
    if let Some(reference) = schema["$ref"].as_str() {
        return members(described, described.pointer(reference.strip_prefix('#').unwrap()).unwrap());
    }
    let own = schema["properties"].as_object().into_iter().flatten();
    let parts = schema["allOf"].as_array().into_iter().flatten();
    own.map(|(name, schema)| (name.clone(), schema.clone()))
        .chain(parts.flat_map(|part| members(described, part)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_leads_to_its_next_page() {
    let world = busy().await;
    let whole = table(&get(&world, "/v1/accounts/bob/calls", "text/csv").await.ok());
    let (mut path, mut lines) = ("/v1/accounts/bob/calls?limit=2&order=asc".to_owned(), Vec::new());
    loop {
        let page = get(&world, &path, "text/csv").await.ok();
        let (columns, of_page) = table(&page);
        assert_eq!(columns, whole.0, "each page has its header line");
        lines.extend(of_page);
        let Some(link) = page.header("link") else { break };
        path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        assert!(path.contains("limit=2") && path.contains("order=asc"), "{path}");
    }
    assert_eq!((lines.len(), &lines), (5, &whole.1));
    let log = get(&world, "/v1/events?after=2&limit=1", "text/csv").await.ok();
    assert_eq!(log.header("link"), Some("</v1/events?limit=1&cursor=3>; rel=\"next\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_came_from_a_caller_runs_in_a_spreadsheet() {
    let world = World::start().await;
    // An id may begin with a hyphen, and what a provider says may be any code.
    world.account("pixapi", "-1-cmd", "5").await;
    let lots = get(&world, "/v1/accounts/-1-cmd/lots", "text/csv").await.ok();
    let (columns, lines) = table(&lots);
    let lot = columns.iter().position(|column| column == "lot_id").unwrap();
    assert_eq!(lines[0][lot], "'-1-cmd.l1");
    let entries = get(&world, "/v1/accounts/-1-cmd/entries", "text/csv").await.ok();
    assert_eq!(table(&entries).1.len(), 1);
    let debit = call("r-1", "amount", json!("2"));
    world.post("proxy", "/v1/accounts/-1-cmd/debits", "d-1", debit).await.ok();
    let (columns, lines) = table(&get(&world, "/v1/accounts/-1-cmd/entries", "text/csv").await.ok());
    let amount = columns.iter().position(|column| column == "amount").unwrap();
    assert_eq!(lines[1][amount], "-2", "a negative amount is a number");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_there_is_not_is_refused_with_those_that_there_are() {
    let world = World::start().await;
    world.account("pixapi", "bob", "5").await;
    let two = json!(["application/json", "text/csv"]);
    let three = json!(["application/json", "text/csv", "text/event-stream"]);
    for (path, allowed) in [
        ("/v1/accounts/bob/lots", &two),
        ("/v1/books", &two),
        ("/v1/accounts/bob/events", &two),
        ("/v1/events", &three),
    ] {
        for accept in ["text/html", "application/xml, text/csv;q=0", "nonsense"] {
            let refused = get(&world, path, accept).await;
            assert_eq!((refused.code().as_str(), refused.status), ("not_acceptable", 406), "{path} {accept}");
            assert_eq!(&refused.json()["allowed"], allowed, "{path} {accept}");
        }
        for (accept, form) in [
            ("*/*", "application/json"),
            ("text/html, */*;q=0.1", "application/json"),
            ("application/json;q=0.2, text/csv;q=0.3", "text/csv; charset=utf-8; header=present"),
        ] {
            let reply = get(&world, path, accept).await.ok();
            assert_eq!(reply.header("content-type"), Some(form), "{path} {accept}");
        }
    }
    let stream = get(&world, "/v1/accounts/bob/events", "text/event-stream").await;
    assert_eq!(stream.code(), "not_acceptable", "only the log is a stream");
    // A refusal is a problem whatever the form that was asked for.
    let missing = get(&world, "/v1/accounts/nobody/lots", "text/csv").await;
    assert_eq!(missing.code(), "account_not_found");
}
