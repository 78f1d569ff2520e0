//! Refunds of orders.

use serde_json::json;

use crate::terms::buying::{dollars, refund_path};
use crate::terms::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn m3_only_a_platform_fault_or_the_law_brings_money_back() {
    let service = Service::start("imini").await;
    service.open("ann").await;
    service.buy("ann", "order-1", "credits-100", "10.00").await;
    service.buy("ann", "order-2", "credits-100", "10.00").await;
    for cause in ["change_of_mind", "duplicate", "dissatisfied"] {
        let judged = service.eligibility("ann", "order-1", cause).await;
        assert_eq!(
            (&judged["eligibility"], &judged["clause"]),
            (&json!("ineligible"), &json!("M3")),
            "{cause}"
        );
        let ask = json!({ "cause": cause });
        let path = "/v1/orders/order-1/refund-requests";
        service.refused("support", path, ask, 409, "not_eligible", "M3").await;
    }
    for (order, cause) in [("order-1", "platform_fault"), ("order-2", "legal_mandate")] {
        let judged = service.eligibility("ann", order, cause).await;
        assert_eq!((&judged["eligibility"], &judged["clause"]), (&json!("review"), &json!("M3")), "{cause}");
        let refund = service.ask_back(order, cause, &[]).await;
        let approved = service.refund(&refund, "approve", json!({})).await;
        assert_eq!(approved["amount"], dollars("10.00"));
    }
    assert_eq!(service.balance("ann").await["balance"]["posted"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn m3_a_platform_fault_may_be_made_good_by_compensation_in_place_of_a_refund() {
    let service = Service::start("imini").await;
    service.open("ann").await;
    service.buy("ann", "order-1", "credits-100", "10.00").await;
    let refund = service.ask_back("order-1", "platform_fault", &[]).await;
    service.refund(&refund, "deny", json!({ "reason": "compensated" })).await;
    let grant = json!({ "source": "compensation", "credits": "20", "reason": "platform_fault" });
    service.done("finance", "/v1/accounts/ann/grants", grant).await;
    assert_eq!(service.balance("ann").await["balance"]["available"], "120");
    // A refund can still be asked for again: the denial was not of the order's right.
    assert_eq!(service.ask_back("order-1", "platform_fault", &[]).await["status"], "requested");
}

/// A refund that is approved while a call is under way waits for it, and nothing new is taken of the order's credits.
#[tokio::test(flavor = "multi_thread")]
async fn m3_an_approved_refund_waits_for_the_call_that_is_under_way() {
    let service = Service::start("imini").await;
    service.open("ann").await;
    service.buy("ann", "order-1", "credits-100", "10.00").await;
    let image = |request: &str, images: u64| {
        json!({
            "request_id": request, "model": "nano-banana-2", "endpoint": "images/generations",
            "estimate": { "images": images },
        })
    };
    let hold = service.done("proxy", "/v1/accounts/ann/holds", image("r-1", 40)).await;
    let refund = service.ask_back("order-1", "platform_fault", &[]).await;
    assert_eq!(service.refund(&refund, "approve", json!({})).await["status"], "waiting");
    let balance = service.balance("ann").await["balance"].clone();
    assert_eq!(
        (&balance["held"], &balance["frozen"], &balance["available"]),
        (&json!("20"), &json!("80"), &json!("0"))
    );
    let path = "/v1/accounts/ann/holds";
    service.refused("proxy", path, image("r-2", 1), 402, "insufficient_credits", "").await;
    service.refused("finance", &refund_path(&refund, "paid"), json!({}), 409, "pending_approval", "").await;

    let capture = json!({ "usage": { "images": 10 }, "outcome": "completed" });
    let hold = hold["hold_id"].as_str().unwrap();
    let captured = service.done("proxy", &format!("/v1/holds/{hold}/capture"), capture).await;
    // The amount is fixed in the very step that settles the hold.
    let refunds = service.read("finance", "/v1/accounts/ann/refunds").await;
    assert_eq!(
        (&refunds["items"][0]["status"], &refunds["items"][0]["amounts"][0]),
        (&json!("approved"), &dollars("9.50"))
    );
    let events = service.read("auditor", "/v1/accounts/ann/events").await;
    let last = events["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["type"], &last["revision"]), (&json!("refund_reclaimed"), &captured["revision"]));
    let balance = service.balance("ann").await["balance"].clone();
    assert_eq!((&balance["posted"], &balance["frozen"]), (&json!("0"), &json!("0")));
}
