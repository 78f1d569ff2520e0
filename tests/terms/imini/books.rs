//! Catalogs and policies: prices, notices, versions.

use serde_json::json;

use crate::terms::documents::{account, call, catalog, from, publish, with_rate};
use crate::terms::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn m1_each_call_consumes_at_its_models_price() {
    let service = Service::start("imini").await;
    account(&service, "alice").await;
    for (model, endpoint, usage, charged) in [
        ("seedream-4.5", "images/generations", json!({ "images": 3 }), "1.2"),
        ("nano-banana-2", "images/generations", json!({ "images": 3 }), "1.5"),
        ("kling-2.6", "videos", json!({ "video_seconds": "7.5" }), "5.25"),
        ("sora-2", "videos", json!({ "video_seconds": 8, "tasks": 1 }), "8.2"),
    ] {
        let debit = call(&service, "alice", model, endpoint, usage).await;
        assert_eq!(debit["charged"], charged, "{model}: {debit}");
    }
    // A task that runs on its own: held when it is handed in, charged when it is done.
    let task = json!({
        "request_id": "t", "model": "kling-2.6", "endpoint": "videos",
        "estimate": { "video_seconds": 10, "tasks": 1 }, "ttl_seconds": 172_800,
    });
    let hold = service.done("proxy", "/v1/accounts/alice/holds", task).await;
    assert_eq!(hold["amount"], "7.1");
    service.wait("P1D").await;
    let path = format!("/v1/holds/{}/capture", hold["hold_id"].as_str().unwrap());
    let usage = json!({ "usage": { "video_seconds": 5, "tasks": 1 }, "outcome": "completed" });
    let captured = service.done("proxy", &path, usage).await;
    assert_eq!((&captured["charged"], &captured["released"]), (&json!("3.6"), &json!("3.5")));
    // It was prepaid: 1000 − 1.2 − 1.5 − 5.25 − 8.2 − 3.6.
    assert_eq!(service.balance("alice").await["balance"]["available"], "980.25");
}

#[tokio::test(flavor = "multi_thread")]
async fn m2_prices_apply_from_their_effective_date_and_never_before_they_were_announced() {
    let service = Service::start("imini").await;
    account(&service, "alice").await;
    let dearer = with_rate(&catalog(&service, "imini").await, "seedream-4.5", "images", "0.8");
    let path = "/v1/books/imini/catalogs";
    for past in ["2026-06-30T23:59:59.999999Z", "2026-06-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
        service.refused("admin", path, from(&dearer, past), 422, "retroactive", "").await;
    }
    publish(&service, "imini", "catalogs", from(&dearer, "2026-07-10T12:00:00Z")).await.ok();
    let image = async || {
        let debit =
            call(&service, "alice", "seedream-4.5", "images/generations", json!({ "images": 1 })).await;
        (debit["charged"].clone(), debit["catalog_version"].clone())
    };
    assert_eq!(image().await, (json!("0.4"), json!(1)));
    service.at("2026-07-10T11:59:59.999999Z").await;
    assert_eq!(image().await, (json!("0.4"), json!(1)));
    service.at("2026-07-10T12:00:00Z").await;
    assert_eq!(image().await, (json!("0.8"), json!(2)));
    // No length of notice is promised: a change may be announced for this very moment, and for none before it.
    let cheaper = with_rate(&dearer, "seedream-4.5", "images", "0.1");
    let late = from(&cheaper, "2026-07-10T11:59:59.999999Z");
    service.refused("admin", path, late, 422, "retroactive", "").await;
    publish(&service, "imini", "catalogs", from(&cheaper, "2026-07-10T12:00:00Z")).await.ok();
    assert_eq!(image().await, (json!("0.1"), json!(3)));
    // A version may not take effect before the one that was announced before it.
    publish(&service, "imini", "catalogs", from(&dearer, "2026-08-01T00:00:00Z")).await.ok();
    let overlapping = from(&cheaper, "2026-07-31T23:59:59Z");
    let refused = service.refused("admin", path, overlapping, 422, "invalid_policy", "").await;
    assert_eq!(refused["pointer"], "/effective_at");
    let calls = service.read("auditor", "/v1/accounts/alice/calls").await;
    let charged: Vec<_> = calls["items"].as_array().unwrap().iter().map(|call| &call["charged"]).collect();
    assert_eq!(charged.len(), 4, "{calls}");
    assert_eq!(charged.iter().filter(|charged| ***charged == "0.4").count(), 2, "what was charged stands");
}
