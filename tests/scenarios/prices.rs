//! What things cost, and when.

use std::collections::BTreeMap;
use std::fs::read_to_string;

use scrip_ledger::Credits;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::client::{World, books_dir, call, tokens_used};
use crate::cli::process::{Server, scrip_on};
use crate::cli::refusals::{books, edit};

/// CodexBar#2671: rates change, and what was used before costs something else now.
#[tokio::test(flavor = "multi_thread")]
async fn history_repriced_when_rates_change() {
    let folder = TempDir::new().unwrap();
    let (data, all) = (folder.path().join("data"), folder.path().join("books"));
    books(&all);
    let catalog = all.join("pixapi/catalog.toml");
    let arguments = ["--books", all.to_str().unwrap()];

    let server = Server::start(&data, &arguments).await;
    let api = &server.api;
    api.account("alice", "10").await;
    let debit = call("r-1", "usage", tokens_used(1_000, 1_000));
    let first = api.post("proxy", "/v1/accounts/alice/debits", "d-1", debit.clone()).await.ok();
    assert_eq!((first.text("charged"), &first.json()["catalog_version"]), ("0.01575".into(), &json!(1)));
    let hold = call("r-2", "estimate", tokens_used(1_000, 10_000));
    let hold = api.post("proxy", "/v1/accounts/alice/holds", "h-1", hold).await.ok();
    assert_eq!(hold.text("amount"), "0.14175");
    let calls = api.get("auditor", "/v1/accounts/alice/calls").await.ok().json()["items"].clone();
    let position = calls[0]["position"].clone();
    server.stop().await;

    // The price of a version cannot be changed behind its back …
    let dearer =
        |from: &str, to: &str| edit(&catalog, &format!("rate = \"{from}\"\n"), &format!("rate = \"{to}\"\n"));
    dearer("1.75", "3.5");
    let refused = Server::refused(&data, &arguments).await.with(3);
    let why =
        "book pixapi: catalog.toml: version 1: it is in force with other contents; make the change version 2";
    assert!(refused.err.contains(why) && refused.out.is_empty(), "{}", refused.err);
    // … nor can a version be left out …
    edit(&catalog, "\nversion = 1\n", "\nversion = 3\n");
    let refused = Server::refused(&data, &arguments).await.with(3);
    assert!(refused.err.contains("version 1 is in force; the next one is 2"), "{}", refused.err);
    // … but a new one holds for what begins after it, and only for that.
    edit(&catalog, "\nversion = 3\n", "\nversion = 2\n");
    let server = Server::start(&data, &arguments).await;
    let api = &server.api;
    let capture = json!({ "usage": tokens_used(1_000, 5_000), "outcome": "completed" });
    let path = format!("/v1/holds/{}/capture", hold.text("hold_id"));
    let captured = api.post("proxy", &path, "c-1", capture).await.ok();
    assert_eq!(
        (captured.text("charged"), &captured.json()["catalog_version"]),
        ("0.07175".into(), &json!(1))
    );
    let second = call("r-3", "usage", tokens_used(1_000, 1_000));
    let second = api.post("proxy", "/v1/accounts/alice/debits", "d-2", second).await.ok();
    assert_eq!((second.text("charged"), &second.json()["catalog_version"]), ("0.0175".into(), &json!(2)));
    let again = api.post("proxy", "/v1/accounts/alice/debits", "d-1", debit).await.ok();
    assert_eq!(again.body, first.body);
    let now = api.get("auditor", "/v1/accounts/alice/calls").await.ok().json()["items"].clone();
    let before = now.as_array().unwrap().iter().find(|call| call["position"] == position);
    assert_eq!(before, Some(&calls[0]));
    let balance = api.get("auditor", "/v1/accounts/alice").await.ok().json()["balance"]["available"].clone();
    assert_eq!(balance, "9.895", "10 − 0.01575 − 0.07175 − 0.0175");
    server.stop().await;

    // An older file does not bring the older prices back; and what was charged stands as it was.
    edit(&catalog, "\nversion = 2\n", "\nversion = 1\n");
    dearer("3.5", "1.75");
    let server = Server::start(&data, &arguments).await;
    let in_force = server.api.get("auditor", "/v1/books/pixapi/catalog").await.ok().json();
    assert_eq!(in_force["version"], 2);
    let third = call("r-4", "usage", tokens_used(1_000, 1_000));
    let third = server.api.post("proxy", "/v1/accounts/alice/debits", "d-3", third).await.ok();
    assert_eq!((third.text("charged"), &third.json()["catalog_version"]), ("0.0175".into(), &json!(2)));
    server.stop().await;
    // Nor may it change them behind their back.
    dearer("1.75", "7");
    let refused = Server::refused(&data, &arguments).await.with(3);
    let why = "version 1: it is in force with other contents; make the change version 3";
    assert!(refused.err.contains(why), "{}", refused.err);
    scrip_on(&data, &["verify"]).await.with(0);
    let told = scrip_on(&data, &["replay"]).await.with(0).out;
    assert!(told.lines().any(|line| line == "charged           0.1225"), "{told}");
}

/// The tables of a catalog, read by nothing that the program reads it with.
fn tables(book: &str, name: &str) -> Vec<BTreeMap<String, String>> {
    let text = read_to_string(books_dir().join(book).join("catalog.toml")).unwrap();
    let heading = format!("[[{name}]]");
    let (mut tables, mut within): (Vec<BTreeMap<String, String>>, bool) = (Vec::new(), false);
    for line in text.lines() {
        if line.starts_with('[') {
            within = line.trim() == heading;
            if within {
                tables.push(BTreeMap::new());
            }
        } else if let Some((key, value)) = line.split_once(" = ")
            && within
        {
            tables.last_mut().unwrap().insert(key.to_owned(), value.trim_matches('"').to_owned());
        }
    }
    tables
}

/// A decimal in billionths: rates and discounts of the books have at most nine places.
fn billionths(text: &str) -> i128 {
    text.parse::<Credits>().unwrap().nanos()
}

/// killbill#1882: what the catalog says is not what is charged. Every rate of every book, and every product.
#[tokio::test(flavor = "multi_thread")]
async fn catalogs_priced_wrong() {
    let world = World::start().await;
    for book in ["pixapi", "aiproxynode"] {
        let account = format!("of-{book}");
        world.account(book, &account, "1000000").await;
        let catalog = world.get("auditor", &format!("/v1/books/{book}/catalog")).await.ok().json();
        let rates = tables(book, "rates");
        assert!(rates.len() >= 15);
        assert_eq!(catalog["rates"].as_array().unwrap().len(), rates.len());
        for (at, rate) in rates.iter().enumerate() {
            let per: i128 = rate["per"].parse().unwrap();
            // Of a rate with a discount, the product, for twice as many units as it is for.
            let nanos = match rate.get("rate") {
                Some(rate) => billionths(rate),
                None => {
                    let product = billionths(&rate["upstream_rate"]) * billionths(&rate["discount"]);
                    assert_eq!(product % 1_000_000_000, 0, "{rate:?} has more than nine places");
                    product / 1_000_000_000
                }
            };
            let published = catalog["rates"].as_array().unwrap().iter().find(|published| {
                ["model", "endpoint", "unit"].iter().all(|name| published[name] == rate[*name].as_str())
            });
            let published = published.unwrap_or_else(|| panic!("{rate:?} is not published"));
            assert_eq!(published["rate"], Credits::from_nanos(nanos).to_string(), "{rate:?}");
            assert_eq!(published["per"].as_i64().map(i128::from), Some(per), "{rate:?}");
            let mut usage = serde_json::Map::new();
            usage.insert(rate["unit"].clone(), Value::from(i64::try_from(2 * per).unwrap()));
            let body = json!({
                "request_id": format!("r-{at}"), "model": rate["model"], "endpoint": rate["endpoint"], "usage": usage,
            });
            let path = format!("/v1/accounts/{account}/debits");
            let charged = world.post("proxy", &path, &format!("d-{at}"), body).await.ok();
            assert_eq!(charged.text("charged"), Credits::from_nanos(2 * nanos).to_string(), "{rate:?}");
        }
        for product in tables(book, "products") {
            let price: Vec<_> = product["price"].split('"').collect();
            let [_, currency, _, amount, _] = price[..] else { panic!("{product:?}") };
            let id = &product["id"];
            let pay = async |key: &str, amount: &str| {
                let payment = json!({
                    "provider": "stripe", "payment_id": id, "method": "card", "currency": currency, "amount": amount,
                });
                let body = json!({ "order_id": id, "product_id": id, "payment": payment });
                world.post("finance", &format!("/v1/accounts/{account}/top-ups"), key, body).await
            };
            let short = Credits::from_nanos(billionths(amount) - 10_000_000).to_string();
            assert_eq!(pay(&format!("short-{id}"), &short).await.code(), "payment_mismatch", "{product:?}");
            let bought = pay(&format!("paid-{id}"), amount).await.ok();
            assert_eq!(bought.text("credits"), product["credits"], "{product:?}");
        }
    }
}
