//! Who may do what: regions, ages, rewards, keys, liability, corrections.

use serde_json::{Value, json};

use crate::terms::service::Service;

const DEBITS: &str = "/v1/accounts/alice/debits";
const CAP: &str = "/v1/accounts/alice/liability-cap";

/// An image of nano-banana-2 costs half a credit.
fn images(request: &str, count: u64) -> Value {
    json!({
        "request_id": request, "model": "nano-banana-2", "endpoint": "images/generations", "usage": { "images": count },
    })
}

fn top_up(order: &str, product: &str, amount: &str) -> Value {
    json!({
        "order_id": order, "product_id": product,
        "payment": {
            "provider": "stripe", "payment_id": format!("pay-{order}"), "method": "card", "currency": "USD", "amount": amount,
        },
    })
}

async fn account(imini: &Service) -> Value {
    imini.read("finance", "/v1/accounts/alice").await
}

async fn with_a_line(limit: &str) -> Service {
    let imini = Service::start("imini").await;
    imini.open("alice").await;
    let line = "/v1/accounts/alice/credit-line";
    imini.refused("support", line, json!({ "limit": limit }), 403, "forbidden_scope", "").await;
    let set = imini.done("finance", line, json!({ "limit": limit })).await;
    assert_eq!(set["credit_limit"], limit);
    imini
}

#[tokio::test]
async fn m6_a_balance_goes_down_to_the_line_and_no_further() {
    let imini = with_a_line("5").await;
    imini.done("proxy", DEBITS, images("r1", 9)).await;
    let seen = account(&imini).await;
    assert_eq!((&seen["balance"]["available"], &seen["balance"]["debt"]), (&json!("-4.5"), &json!("4.5")));
    assert_eq!(seen["overdue"], false);
    let refused = imini.refused("proxy", DEBITS, images("r2", 2), 402, "insufficient_credits", "").await;
    assert_eq!((&refused["available"], &refused["required"]), (&json!("0.5"), &json!("1")));
    imini.done("proxy", DEBITS, images("r3", 1)).await;
    assert_eq!(account(&imini).await["balance"]["available"], "-5");
}

#[tokio::test]
async fn m6_debt_is_overdue_after_14_days_and_a_top_up_restores_the_service() {
    let imini = with_a_line("20").await;
    imini.done("proxy", DEBITS, images("r1", 4)).await;
    imini.wait("P10D").await;
    // More debt does not begin the time again.
    imini.done("proxy", DEBITS, images("r2", 4)).await;
    imini.wait("P4D").await;
    // The last instant.
    imini.done("proxy", DEBITS, images("r3", 1)).await;
    assert_eq!(account(&imini).await["overdue"], false);

    imini.at("2026-07-15T00:00:00.000001Z").await;
    let seen = account(&imini).await;
    assert_eq!((&seen["overdue"], &seen["due_at"]), (&json!(true), &json!("2026-07-15T00:00:00.000000Z")));
    let refused = imini.refused("proxy", DEBITS, images("r4", 1), 402, "overdue", "M6").await;
    assert_eq!(
        (&refused["debt"], &refused["due_at"]),
        (&json!("4.5"), &json!("2026-07-15T00:00:00.000000Z"))
    );
    let hold = json!({
        "request_id": "h", "model": "nano-banana-2", "endpoint": "images/generations", "estimate": { "images": 1 },
    });
    imini.refused("proxy", "/v1/accounts/alice/holds", hold, 402, "overdue", "M6").await;

    // A top-up repays first; what is left of it is the holder's.
    imini.done("finance", "/v1/accounts/alice/top-ups", top_up("o1", "credits-100", "10.00")).await;
    let seen = account(&imini).await;
    assert_eq!((&seen["overdue"], &seen["balance"]["debt"]), (&json!(false), &json!("0")));
    assert_eq!(seen["balance"]["available"], "95.5");
    imini.done("proxy", DEBITS, images("r4", 1)).await;
}

#[tokio::test]
async fn m6_a_hold_that_was_placed_before_still_settles_while_overdue() {
    let imini = with_a_line("20").await;
    imini.done("proxy", DEBITS, images("r1", 4)).await;
    imini.at("2026-07-14T23:30:00Z").await;
    let hold = json!({
        "request_id": "h", "model": "nano-banana-2", "endpoint": "images/generations", "estimate": { "images": 6 },
    });
    let held = imini.done("proxy", "/v1/accounts/alice/holds", hold).await;
    let hold = format!("/v1/holds/{}", held["hold_id"].as_str().unwrap());
    imini.at("2026-07-15T00:00:01Z").await;
    let more = json!({ "estimate": { "images": 8 } });
    imini.refused("proxy", &format!("{hold}/extend"), more, 402, "overdue", "M6").await;
    let captured = imini.done("proxy", &format!("{hold}/capture"), json!({ "usage": { "images": 6 } })).await;
    assert_eq!((&captured["charged"], &captured["debt"]), (&json!("3"), &json!("3")));
    // Part of it repaid is not enough.
    let events = imini.read("auditor", "/v1/accounts/alice/events").await;
    let overdue = events["items"].as_array().unwrap().iter().filter(|event| event["type"] == "debt_overdue");
    assert_eq!(overdue.count(), 1);
}

#[tokio::test]
async fn m10_the_fees_of_the_twelve_months_before() {
    let imini = Service::start("imini").await;
    imini.open("alice").await;
    let nothing = imini.read("finance", CAP).await;
    assert_eq!(
        (&nothing["cap"], &nothing["caps"]),
        (&json!({ "currency": "USD", "amount": "0.00" }), &json!([]))
    );
    imini.done("finance", "/v1/accounts/alice/top-ups", top_up("o1", "credits-100", "10.00")).await;
    imini.wait("P30D").await;
    imini.done("finance", "/v1/accounts/alice/top-ups", top_up("o2", "credits-550", "50.00")).await;
    let cap = imini.read("finance", CAP).await;
    assert_eq!(
        (&cap["cap"]["amount"], &cap["clause"], &cap["months"]),
        (&json!("60.00"), &json!("M10"), &json!(12))
    );
    // What it was on another day.
    let before = imini.read("finance", &format!("{CAP}?at=2026-07-30T23:59:59.999999Z")).await;
    assert_eq!(before["cap"]["amount"], "10.00");
    imini.at("2027-07-01T00:00:00Z").await;
    assert_eq!(imini.read("finance", CAP).await["cap"]["amount"], "60.00");
    imini.at("2027-07-01T00:00:00.000001Z").await;
    let cap = imini.read("finance", CAP).await;
    assert_eq!((&cap["cap"]["amount"], &cap["payments"][0]["order_id"]), (&json!("50.00"), &json!("o2")));
    let key = imini.world.get("proxy", CAP).await;
    assert_eq!(key.code(), "forbidden_scope");
}
