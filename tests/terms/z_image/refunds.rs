//! Refunds of orders.

use serde_json::json;

use crate::terms::buying::dollars;
use crate::terms::service::Service;

const IMAGES: (&str, &str) = ("z-image", "images/generations");

async fn with_order() -> Service {
    let service = Service::start("z-image-ai").await;
    service.open("ann").await;
    service.buy("ann", "order-1", "extra-100", "4.90").await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn i5_a_refund_reclaims_what_is_unspent_and_leaves_what_was_spent() {
    let service = with_order().await;
    service.use_up("ann", IMAGES.0, IMAGES.1, json!({ "images": 30 })).await;
    let calls = service.read("finance", "/v1/accounts/ann/calls").await["items"].clone();
    let refund = service.ask_back("order-1", "change_of_mind", &[]).await;
    let approved = service.refund(&refund, "approve", json!({})).await;
    assert_eq!(approved["amount"], dollars("3.43"));
    let lot = service.lot("ann").await;
    assert_eq!(
        (&lot["available"], &lot["held"], &lot["spent"], &lot["reclaimed"]),
        (&json!("0"), &json!("0"), &json!("30"), &json!("70"))
    );
    assert_eq!(service.read("finance", "/v1/accounts/ann/calls").await["items"], calls);
    assert_eq!(service.balance("ann").await["balance"]["posted"], "0");
}

/// What a call that was under way gives back after the refund is voided like the rest: the lot stays at 0.
#[tokio::test(flavor = "multi_thread")]
async fn i5_what_returns_after_the_refund_is_reclaimed_too() {
    let service = with_order().await;
    let hold = json!({
        "request_id": "r-1", "model": IMAGES.0, "endpoint": IMAGES.1, "estimate": { "images": 20 },
    });
    let hold = service.done("proxy", "/v1/accounts/ann/holds", hold).await;
    let refund = service.ask_back("order-1", "change_of_mind", &[]).await;
    let approved = service.refund(&refund, "approve", json!({})).await;
    // What the call reserves counts as used.
    assert_eq!((&approved["status"], &approved["amount"]), (&json!("approved"), &dollars("3.92")));
    let hold = hold["hold_id"].as_str().unwrap();
    let capture = json!({ "usage": { "images": 5 }, "outcome": "completed" });
    service.done("proxy", &format!("/v1/holds/{hold}/capture"), capture).await;
    let lot = service.lot("ann").await;
    assert_eq!(
        (&lot["available"], &lot["held"], &lot["spent"], &lot["reclaimed"]),
        (&json!("0"), &json!("0"), &json!("5"), &json!("95"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn i6_unused_credits_are_reviewed_case_by_case_and_used_ones_are_not_refunded() {
    let service = with_order().await;
    let judged = service.eligibility("ann", "order-1", "change_of_mind").await;
    assert_eq!((&judged["eligibility"], &judged["clause"]), (&json!("review"), &json!("I6")));
    service.use_up("ann", IMAGES.0, IMAGES.1, json!({ "images": 100 })).await;
    let judged = service.eligibility("ann", "order-1", "change_of_mind").await;
    assert_eq!((&judged["eligibility"], &judged["clause"]), (&json!("ineligible"), &json!("I6")));
    let ask = json!({ "cause": "change_of_mind" });
    service.refused("support", "/v1/orders/order-1/refund-requests", ask, 409, "not_eligible", "I6").await;
}
