//! Calls: what is charged, what returns, what counts as a violation.

use serde_json::{Value, json};

use crate::terms::service::Service;

const DEBITS: &str = "/v1/accounts/alice/debits";
const VIOLATIONS: &str = "/v1/accounts/alice/violations";

/// One image of z-image costs one credit.
fn images(request: &str, count: u64, outcome: &str) -> Value {
    json!({
        "request_id": request, "model": "z-image", "endpoint": "images/generations",
        "usage": { "images": count }, "outcome": outcome,
    })
}

/// An account with two lots: 3 credits that are spent first, and 100.
async fn funded() -> Service {
    let service = Service::start("z-image-ai").await;
    service.open("alice").await;
    for (source, credits) in [("promotional", "3"), ("compensation", "100")] {
        let grant = json!({ "source": source, "credits": credits });
        service.done("finance", "/v1/accounts/alice/grants", grant).await;
    }
    service
}

async fn available(service: &Service) -> String {
    service.balance("alice").await["balance"]["available"].as_str().unwrap().to_owned()
}

async fn lots(service: &Service) -> Value {
    service.read("finance", "/v1/accounts/alice/lots").await["items"].clone()
}

async fn account(service: &Service) -> Value {
    service.read("finance", "/v1/accounts/alice").await
}

async fn held(service: &Service, images: u64) -> String {
    let hold = json!({
        "request_id": "held", "model": "z-image", "endpoint": "images/generations", "estimate": { "images": images },
    });
    let held = service.done("proxy", "/v1/accounts/alice/holds", hold).await;
    format!("/v1/holds/{}", held["hold_id"].as_str().unwrap())
}

#[tokio::test]
async fn i3_a_blocked_generation_returns_exactly_the_lots_that_were_taken() {
    let service = funded().await;
    let before = lots(&service).await;
    let hold = held(&service, 10).await;
    let usage = json!({ "usage": { "images": 5 }, "outcome": "moderation_blocked" });
    let captured = service.done("proxy", &format!("{hold}/capture"), usage).await;
    assert_eq!((captured["charged"].as_str(), captured["refunded"].as_str()), (Some("0"), Some("5")));
    assert_eq!((&captured["lines"][0]["amount"], &captured["released"]), (&json!("5"), &json!("5")));
    assert_eq!(captured["lots"].as_array().unwrap().len(), 2, "3 of the one and 2 of the other");
    assert_eq!(lots(&service).await, before);

    let debited = service.done("proxy", DEBITS, images("r1", 7, "moderation_blocked")).await;
    assert_eq!((debited["charged"].as_str(), debited["refunded"].as_str()), (Some("0"), Some("7")));
    assert_eq!(lots(&service).await, before);
    // It is a call like others in the history: charged, and returned.
    let calls = service.read("finance", "/v1/accounts/alice/calls").await;
    assert_eq!(
        (calls["items"][1]["charged"].as_str(), calls["items"][1]["refunded"].as_str()),
        (Some("7"), Some("7"))
    );
    let events = service.read("auditor", "/v1/accounts/alice/events").await;
    let last = events["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (last["type"].as_str(), last["payload"]["reason"].as_str()),
        (Some("usage_refunded"), Some("moderation_blocked"))
    );
    // Nothing of it is left to return again, and it is no violation.
    let refund = format!("/v1/debits/{}/refund", debited["debit_id"].as_str().unwrap());
    service.refused("finance", &refund, json!({ "reason": "again" }), 409, "not_eligible", "I3").await;
    assert_eq!(account(&service).await["violations"]["count"], 0);
}

#[tokio::test]
async fn i3_a_late_capture_returns_too_and_what_expired_meanwhile_lapses() {
    let service = funded().await;
    let hold = held(&service, 2).await;
    // The hold has expired; the promotion has not.
    service.wait("PT1H").await;
    let usage = json!({ "usage": { "images": 2 }, "outcome": "moderation_blocked" });
    let late = service.done("proxy", &format!("{hold}/capture"), usage.clone()).await;
    assert_eq!((late["late"].as_bool(), late["refunded"].as_str()), (Some(true), Some("2")));
    assert_eq!(available(&service).await, "103");
    // The last instant of the promotion's 30 days passes while a hold reserves some of it.
    service.at("2026-07-30T23:59:59Z").await;
    let hold = held(&service, 2).await;
    service.wait("PT1S").await;
    service.done("proxy", &format!("{hold}/capture"), usage).await;
    assert_eq!(available(&service).await, "100");
    assert_eq!(lots(&service).await[0]["expired"], "3");
}

#[tokio::test]
async fn i3_an_answer_given_again_is_the_same() {
    let service = funded().await;
    let first = service.world.post("proxy", DEBITS, "twice", images("r1", 5, "moderation_blocked")).await;
    let again = service.world.post("proxy", DEBITS, "twice", images("r1", 5, "moderation_blocked")).await;
    assert_eq!((first.status, &first.body), (201, &again.body));
    assert_eq!(available(&service).await, "103");
}

#[tokio::test]
async fn i4_what_a_violation_spent_stays_spent_whatever_else_is_said() {
    let service = funded().await;
    let debited = service.done("proxy", DEBITS, images("r1", 5, "policy_violation")).await;
    assert_eq!((debited["charged"].as_str(), debited["refunded"].as_str()), (Some("5"), Some("0")));
    let refund = format!("/v1/debits/{}/refund", debited["debit_id"].as_str().unwrap());
    for body in [
        json!({ "outcome": "moderation_blocked" }),
        json!({ "outcome": "failed", "amount": "1" }),
        json!({ "reason": "goodwill" }),
    ] {
        service.refused("finance", &refund, body, 409, "not_eligible", "I4").await;
    }
    // Nor is a call refunded for that reason; for another one it may be.
    let other = service.done("proxy", DEBITS, images("r2", 5, "completed")).await;
    let refund = format!("/v1/debits/{}/refund", other["debit_id"].as_str().unwrap());
    service
        .refused("finance", &refund, json!({ "outcome": "policy_violation" }), 409, "not_eligible", "I4")
        .await;
    service.done("finance", &refund, json!({ "outcome": "moderation_blocked", "amount": "2" })).await;
    assert_eq!(available(&service).await, "95");
}

#[tokio::test]
async fn i12_a_pattern_of_violations_within_30_days_is_reviewed_by_hand() {
    let service = funded().await;
    let first = service.done("proxy", DEBITS, images("r1", 1, "policy_violation")).await;
    let hold = held(&service, 1).await;
    let usage = json!({ "usage": { "images": 1 }, "outcome": "policy_violation" });
    service.done("proxy", &format!("{hold}/capture"), usage).await;
    let seen = account(&service).await;
    assert_eq!((&seen["violations"]["count"], &seen["reviews"]), (&json!(2), &json!([])));
    // The last instant of 30 days after the first one.
    service.wait("P30D").await;
    service.refused("proxy", VIOLATIONS, json!({ "reason": "upload" }), 403, "forbidden_scope", "").await;
    let third = service.done("support", VIOLATIONS, json!({ "reason": "upload", "ref": "case-7" })).await;
    assert_eq!(
        (third["review"]["count"].as_u64(), third["review"]["clause"].as_str()),
        (Some(3), Some("I12"))
    );

    let seen = account(&service).await;
    assert_eq!((&seen["violations"]["count"], &seen["status"]), (&json!(3), &json!("open")));
    assert_eq!(seen["violations"]["last_at"], "2026-07-31T00:00:00.000000Z");
    assert_eq!(
        (&seen["reviews"][0]["status"], &seen["reviews"][0]["reason"]),
        (&json!("open"), &json!("violations"))
    );
    let listed = service.read("finance", VIOLATIONS).await;
    assert_eq!(listed["items"][0]["debit_id"], first["debit_id"]);
    assert_eq!(
        (&listed["items"][2]["reason"], &listed["items"][2]["ref"]),
        (&json!("upload"), &json!("case-7"))
    );

    let close = format!("/v1/reviews/{}/close", seen["reviews"][0]["review_id"].as_str().unwrap());
    service.refused("finance", &close, json!({ "decision": "warned" }), 403, "forbidden_scope", "").await;
    service.done("support", &close, json!({ "decision": "warned" })).await;
    service.refused("support", &close, json!({ "decision": "warned" }), 409, "already_decided", "").await;
    service
        .refused(
            "support",
            "/v1/reviews/alice.w1/close",
            json!({ "decision": "x" }),
            404,
            "review_not_found",
            "",
        )
        .await;
    let seen = account(&service).await;
    assert_eq!(
        (&seen["reviews"][0]["status"], &seen["reviews"][0]["decision"]),
        (&json!("closed"), &json!("warned"))
    );
}

#[tokio::test]
async fn i12_violations_further_apart_are_no_pattern() {
    let service = funded().await;
    for _ in 0..2 {
        service.done("support", VIOLATIONS, json!({ "kind": "upload" })).await;
    }
    service.wait("P30D").await;
    service.wait("PT1S").await;
    service.done("support", VIOLATIONS, json!({ "kind": "upload" })).await;
    let seen = account(&service).await;
    assert_eq!((&seen["violations"]["count"], &seen["reviews"]), (&json!(3), &json!([])));
}

#[tokio::test]
async fn i8_repeated_violations_suspend_and_then_end_the_account_with_its_balance() {
    let service = funded().await;
    let hold = held(&service, 10).await;
    for number in 1..=4 {
        service.done("proxy", DEBITS, images(&format!("r{number}"), 1, "policy_violation")).await;
    }
    assert_eq!(account(&service).await["status"], "open");
    service.done("proxy", DEBITS, images("r5", 1, "policy_violation")).await;
    let seen = account(&service).await;
    assert_eq!((&seen["status"], &seen["measures"][0]["reason"]), (&json!("frozen"), &json!("violations")));
    service.refused("proxy", DEBITS, images("r6", 1, "completed"), 423, "account_frozen", "").await;

    service.done("finance", "/v1/accounts/alice/thaw", json!({ "reason": "second-chance" })).await;
    for number in 6..=9 {
        service.done("proxy", DEBITS, images(&format!("r{number}"), 1, "policy_violation")).await;
    }
    assert_eq!(account(&service).await["status"], "open");
    // Of 103, 9 are spent and 10 held.
    let last = service.done("support", VIOLATIONS, json!({ "reason": "upload" })).await;
    assert_eq!(last["terminated"], true);
    let seen = account(&service).await;
    assert_eq!((&seen["status"], &seen["violations"]["count"]), (&json!("closed"), &json!(10)));
    assert_eq!((&seen["balance"]["available"], &seen["balance"]["held"]), (&json!("0"), &json!("10")));
    service.refused("proxy", DEBITS, images("r10", 1, "completed"), 409, "account_closed", "").await;

    // What the hold releases is forfeited like the rest.
    let usage = json!({ "usage": { "images": 4 } });
    service.done("proxy", &format!("{hold}/capture"), usage).await;
    let sum = |place: &str, lots: &Value| -> u64 {
        let amount = |lot: &Value| lot[place].as_str().unwrap().parse::<u64>().unwrap();
        lots.as_array().unwrap().iter().map(amount).sum()
    };
    let lots = lots(&service).await;
    assert_eq!((sum("spent", &lots), sum("forfeited", &lots), sum("available", &lots)), (13, 90, 0));
    let events = service.read("auditor", "/v1/accounts/alice/events").await;
    let forfeited =
        events["items"].as_array().unwrap().iter().filter(|event| event["type"] == "lot_forfeited");
    assert!(forfeited.clone().count() >= 2);
}
