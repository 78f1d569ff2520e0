//! Refunds of orders.

use serde_json::json;

use crate::terms::buying::{dollars, evidence, refund_path};
use crate::terms::service::Service;

const BOTH: [&str; 2] = ["payment_proof", "identity"];

async fn with_order() -> Service {
    let service = Service::start("zivv").await;
    service.open("ann").await;
    service.buy("ann", "order-1", "credits-20", "20.00").await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn z5_a_change_of_mind_is_reviewed_and_never_approved_by_itself() {
    let service = with_order().await;
    let judged = service.eligibility("ann", "order-1", "change_of_mind").await;
    assert_eq!((&judged["eligibility"], &judged["clause"]), (&json!("review"), &json!("Z5")));
    // All evidence is there from the start: a person decides all the same.
    let refund = service.ask_back("order-1", "change_of_mind", &BOTH).await;
    assert_eq!(
        (&refund["status"], &refund["handling"], &refund["clause"], &refund["missing"]),
        (&json!("requested"), &json!("review"), &json!("Z5"), &json!([]))
    );
    assert_eq!(service.balance("ann").await["balance"]["available"], "20");
    service.refused("finance", &refund_path(&refund, "paid"), json!({}), 409, "pending_approval", "").await;
    let denied = service.refund(&refund, "deny", json!({ "reason": "not_convincing" })).await;
    assert_eq!(denied["status"], "denied");
    assert_eq!(service.balance("ann").await["balance"]["available"], "20");
}

#[tokio::test(flavor = "multi_thread")]
async fn z6_original_channel_until_day_90() {
    let service = with_order().await;
    service.buy("ann", "order-2", "credits-5", "5.00").await;
    service.at("2026-09-29T00:00:00Z").await;
    let judged = service.eligibility("ann", "order-1", "change_of_mind").await;
    assert_eq!(judged["original_until"], "2026-09-29T00:00:00.000000Z");
    assert_eq!((&judged["channel"], &judged["channel_clause"]), (&json!("original"), &json!("Z6")));
    let refund = service.ask_back("order-1", "change_of_mind", &BOTH).await;
    assert_eq!((&refund["channel"], &refund["missing"]), (&json!("original"), &json!([])));

    service.at("2026-09-29T00:00:00.000001Z").await;
    let judged = service.eligibility("ann", "order-2", "change_of_mind").await;
    assert_eq!((&judged["channel"], &judged["channel_clause"]), (&json!("alternative"), &json!("Z6")));
    let late = service.ask_back("order-2", "change_of_mind", &BOTH).await;
    assert_eq!((&late["channel"], &late["missing"]), (&json!("alternative"), &json!(["receiving_account"])));
    // The first one was submitted in time: it stays with the way that the payment came.
    service.wait("P30D").await;
    assert_eq!(service.refund(&refund, "approve", json!({})).await["status"], "approved");
    let listed = service.read("finance", "/v1/accounts/ann/refunds").await;
    assert_eq!(listed["items"][0]["channel"], "original");
    // A query of the past is judged then.
    let path = "/v1/accounts/ann/refund-eligibility?order_id=order-2&as_of=2026-09-29T00:00:00Z";
    assert_eq!(service.read("finance", path).await["items"][0]["channel"], "original");
}

#[tokio::test(flavor = "multi_thread")]
async fn z7_nothing_is_approved_while_evidence_is_missing() {
    let service = with_order().await;
    let refund = service.ask_back("order-1", "change_of_mind", &[]).await;
    assert_eq!(refund["missing"], json!(["payment_proof", "identity"]));
    let approve = refund_path(&refund, "approve");
    let problem = service.refused("finance", &approve, json!({}), 409, "evidence_missing", "Z7").await;
    assert_eq!(problem["missing"], json!(["payment_proof", "identity"]));
    let body = json!({ "evidence": evidence(&["payment_proof"]) });
    let added = service.done("support", &refund_path(&refund, "evidence"), body).await;
    assert_eq!(added["missing"], json!(["identity"]));
    let problem = service.refused("finance", &approve, json!({}), 409, "evidence_missing", "Z7").await;
    assert_eq!(problem["missing"], json!(["identity"]));
    let body = json!({ "evidence": evidence(&["identity"]) });
    let added = service.done("support", &refund_path(&refund, "evidence"), body).await;
    assert_eq!((&added["missing"], &added["status"]), (&json!([]), &json!("requested")));
    let approved = service.refund(&refund, "approve", json!({})).await;
    assert_eq!((&approved["status"], &approved["amount"]), (&json!("approved"), &dollars("20.00")));
    assert_eq!(service.balance("ann").await["balance"]["posted"], "0");
    let paid = service.refund(&refund, "paid", json!({ "ref": "payout-1" })).await;
    assert_eq!(paid["status"], "paid");
    service.refused("finance", &refund_path(&refund, "paid"), json!({}), 409, "already_decided", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn z7_after_90_days_a_receiving_account_is_needed_too() {
    let service = with_order().await;
    service.at("2026-09-29T00:00:00.000001Z").await;
    let refund = service.ask_back("order-1", "change_of_mind", &BOTH).await;
    let approve = refund_path(&refund, "approve");
    let problem = service.refused("finance", &approve, json!({}), 409, "evidence_missing", "Z7").await;
    assert_eq!(problem["missing"], json!(["receiving_account"]));
    let body = json!({ "evidence": evidence(&["receiving_account"]) });
    service.done("support", &refund_path(&refund, "evidence"), body).await;
    assert_eq!(service.refund(&refund, "approve", json!({})).await["status"], "approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn z8_a_denial_for_fraud_suspends_the_account_in_the_same_step() {
    let service = with_order().await;
    service.open("ben").await;
    service.buy("ben", "order-2", "credits-5", "5.00").await;
    let (refund, other) = (
        service.ask_back("order-1", "change_of_mind", &BOTH).await,
        service.ask_back("order-2", "other", &BOTH).await,
    );
    let denied = service.refund(&refund, "deny", json!({ "reason": "fraud" })).await;
    assert_eq!((&denied["status"], &denied["reason"]), (&json!("denied"), &json!("fraud")));
    assert!(denied["freeze_id"].is_string(), "{denied}");
    let call = json!({
        "request_id": "r-1", "model": "gemini-3-pro", "endpoint": "chat/completions", "usage": { "input_tokens": 1 },
    });
    let problem =
        service.refused("proxy", "/v1/accounts/ann/debits", call.clone(), 423, "account_frozen", "").await;
    assert_eq!(problem["reason"], "fraud");
    let listed = service.read("auditor", "/v1/accounts/ann/refunds").await;
    assert_eq!(listed["items"][0]["decision"]["reason"], "fraud");
    assert_eq!(listed["items"][0]["decision"]["by"], "finance");
    // Any other denial leaves the account as it is.
    service.refund(&other, "deny", json!({ "reason": "not_convincing" })).await;
    service.done("proxy", "/v1/accounts/ben/debits", call).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn z9_an_account_ended_for_violations_is_reviewed_with_denial_as_the_default() {
    let service = with_order().await;
    service.open("ben").await;
    service.buy("ben", "order-2", "credits-5", "5.00").await;
    let close = json!({ "by": "operator", "reason": "violations" });
    service.done("admin", "/v1/accounts/ann/close", close).await;
    let judged = service.eligibility("ann", "order-1", "change_of_mind").await;
    assert_eq!(
        (&judged["eligibility"], &judged["clause"], &judged["default"]),
        (&json!("review"), &json!("Z9"), &json!("deny"))
    );
    let refund = service.ask_back("order-1", "change_of_mind", &BOTH).await;
    assert_eq!((&refund["handling"], &refund["clause"]), (&json!("review"), &json!("Z9")));
    service.refund(&refund, "deny", json!({ "reason": "terminated" })).await;
    // One that its holder closes is not concerned.
    service.done("admin", "/v1/accounts/ben/close", json!({ "by": "holder" })).await;
    let judged = service.eligibility("ben", "order-2", "change_of_mind").await;
    assert_eq!((&judged["clause"], &judged["default"]), (&json!("Z5"), &json!(null)));
}
