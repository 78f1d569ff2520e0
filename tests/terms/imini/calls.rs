//! Calls: what is charged, what returns, what counts as a violation.

use serde_json::{Value, json};

use crate::terms::service::Service;

const DEBITS: &str = "/v1/accounts/alice/debits";

async fn funded() -> Service {
    let imini = Service::start("imini").await;
    imini.open("alice").await;
    let grant = json!({ "source": "compensation", "credits": "10" });
    imini.done("finance", "/v1/accounts/alice/grants", grant).await;
    imini
}

/// A video: 0.7 a second, and 0.1 for the task.
fn video(request: &str, seconds: u64, outcome: &str) -> Value {
    json!({
        "request_id": request, "model": "kling-2.6", "endpoint": "videos",
        "usage": { "video_seconds": seconds, "tasks": 1 }, "outcome": outcome,
    })
}

async fn held(imini: &Service) -> String {
    let hold = json!({
        "request_id": "task", "model": "kling-2.6", "endpoint": "videos", "estimate": { "video_seconds": 10, "tasks": 1 },
    });
    let held = imini.done("proxy", "/v1/accounts/alice/holds", hold).await;
    assert_eq!((&held["amount"], &held["balance"]["available"]), (&json!("7.1"), &json!("2.9")));
    format!("/v1/holds/{}", held["hold_id"].as_str().unwrap())
}

async fn balance(imini: &Service) -> (String, String) {
    let balance = imini.balance("alice").await["balance"].clone();
    let text = |member: &str| balance[member].as_str().unwrap().to_owned();
    (text("available"), text("held"))
}

fn pair(available: &str, held: &str) -> (String, String) {
    (available.to_owned(), held.to_owned())
}

#[tokio::test]
async fn m4_a_failed_task_without_result_releases_its_hold() {
    let imini = funded().await;
    let hold = held(&imini).await;
    let failed = json!({ "usage": { "video_seconds": 4, "tasks": 1 }, "outcome": "failed" });
    let captured = imini.done("proxy", &format!("{hold}/capture"), failed).await;
    assert_eq!((&captured["charged"], &captured["released"]), (&json!("0"), &json!("7.1")));
    assert_eq!(balance(&imini).await, pair("10", "0"));

    let hold = held(&imini).await;
    let voided = imini.done("proxy", &format!("{hold}/void"), json!({ "outcome": "failed" })).await;
    assert_eq!(voided["released"], "7.1");
    assert_eq!(balance(&imini).await, pair("10", "0"));
}

#[tokio::test]
async fn m4_a_partial_result_is_charged_and_stays() {
    let imini = funded().await;
    let hold = held(&imini).await;
    let partial = json!({ "usage": { "video_seconds": 4, "tasks": 1 }, "outcome": "partial" });
    let captured = imini.done("proxy", &format!("{hold}/capture"), partial).await;
    assert_eq!((&captured["charged"], &captured["released"]), (&json!("2.9"), &json!("4.2")));
    let refund = format!("/v1/debits/{}/refund", captured["debit_id"].as_str().unwrap());
    for body in [json!({ "reason": "unhappy" }), json!({ "outcome": "failed" })] {
        imini.refused("finance", &refund, body, 409, "not_eligible", "M4").await;
    }
    let completed = imini.done("proxy", DEBITS, video("r1", 1, "completed")).await;
    let refund = format!("/v1/debits/{}/refund", completed["debit_id"].as_str().unwrap());
    imini.refused("finance", &refund, json!({ "reason": "unhappy" }), 409, "not_eligible", "M4").await;
    assert_eq!(balance(&imini).await, pair("6.3", "0"));
}

#[tokio::test]
async fn m4_what_brought_no_result_after_all_may_return() {
    let imini = funded().await;
    let unknown = imini.done("proxy", DEBITS, video("r1", 2, "usage_unknown")).await;
    let refund = format!("/v1/debits/{}/refund", unknown["debit_id"].as_str().unwrap());
    // Nor may somebody call it complete and refund it.
    imini.refused("finance", &refund, json!({ "outcome": "completed" }), 409, "not_eligible", "M4").await;
    imini.done("finance", &refund, json!({ "outcome": "failed" })).await;
    assert_eq!(balance(&imini).await, pair("10", "0"));
}
