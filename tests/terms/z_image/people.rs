//! Who may do what: regions, ages, rewards, keys, liability, corrections.

use serde_json::{Value, json};

use crate::terms::service::Service;

const CAP: &str = "/v1/accounts/alice/liability-cap";

fn aged(account: &str, region: Option<&str>, age: u8) -> Value {
    let mut body = json!({ "account_id": account, "attestations": { "age_at_least": age } });
    if let Some(region) = region {
        body["region"] = json!(region);
    }
    body
}

#[tokio::test]
async fn i9_13_or_the_age_of_digital_consent_where_it_is_higher() {
    let service = Service::start("z-image-ai").await;
    let accounts = "/v1/books/z-image-ai/accounts";
    for (region, age) in [("US", 13), ("DE", 16), ("FR", 15), ("AT", 14)] {
        let young = aged(region, Some(region), age - 1);
        let refused = service.refused("support", accounts, young, 403, "attestation_missing", "I9").await;
        assert_eq!(refused["missing"], json!(["age_at_least"]), "{region}");
        service.done("support", accounts, aged(region, Some(region), age)).await;
    }
    // Without a region nobody knows which age it takes.
    let refused =
        service.refused("support", accounts, aged("x", None, 90), 403, "attestation_missing", "I9").await;
    assert_eq!(refused["missing"], json!(["region"]));
}

fn pack(order: &str) -> Value {
    json!({
        "order_id": order, "product_id": "extra-100",
        "payment": {
            "provider": "stripe", "payment_id": format!("pay-{order}"), "method": "card", "currency": "USD", "amount": "4.90",
            "tax": "0.93", "fee": "0.30",
        },
    })
}

#[tokio::test]
async fn i10_twelve_months_of_payments_or_the_floor_where_that_is_more() {
    let service = Service::start("z-image-ai").await;
    service.open("alice").await;
    // Nothing paid: the floor.
    let cap = service.read("finance", CAP).await;
    assert_eq!(
        (&cap["cap"], &cap["floor_applied"]),
        (&json!({ "currency": "USD", "amount": "100.00" }), &json!(true))
    );
    assert_eq!((&cap["clause"], &cap["payments"]), (&json!("I10"), &json!([])));

    service.done("finance", "/v1/accounts/alice/top-ups", pack("small")).await;
    assert_eq!(service.read("finance", CAP).await["cap"]["amount"], "100.00");
    let large = json!({
        "order_id": "large", "product_id": "extra-20000",
        "payment": { "provider": "stripe", "payment_id": "pay-large", "method": "card", "currency": "USD", "amount": "800.00" },
    });
    service.wait("PT1S").await;
    service.done("finance", "/v1/accounts/alice/top-ups", large).await;
    let cap = service.read("finance", CAP).await;
    assert_eq!((&cap["cap"]["amount"], &cap["floor_applied"]), (&json!("804.90"), &json!(false)));

    // To the very instant 12 months later the first payment counts, a second later it does not.
    service.at("2027-07-01T00:00:01Z").await;
    let at = |time: &str| format!("{CAP}?at={time}");
    let edge = service.read("finance", &at("2027-07-01T00:00:00Z")).await;
    assert_eq!(
        (&edge["cap"]["amount"], &edge["from"]),
        (&json!("804.90"), &json!("2026-07-01T00:00:00.000000Z"))
    );
    assert_eq!(edge["payments"][0]["order_id"], "small");
    let past = service.read("finance", &at("2027-07-01T00:00:01Z")).await;
    assert_eq!((&past["cap"]["amount"], past["payments"].as_array().unwrap().len()), (&json!("800.00"), 1));
    service.wait("PT1S").await;
    assert_eq!(service.read("finance", CAP).await["cap"]["amount"], "100.00");
    let future = service.world.get("finance", &at("2027-07-01T00:00:03Z")).await;
    assert_eq!((future.status, future.code()), (422, "invalid_time".to_owned()));
}

#[tokio::test]
async fn i10_the_floor_of_another_currency_is_the_one_that_the_policy_names() {
    let service = Service::start("z-image-ai").await;
    service.open("alice").await;
    let subscribe = json!({
        "plan": "basic-monthly-eur", "order_id": "eur-1",
        "payment": { "provider": "stripe", "payment_id": "pay-eur", "method": "card", "currency": "EUR", "amount": "9.50" },
    });
    service.done("finance", "/v1/accounts/alice/subscriptions", subscribe).await;
    let cap = service.read("finance", CAP).await;
    assert_eq!(cap["cap"], json!({ "currency": "EUR", "amount": "90.00" }));
    service.done("finance", "/v1/accounts/alice/top-ups", pack("usd")).await;
    let caps = service.read("finance", CAP).await["caps"].clone();
    assert_eq!(
        caps,
        json!([{ "currency": "EUR", "amount": "90.00" }, { "currency": "USD", "amount": "100.00" }])
    );
}
