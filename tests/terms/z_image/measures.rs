//! Freezes, closing, breach, appeals.

use serde_json::json;

use crate::terms::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn i11_notice_before_the_end_however_short() {
    let service = Service::start("z-image-ai").await;
    service.open("ann").await;
    service.give("ann", "10").await;
    let path = "/v1/accounts/ann/close";
    let close = |at: &str| json!({ "reason": "business", "effective_at": at });
    let problem =
        service.refused("admin", path, json!({ "reason": "business" }), 422, "notice_too_short", "I11").await;
    assert_eq!(problem["earliest"], "2026-07-01T00:00:00.000001Z");
    service.refused("admin", path, json!({}), 422, "notice_too_short", "I11").await;
    // Now is no notice; the next instant is.
    service.refused("admin", path, close("2026-07-01T00:00:00Z"), 422, "notice_too_short", "I11").await;
    let announced = service.done("admin", path, close("2026-07-01T00:00:00.000001Z")).await;
    assert_eq!(announced["status"], "open");
    assert_eq!(service.call_refused("ann", "z-image").await, "");
    service.at("2026-07-01T00:00:00.000001Z").await;
    assert_eq!(service.call_refused("ann", "z-image").await, "account_closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_no_notice_for_fraud_security_or_where_it_would_enable_more() {
    let service = Service::start("z-image-ai").await;
    for (account, reason) in [("ann", "fraud"), ("bob", "security"), ("cat", "further_violation")] {
        service.open(account).await;
        let closed = service
            .done("admin", &format!("/v1/accounts/{account}/close"), json!({ "reason": reason }))
            .await;
        assert_eq!(closed["status"], "closed", "{closed}");
        assert_eq!(service.account(account).await["status"], "closed");
    }
}

/// A book without the sections promises neither.
#[tokio::test(flavor = "multi_thread")]
async fn i11_a_book_without_a_cure_or_appeals_gives_none() {
    let service = Service::start("z-image-ai").await;
    service.open("ann").await;
    let frozen = service.measure("ann", "freeze", json!({ "reason": "review" })).await;
    let appeal = json!({ "measure_id": frozen["measure_id"] });
    service.refused("support", "/v1/accounts/ann/appeals", appeal, 409, "not_eligible", "").await;
    let breach = json!({ "by": "holder", "reason": "resale" });
    service.refused("support", "/v1/accounts/ann/breaches", breach, 409, "not_eligible", "").await;
}
