//! Terms that change while the service runs: announced through the API, kept in the log, and never by a caller's word.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::client::{World, call, tokens_used};
use crate::cli::process::{Server, scrip_on};
use crate::cli::refusals::{books, edit};

/// The catalog in force with a rate of 3.5 for the input tokens of gpt-5.2, as a document.
fn dearer(mut catalog: Value) -> Value {
    for added in ["book", "version", "effective_at", "as_of_position"] {
        catalog.as_object_mut().unwrap().remove(added);
    }
    for rate in catalog["rates"].as_array_mut().unwrap() {
        if rate["model"] == "gpt-5.2" && rate["unit"] == "input_tokens" {
            rate["rate"] = json!("3.5");
        }
    }
    catalog
}

/// A price that was announced is gone, or comes twice, after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn announced_prices_are_lost_by_a_restart() {
    let world = World::start().await;
    world.account("pixapi", "alice", "10").await;
    let path = "/v1/books/pixapi/catalogs";
    let mut draft = dearer(world.get("auditor", "/v1/books/pixapi/catalog").await.ok().json());
    draft["effective_at"] = json!("2026-07-02T00:00:00Z");
    for role in ["finance", "auditor", "support", "proxy"] {
        assert_eq!(world.post(role, path, "p-1", draft.clone()).await.code(), "forbidden_scope");
    }
    let first = world.post("admin", path, "p-1", draft.clone()).await.ok();
    assert_eq!(first.status, 201);
    let mut world = world;
    for _ in 0..2 {
        // A caller that has not heard of it sends it again, and gets the same bytes.
        let again = world.post("admin", path, "p-1", draft.clone()).await.ok();
        assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &first.body));
        let mut other = draft.clone();
        other["effective_at"] = json!("2026-07-03T00:00:00Z");
        assert_eq!(world.post("admin", path, "p-1", other).await.code(), "idempotency_key_reused");
        let known = world.get("auditor", path).await.ok().json();
        assert_eq!(known["items"].as_array().unwrap().len(), 2, "{known}");
        world = world.restart().await;
    }
    // The number may be left out, or must be the next one.
    for (version, pointer) in [(2, "/version"), (4, "/version"), (0, "/version")] {
        let mut numbered = draft.clone();
        numbered["version"] = json!(version);
        let refused = world.post("admin", path, "p-2", numbered).await;
        assert_eq!((refused.code(), refused.text("pointer")), ("invalid_policy".into(), pointer.into()));
    }
    let debit = async |key: &str| {
        let body = call(key, "usage", tokens_used(1_000_000, 0));
        world.post("proxy", "/v1/accounts/alice/debits", key, body).await.ok().text("charged")
    };
    assert_eq!(debit("d-1").await, "1.75");
    world.post("admin", "/v1/dev/clock", "-", json!({ "now": "2026-07-02T00:00:00Z" })).await.ok();
    assert_eq!(debit("d-2").await, "3.5");
}

/// Terms that cannot be are taken, and every call after them fails.
#[tokio::test(flavor = "multi_thread")]
async fn terms_that_cannot_be_are_published() {
    let world = World::start().await;
    let document = async |what: &str| {
        let mut document = world.get("auditor", &format!("/v1/books/pixapi/{what}")).await.ok().json();
        for added in ["book", "version", "effective_at", "as_of_position"] {
            document.as_object_mut().unwrap().remove(added);
        }
        document
    };
    let (catalog, policy) = (document("catalog").await, document("policy").await);
    let refused = async |what: &str, document: Value, pointer: &str, reason: &str| {
        let reply = world.post("admin", &format!("/v1/books/pixapi/{what}"), "p-1", document).await;
        assert_eq!(
            (reply.code(), reply.text("pointer")),
            ("invalid_policy".into(), pointer.into()),
            "{reason}"
        );
        assert!(reply.text("detail").contains(reason), "{reply:?}");
    };
    let with = |document: &Value, pointer: &str, key: &str, value: Value| {
        let mut changed = document.clone();
        changed.pointer_mut(pointer).unwrap()[key] = value;
        changed
    };
    let without = |document: &Value, pointer: &str, key: &str| {
        let mut changed = document.clone();
        changed.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(key).unwrap();
        changed
    };
    let colour = || json!("red");
    refused("catalogs", with(&catalog, "", "colour", colour()), "/colour", "unknown field").await;
    refused("catalogs", with(&catalog, "/rates/3", "colour", colour()), "/rates/3/colour", "unknown field")
        .await;
    refused("catalogs", without(&catalog, "/products/0", "price"), "/products/0", "missing field `price`")
        .await;
    refused("catalogs", with(&catalog, "/rates/0", "unit", json!("furlongs")), "/rates", "furlongs").await;
    refused("catalogs", with(&catalog, "/rates/0", "per", json!(7)), "/rates/0", "power of ten").await;
    let repeated = with(&catalog, "/products/1", "id", catalog["products"][0]["id"].clone());
    refused("catalogs", repeated, "/products", "stands twice").await;
    refused("policies", with(&policy, "", "colour", colour()), "/colour", "unknown field").await;
    refused("policies", with(&policy, "/holds", "ttl_seconds", json!(0)), "/holds/ttl_seconds", "at least 1")
        .await;
    let longer = with(&policy, "/holds", "max_ttl_seconds", json!(1));
    refused("policies", longer, "/holds/max_ttl_seconds", "must not be below").await;
    refused("policies", without(&policy, "", "rounding"), "", "missing field `rounding`").await;
    for (body, code) in
        [("[]", "malformed"), ("{", "malformed"), (r#"{"effective_at":"soon"}"#, "invalid_time")]
    {
        let request = world
            .request(hyper::Method::POST, "/v1/books/pixapi/catalogs", Some("token-of-admin"))
            .header("idempotency-key", "p-1");
        let reply = world.send(request.body(http_body_util::Full::from(body)).unwrap()).await;
        assert_eq!(reply.code(), code, "{body}");
    }
    for what in ["catalogs", "policies"] {
        let known = world.get("auditor", &format!("/v1/books/pixapi/{what}")).await.ok().json();
        assert_eq!(known["items"].as_array().unwrap().len(), 1);
    }
    // A unit of one's own is named first.
    let mut own = with(&catalog, "/rates/0", "unit", json!("furlongs"));
    own["units"] = json!(["furlongs"]);
    world.post("admin", "/v1/books/pixapi/catalogs", "p-1", own).await.ok();
    let unknown = world.post("admin", "/v1/books/nowhere/catalogs", "p-1", catalog).await;
    assert_eq!(unknown.code(), "book_not_found");
}

/// The files of a book and what was announced through the API are one history.
#[tokio::test(flavor = "multi_thread")]
async fn files_and_announcements_contradict_each_other() {
    let folder = TempDir::new().unwrap();
    let (data, all) = (folder.path().join("data"), folder.path().join("books"));
    books(&all);
    let arguments = ["--books", all.to_str().unwrap()];
    let version = async |server: &Server| {
        server.api.get("auditor", "/v1/books/pixapi/catalog").await.ok().json()["version"].clone()
    };
    let server = Server::start(&data, &arguments).await;
    let draft = dearer(server.api.get("auditor", "/v1/books/pixapi/catalog").await.ok().json());
    server.api.post("admin", "/v1/books/pixapi/catalogs", "p-1", draft).await.ok();
    assert_eq!(version(&server).await, 2);
    server.stop().await;
    // The file is older than the log now; that is no contradiction.
    let server = Server::start(&data, &arguments).await;
    assert_eq!(version(&server).await, 2);
    server.stop().await;
    // A file that says something else of a version that was announced is one.
    let catalog: &Path = &all.join("pixapi/catalog.toml");
    edit(catalog, "\nversion = 1\n", "\nversion = 2\n");
    let refused = Server::refused(&data, &arguments).await.with(3);
    assert!(refused.err.contains("version 2: it is in force with other contents"), "{}", refused.err);
    edit(catalog, "\nversion = 2\n", "\nversion = 3\n");
    let server = Server::start(&data, &arguments).await;
    assert_eq!(version(&server).await, 3);
    server.stop().await;
    scrip_on(&data, &["verify"]).await.with(0);
}

/// A file that is changed takes effect without the notice that the terms promise.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_goes_round_the_notice() {
    let folder = TempDir::new().unwrap();
    let (data, all) = (folder.path().join("data"), folder.path().join("books"));
    books(&all);
    let arguments = ["--books", all.to_str().unwrap()];
    Server::start(&data, &arguments).await.stop().await;
    // aiproxynode promises to announce changes of its policy seven days ahead (A9).
    edit(&all.join("aiproxynode/policy.toml"), "\nversion = 1\n", "\nversion = 2\n");
    let server = Server::start(&data, &arguments).await;
    let policies = server.api.get("auditor", "/v1/books/aiproxynode/policies").await.ok().json();
    let [announced, effective] = ["announced_at", "effective_at"]
        .map(|key| policies["items"][1][key].as_str().unwrap().parse::<scrip_ledger::Timestamp>().unwrap());
    assert_eq!(effective, announced.plus_days(7));
    let in_force = server.api.get("auditor", "/v1/books/aiproxynode/policy").await.ok().json();
    assert_eq!(in_force["version"], 1);
    server.stop().await;
    // Started again, it is announced once and for all.
    let server = Server::start(&data, &arguments).await;
    let again = server.api.get("auditor", "/v1/books/aiproxynode/policies").await.ok().json();
    assert_eq!(again["items"], policies["items"]);
    server.stop().await;
}

/// The end of a service reaches only the accounts that somebody uses.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_ends_and_its_accounts_do_not_notice() {
    let world = World::start().await;
    for account in ["alice", "bob"] {
        world.account("pixapi", account, "5").await;
    }
    world.account("aiproxynode", "carol", "5").await;
    let notice = json!({ "reason": "unprofitable", "effective_at": "2026-07-10T00:00:00Z" });
    let path = "/v1/books/pixapi/shutdown";
    assert_eq!(world.post("finance", path, "s-1", notice.clone()).await.code(), "forbidden_scope");
    let announced = world.post("admin", path, "s-1", notice.clone()).await.ok();
    assert_eq!(world.post("admin", path, "s-2", notice).await.code(), "already_exists");
    let world = world.restart().await;
    let books = world.get("auditor", "/v1/books").await.ok().json();
    let end = |book: &str| {
        let books = books["items"].as_array().unwrap();
        books.iter().find(|known| known["book"] == book).unwrap()["shutdown"]["effective_at"].clone()
    };
    assert_eq!((end("pixapi"), end("aiproxynode")), (announced.json()["effective_at"].clone(), Value::Null));
    for (now, status) in [("2026-07-09T23:59:59.999999Z", "open"), ("2026-07-20T00:00:00Z", "closed")] {
        world.post("admin", "/v1/dev/clock", "-", json!({ "now": now })).await.ok();
        for account in ["alice", "bob"] {
            let told = world.get("auditor", &format!("/v1/accounts/{account}")).await.ok();
            assert_eq!(told.text("status"), status, "{account} at {now}");
        }
    }
    // It was recorded when it happened, not when somebody looked.
    let events = world.get("auditor", "/v1/accounts/bob/events?limit=100").await.ok().json();
    let closed = events["items"].as_array().unwrap().iter().find(|event| event["type"] == "account_closed");
    assert_eq!(closed.unwrap()["recorded_at"], "2026-07-10T00:00:00.000000Z");
    assert_eq!(world.get("auditor", "/v1/accounts/carol").await.ok().text("status"), "open");
}
