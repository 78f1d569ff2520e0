//! Refunds of orders, taxes and fees.

use serde_json::json;

use crate::terms::buying::{dollars, refund_path};
use crate::terms::service::Service;

async fn with_order() -> Service {
    let service = Service::start("pixapi").await;
    service.open("ann").await;
    let payment = json!({
        "provider": "stripe", "payment_id": "pi_1", "method": "card", "currency": "USD", "amount": "25.00",
        "tax": "2.50", "fee": "0.75",
    });
    let body = json!({ "order_id": "order-1", "product_id": "pack-25", "payment": payment });
    service.done("finance", "/v1/accounts/ann/top-ups", body).await;
    service
}

async fn spend(service: &Service, request: &str, amount: &str) -> String {
    let body = json!({
        "request_id": request, "model": "gpt-5.2", "endpoint": "chat/completions", "amount": amount,
    });
    let debit = service.done("proxy", "/v1/accounts/ann/debits", body).await;
    debit["debit_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn p5_what_is_unspent_is_refundable_until_exactly_day_7() {
    let service = with_order().await;
    spend(&service, "r-1", "5.1").await;
    service.at("2026-07-08T00:00:00Z").await;
    let judged = service.eligibility("ann", "order-1", "change_of_mind").await;
    assert_eq!(judged["window_until"], "2026-07-08T00:00:00.000000Z");
    assert_eq!((&judged["eligibility"], &judged["clause"]), (&json!("review"), &json!("P5")));
    assert_eq!(judged["refundable_credits"], "20.4");
    assert_eq!(judged["refundable"], dollars("20.00"));

    service.at("2026-07-08T00:00:00.000001Z").await;
    let judged = service.eligibility("ann", "order-1", "change_of_mind").await;
    assert_eq!((&judged["eligibility"], &judged["code"]), (&json!("ineligible"), &json!("window_closed")));
    let ask = json!({ "cause": "change_of_mind" });
    let path = "/v1/orders/order-1/refund-requests";
    let problem = service.refused("support", path, ask, 409, "window_closed", "P5").await;
    assert_eq!(problem["until"], "2026-07-08T00:00:00.000000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn p5_a_request_at_the_last_instant_is_decided_later() {
    let service = with_order().await;
    spend(&service, "r-1", "5.123").await;
    service.at("2026-07-08T00:00:00Z").await;
    let refund = service.ask_back("order-1", "change_of_mind", &[]).await;
    service.wait("P10D").await;
    let approved = service.refund(&refund, "approve", json!({})).await;
    // 25.00 × 20.377 ÷ 25.5 = 19.977…: rounded down once.
    assert_eq!(approved["amount"], dollars("19.97"));
    assert_eq!(approved["lots"][0]["amount"], "20.377");
}

#[tokio::test(flavor = "multi_thread")]
async fn p5_consumed_credits_are_not_refunded() {
    let service = with_order().await;
    spend(&service, "r-1", "25.5").await;
    let judged = service.eligibility("ann", "order-1", "change_of_mind").await;
    assert_eq!((&judged["eligibility"], &judged["clause"]), (&json!("ineligible"), &json!("P5")));
    let ask = json!({ "cause": "change_of_mind" });
    service.refused("support", "/v1/orders/order-1/refund-requests", ask, 409, "not_eligible", "P5").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p9_tax_and_fee_are_lines_of_the_order_and_no_credits() {
    let service = with_order().await;
    assert_eq!(service.balance("ann").await["balance"]["posted"], "25.5");
    let orders = service.read("finance", "/v1/accounts/ann/orders").await;
    let payment = &orders["items"][0]["payment"];
    assert_eq!(
        (&payment["amount"], &payment["tax"], &payment["fee"]),
        (&json!("25.00"), &json!("2.50"), &json!("0.75"))
    );
    // Of the tax the part that the refund is of the price goes back, of the fee nothing.
    spend(&service, "r-1", "5.1").await;
    let refund = service.ask_back("order-1", "change_of_mind", &[]).await;
    let approved = service.refund(&refund, "approve", json!({})).await;
    assert_eq!((&approved["amount"], &approved["tax"]), (&dollars("20.00"), &dollars("2.00")));
    assert_eq!(approved["fee"], json!(null));
    let orders = service.read("finance", "/v1/accounts/ann/orders").await;
    assert_eq!(orders["items"][0]["refund"]["status"], "approved");
    service.refused("finance", &refund_path(&refund, "approve"), json!({}), 409, "already_decided", "").await;
}
