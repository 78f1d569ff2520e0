//! Who may do what: regions, ages, rewards, keys, liability, corrections.

use serde_json::{Value, json};

use crate::terms::service::Service;

const CALL: &str = "/v1/accounts/alice/debits";

fn opening(account: &str, region: &str) -> Value {
    json!({
        "account_id": account, "region": region,
        "attestations": { "age_at_least": 21, "accurate_information": true, "not_sanctioned": true },
    })
}

/// A million tokens of gemini-3-pro cost 2 credits.
fn debit(request: &str, tokens: u64) -> Value {
    json!({ "request_id": request, "model": "gemini-3-pro", "endpoint": "chat/completions", "usage": { "input_tokens": tokens } })
}

fn top_up(order: &str) -> Value {
    json!({
        "order_id": order, "product_id": "credits-5",
        "payment": { "provider": "stripe", "payment_id": format!("pay-{order}"), "method": "card", "currency": "USD", "amount": "5.00" },
    })
}

async fn funded() -> Service {
    let zivv = Service::start("zivv").await;
    zivv.open("alice").await;
    zivv.done("finance", "/v1/accounts/alice/top-ups", top_up("o1")).await;
    zivv
}

async fn available(zivv: &Service) -> String {
    zivv.balance("alice").await["balance"]["available"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn z2_usage_is_rated_from_the_catalog_in_force_and_never_returned() {
    let zivv = funded().await;
    let debited = zivv.done("proxy", CALL, debit("r1", 1_000_000)).await;
    assert_eq!((debited["charged"].as_str(), debited["refunded"].as_str()), (Some("2"), Some("0")));
    let refund = format!("/v1/debits/{}/refund", debited["debit_id"].as_str().unwrap());
    for body in [json!({ "reason": "goodwill" }), json!({ "outcome": "failed" })] {
        zivv.refused("finance", &refund, body, 409, "not_eligible", "Z2").await;
    }
    assert_eq!(available(&zivv).await, "3");
}

#[tokio::test]
async fn z2_a_correction_is_an_adjustment_of_two_persons() {
    let zivv = funded().await;
    let adjust = "/v1/accounts/alice/adjust";
    zivv.refused(
        "support",
        adjust,
        json!({ "credits": "1", "reason": "overcharged" }),
        403,
        "forbidden_scope",
        "",
    )
    .await;
    zivv.refused(
        "finance",
        adjust,
        json!({ "credits": "0", "reason": "overcharged" }),
        422,
        "invalid_amount",
        "",
    )
    .await;

    let asked = zivv.ask("finance", adjust, json!({ "credits": "1.5", "reason": "overcharged" })).await;
    assert_eq!((asked.status, asked.text("status")), (202, "pending".to_owned()));
    assert_eq!(available(&zivv).await, "5", "it waits");
    let approve = format!("/v1/approvals/{}/approve", asked.text("approval_id"));
    zivv.refused("finance", &approve, json!({}), 403, "same_person", "").await;
    let approved = zivv.done("finance2", &approve, json!({})).await;
    assert_eq!((approved["status"].as_str(), approved["credits"].as_str()), (Some("approved"), Some("1.5")));
    assert_eq!(available(&zivv).await, "6.5");
    zivv.refused("admin", &approve, json!({}), 409, "already_decided", "").await;

    let less =
        zivv.done("finance2", adjust, json!({ "credits": "-6.500000001", "reason": "undercharged" })).await;
    let approve = format!("/v1/approvals/{}/approve", less["approval_id"].as_str().unwrap());
    let refused = zivv.refused("finance", &approve, json!({}), 402, "insufficient_credits", "").await;
    assert_eq!(
        (refused["available"].as_str(), refused["required"].as_str()),
        (Some("6.5"), Some("6.500000001"))
    );
    let reject = approve.replace("/approve", "/reject");
    let rejected = zivv.done("finance2", &reject, json!({})).await;
    assert_eq!(rejected["status"], "rejected");
    zivv.refused("finance", &approve, json!({}), 409, "already_decided", "").await;

    let less = zivv.done("finance", adjust, json!({ "credits": "-5.5", "reason": "undercharged" })).await;
    let approve = format!("/v1/approvals/{}/approve", less["approval_id"].as_str().unwrap());
    zivv.done("finance2", &approve, json!({})).await;
    assert_eq!(available(&zivv).await, "1");

    let known = zivv.read("auditor", "/v1/accounts/alice/approvals").await;
    let states: Vec<_> =
        known["items"].as_array().unwrap().iter().map(|item| item["status"].clone()).collect();
    assert_eq!(states, ["approved", "rejected", "approved"]);
    // What was corrected is no grant that somebody made alone, and no grant may claim to be one.
    let grant = json!({ "source": "adjustment", "credits": "1" });
    zivv.refused("finance", "/v1/accounts/alice/grants", grant, 422, "source_not_allowed", "").await;
}

#[tokio::test]
async fn z2_a_grant_by_hand_waits_above_the_threshold_and_not_at_it() {
    let zivv = funded().await;
    let grants = "/v1/accounts/alice/grants";
    let at = zivv.ask("finance", grants, json!({ "source": "manual", "credits": "1000" })).await;
    assert_eq!(at.status, 201);
    let above = zivv
        .ask(
            "finance",
            grants,
            json!({ "source": "manual", "credits": "1000.000000001", "reason": "goodwill" }),
        )
        .await;
    assert_eq!((above.status, above.json()["pending"].clone()), (202, json!(true)));
    let batch = json!([{
        "op": "grant", "idempotency_key": "in-a-batch", "account_id": "alice",
        "body": { "source": "manual", "credits": "2000" },
    }]);
    let results = zivv.world.batch("finance", batch).await;
    assert_eq!(
        (results[0]["status"].as_u64(), results[0]["body"]["status"].as_str()),
        (Some(202), Some("pending"))
    );
    assert_eq!(available(&zivv).await, "1005");
    let approve = format!("/v1/approvals/{}/approve", above.text("approval_id"));
    zivv.refused("finance", &approve, json!({}), 403, "same_person", "").await;
    zivv.done("finance2", &approve, json!({})).await;
    assert_eq!(available(&zivv).await, "2005.000000001");
    let unknown = "/v1/approvals/alice.p0/approve";
    zivv.refused("finance", unknown, json!({}), 404, "approval_not_found", "").await;
}

#[tokio::test]
async fn z3_a_call_beyond_the_balance_is_refused_and_records_nothing() {
    let zivv = funded().await;
    let before = zivv.balance("alice").await;
    // 2,500,000 tokens cost all there is; 500 more cost 0.001 too much.
    let refused = zivv.refused("proxy", CALL, debit("r1", 2_500_500), 402, "insufficient_credits", "").await;
    assert_eq!((refused["available"].as_str(), refused["required"].as_str()), (Some("5"), Some("5.001")));
    let hold = json!({ "request_id": "r2", "model": "gemini-3-pro", "endpoint": "chat/completions", "estimate": { "input_tokens": 2_500_500 } });
    zivv.refused("proxy", "/v1/accounts/alice/holds", hold, 402, "insufficient_credits", "").await;
    let after = zivv.balance("alice").await;
    assert_eq!((&after["balance"], &after["revision"]), (&before["balance"], &before["revision"]));
    zivv.done("proxy", CALL, debit("r3", 2_500_000)).await;
    assert_eq!(available(&zivv).await, "0");
}

#[tokio::test]
async fn z3_forty_calls_at_once_on_a_balance_for_one() {
    let zivv = std::sync::Arc::new(funded().await);
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..40 {
        let zivv = std::sync::Arc::clone(&zivv);
        calls.spawn(async move { zivv.ask("proxy", CALL, debit(&format!("r{number}"), 1_500_000)).await });
    }
    let replies = calls.join_all().await;
    let accepted = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(accepted, 1);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!((reply.status, reply.code()), (402, "insufficient_credits".to_owned()));
    }
    assert_eq!(available(&zivv).await, "2");
    let listed = zivv.read("finance", "/v1/accounts/alice/calls").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn z12_a_barred_region_may_not_open_and_its_neighbours_may() {
    let zivv = Service::start("zivv").await;
    let accounts = "/v1/books/zivv/accounts";
    let refused = zivv.refused("support", accounts, opening("cn", "CN"), 403, "region_barred", "Z12").await;
    assert_eq!(refused["region"], "CN");
    for region in ["HK", "MO", "TW"] {
        zivv.done("support", accounts, opening(region, region)).await;
    }
    let nowhere = json!({ "account_id": "x", "attestations": { "age_at_least": 21, "accurate_information": true, "not_sanctioned": true } });
    let refused = zivv.refused("support", accounts, nowhere, 403, "attestation_missing", "Z12").await;
    assert_eq!(refused["missing"], json!(["region"]));

    let mut silent = opening("x", "DE");
    silent["attestations"].as_object_mut().unwrap().remove("not_sanctioned");
    let refused = zivv.refused("support", accounts, silent, 403, "attestation_missing", "Z12").await;
    assert_eq!(refused["missing"], json!(["not_sanctioned"]));
    let mut sanctioned = opening("x", "DE");
    sanctioned["attestations"]["not_sanctioned"] = json!(false);
    zivv.refused("support", accounts, sanctioned, 403, "party_barred", "Z12").await;
    // None of these was recorded.
    zivv.done("support", accounts, opening("x", "DE")).await;
}

#[tokio::test]
async fn z12_a_move_to_a_barred_region_ends_topping_up_and_calling() {
    let zivv = funded().await;
    let hold = json!({ "request_id": "h", "model": "gemini-3-pro", "endpoint": "chat/completions", "estimate": { "input_tokens": 1_000_000 } });
    let held = zivv.done("proxy", "/v1/accounts/alice/holds", hold.clone()).await;
    let second = zivv.done("proxy", "/v1/accounts/alice/holds", hold.clone()).await;
    let region = "/v1/accounts/alice/region";
    zivv.refused("proxy", region, json!({ "region": "CN" }), 403, "forbidden_scope", "").await;
    let changed = zivv.done("support", region, json!({ "region": "CN" })).await;
    assert_eq!(changed["region"], "CN");
    assert_eq!(zivv.read("auditor", "/v1/accounts/alice").await["region"], "CN");

    zivv.refused("finance", "/v1/accounts/alice/top-ups", top_up("o2"), 403, "region_barred", "Z12").await;
    zivv.refused("proxy", CALL, debit("r1", 1), 403, "region_barred", "Z12").await;
    zivv.refused("proxy", "/v1/accounts/alice/holds", hold, 403, "region_barred", "Z12").await;
    let hold =
        |answer: &Value, what: &str| format!("/v1/holds/{}/{what}", answer["hold_id"].as_str().unwrap());
    let more = json!({ "estimate": { "input_tokens": 2_000_000 } });
    zivv.refused("proxy", &hold(&held, "extend"), more, 403, "region_barred", "Z12").await;
    // What was under way still settles.
    let usage = json!({ "usage": { "input_tokens": 500_000 } });
    assert_eq!(zivv.done("proxy", &hold(&held, "capture"), usage).await["charged"], "1");
    zivv.done("proxy", &hold(&second, "void"), json!({ "outcome": "failed" })).await;
    assert_eq!(available(&zivv).await, "4");

    zivv.done("support", region, json!({ "region": "HK" })).await;
    zivv.done("proxy", CALL, debit("r2", 1_000_000)).await;
}

#[tokio::test]
async fn z13_the_age_of_the_region_and_accurate_information_are_attested() {
    let zivv = Service::start("zivv").await;
    let accounts = "/v1/books/zivv/accounts";
    let aged = |account: &str, region: &str, age: u8| {
        let mut body = opening(account, region);
        body["attestations"]["age_at_least"] = json!(age);
        body
    };
    for (region, age) in [("DE", 18), ("KR", 19), ("NZ", 20), ("SG", 21)] {
        let young = aged(region, region, age - 1);
        let refused = zivv.refused("support", accounts, young, 403, "attestation_missing", "Z13").await;
        assert_eq!(refused["missing"], json!(["age_at_least"]), "{region}");
        zivv.done("support", accounts, aged(region, region, age)).await;
    }
    let mut body = opening("x", "DE");
    body["attestations"]["accurate_information"] = json!(false);
    let refused = zivv.refused("support", accounts, body, 403, "attestation_missing", "Z13").await;
    assert_eq!(refused["missing"], json!(["accurate_information"]));
    let bare = json!({ "account_id": "x", "region": "DE" });
    let refused = zivv.refused("support", accounts, bare, 403, "attestation_missing", "Z13").await;
    assert_eq!(refused["missing"], json!(["age_at_least", "accurate_information", "not_sanctioned"]));

    let opened = zivv.done("support", accounts, opening("x", "DE")).await;
    assert_eq!(opened["terms_version"], "2026-05-06", "the version that is in force");
    assert_eq!(opened["attestations"]["age_at_least"], 21);
}

#[tokio::test]
async fn z14_the_fees_of_the_three_months_before_the_event() {
    let zivv = Service::start("zivv").await;
    zivv.open("alice").await;
    let cap = "/v1/accounts/alice/liability-cap";
    // The last day of a month: three months before 31 May it is 28 February.
    zivv.at("2027-02-28T00:00:00Z").await;
    zivv.done("finance", "/v1/accounts/alice/top-ups", top_up("o1")).await;
    zivv.wait("P1D").await;
    zivv.done("finance", "/v1/accounts/alice/top-ups", top_up("o2")).await;
    zivv.at("2027-06-01T00:00:00Z").await;
    for (at, amount, orders) in [
        ("2027-05-28T00:00:00Z", "10.00", 2),
        ("2027-05-31T00:00:00Z", "10.00", 2),
        ("2027-05-31T00:00:00.000001Z", "5.00", 1),
        ("2027-06-01T00:00:00Z", "5.00", 1),
        ("2027-02-28T00:00:00Z", "5.00", 1),
        ("2027-02-27T23:59:59Z", "0.00", 0),
    ] {
        let answer = zivv.read("auditor", &format!("{cap}?at={at}")).await;
        assert_eq!(answer["cap"], json!({ "currency": "USD", "amount": amount }), "{at}");
        assert_eq!(answer["payments"].as_array().unwrap().len(), orders, "{at}");
        assert_eq!((&answer["clause"], &answer["months"]), (&json!("Z14"), &json!(3)));
    }
}
