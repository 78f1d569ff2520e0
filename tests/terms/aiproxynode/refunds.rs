//! Refunds of orders.

use serde_json::json;

use crate::terms::buying::{dollars, refund_path};
use crate::terms::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn a2_nothing_is_refunded_but_by_negotiation_in_force_majeure() {
    let service = Service::start("aiproxynode").await;
    service.open("ann").await;
    service.buy("ann", "order-1", "topup-20", "20.00").await;
    for cause in ["change_of_mind", "platform_fault"] {
        let judged = service.eligibility("ann", "order-1", cause).await;
        assert_eq!(
            (&judged["eligibility"], &judged["clause"]),
            (&json!("ineligible"), &json!("A2")),
            "{cause}"
        );
        let ask = json!({ "cause": cause });
        service
            .refused("support", "/v1/orders/order-1/refund-requests", ask, 409, "not_eligible", "A2")
            .await;
    }
    let judged = service.eligibility("ann", "order-1", "force_majeure").await;
    assert_eq!((&judged["eligibility"], &judged["clause"]), (&json!("negotiation"), &json!("A2")));
    assert_eq!(judged["refundable"], dollars("20.00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a2_the_amount_is_agreed_on_up_to_what_remains() {
    let service = Service::start("aiproxynode").await;
    service.open("ann").await;
    service.buy("ann", "order-1", "topup-20", "20.00").await;
    // 1.75 × 0.85 a million tokens: four million are 5.95.
    service.use_up("ann", "gpt-5.2", "chat/completions", json!({ "input_tokens": 4_000_000 })).await;
    let refund = service.ask_back("order-1", "force_majeure", &[]).await;
    assert_eq!((&refund["handling"], &refund["refundable"]), (&json!("negotiation"), &dollars("14.05")));
    let approve = refund_path(&refund, "approve");
    for body in [json!({}), json!({ "amount": dollars("14.06") }), json!({ "amount": dollars("0.00") })] {
        let problem = service.refused("finance", &approve, body, 422, "amount_not_allowed", "").await;
        assert_eq!(problem["most"], dollars("14.05"));
    }
    let approved = service.refund(&refund, "approve", json!({ "amount": dollars("14.05") })).await;
    assert_eq!((&approved["amount"], &approved["lots"][0]["amount"]), (&dollars("14.05"), &json!("14.05")));
    assert_eq!(service.balance("ann").await["balance"]["posted"], "0");
}
