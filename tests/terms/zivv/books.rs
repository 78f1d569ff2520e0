//! Catalogs and policies: prices, notices, versions.

use serde_json::json;

use crate::terms::documents::{account, call, catalog, from, publish, with_rate};
use crate::terms::service::Service;

const MODEL: &str = "gemini-3-pro";

#[tokio::test(flavor = "multi_thread")]
async fn z4_new_rates_take_effect_30_days_after_notice() {
    let service = Service::start("zivv").await;
    account(&service, "alice").await;
    let dearer = with_rate(&catalog(&service, "zivv").await, MODEL, "input_tokens", "4");
    // Notice is given now, at 2026-07-01T00:00:00Z: thirty days of 24 hours from it end with the month.
    for sooner in ["2026-07-01T00:00:00Z", "2026-07-30T23:59:59Z", "2026-07-30T23:59:59.999999Z"] {
        let draft = from(&dearer, sooner);
        let path = "/v1/books/zivv/catalogs";
        let refused = service.refused("admin", path, draft, 422, "notice_too_short", "Z4").await;
        assert_eq!(refused["earliest"], "2026-07-31T00:00:00.000000Z");
    }
    // Without a time it would be in force at once, and nobody can say that notice was given before.
    service.refused("admin", "/v1/books/zivv/catalogs", dearer.clone(), 422, "notice_too_short", "Z4").await;
    let backdated = from(&dearer, "2026-06-30T23:59:59Z");
    service.refused("admin", "/v1/books/zivv/catalogs", backdated, 422, "retroactive", "").await;
    let mut noted = from(&dearer, "2026-07-31T00:00:00Z");
    noted["announced_at"] = json!("2026-05-01T00:00:00Z");
    service.refused("admin", "/v1/books/zivv/catalogs", noted, 422, "invalid_policy", "").await;
    let known = service.read("auditor", "/v1/books/zivv/catalogs").await;
    assert_eq!(known["items"].as_array().unwrap().len(), 1, "nothing of it was recorded: {known}");

    let draft = from(&dearer, "2026-07-31T00:00:00Z");
    let published = publish(&service, "zivv", "catalogs", draft).await.ok();
    assert_eq!((published.status, &published.json()["version"]), (201, &json!(2)));
    assert_eq!(published.text("announced_at"), "2026-07-01T00:00:00.000000Z");

    let hold = json!({
        "request_id": "h", "model": MODEL, "endpoint": "chat/completions",
        "estimate": { "input_tokens": 1_000_000 }, "ttl_seconds": 3600,
    });
    service.at("2026-07-30T23:59:59.999999Z").await;
    let before =
        call(&service, "alice", MODEL, "chat/completions", json!({ "input_tokens": 1_000_000 })).await;
    assert_eq!((&before["charged"], &before["catalog_version"]), (&json!("2"), &json!(1)));
    let hold = service.done("proxy", "/v1/accounts/alice/holds", hold).await;
    service.at("2026-07-31T00:00:00Z").await;
    let after =
        call(&service, "alice", MODEL, "chat/completions", json!({ "input_tokens": 1_000_000 })).await;
    assert_eq!((&after["charged"], &after["catalog_version"]), (&json!("4"), &json!(2)));
    // A call is rated at the rates that it was admitted under.
    let path = format!("/v1/holds/{}/capture", hold["hold_id"].as_str().unwrap());
    let usage = json!({ "usage": { "input_tokens": 1_000_000 }, "outcome": "completed" });
    let captured = service.done("proxy", &path, usage).await;
    assert_eq!((&captured["charged"], &captured["catalog_version"]), (&json!("2"), &json!(1)));

    for (at, version) in [("2026-07-30T23:59:59.999999Z", 1), ("2026-07-31T00:00:00Z", 2)] {
        let told = service.read("auditor", &format!("/v1/books/zivv/catalog?at={at}")).await;
        assert_eq!(told["version"], version);
    }
}
