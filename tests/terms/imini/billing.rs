//! Statements and their disputes, and claims that are apart from credits.

use serde_json::{Value, json};

use crate::terms::service::Service;

async fn top_up(service: &Service, account: &str) {
    let body = json!({
        "order_id": format!("order-{account}"), "product_id": "credits-100",
        "payment": {
            "provider": "stripe", "payment_id": format!("pi-{account}"), "method": "card", "currency": "USD",
            "amount": "10.00",
        },
    });
    service.done("finance", &format!("/v1/accounts/{account}/top-ups"), body).await;
}

async fn image(service: &Service, account: &str, request: &str) -> Value {
    let body = json!({
        "request_id": request, "model": "seedream-4.5", "endpoint": "images/generations", "usage": { "images": 5 },
    });
    service.done("proxy", &format!("/v1/accounts/{account}/debits"), body).await
}

async fn statements(service: &Service, account: &str) -> Vec<Value> {
    let list = service.read("finance", &format!("/v1/accounts/{account}/statements")).await;
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn m5_statements_are_issued_for_each_month_with_activity() {
    let service = Service::start("imini").await;
    service.open("alice").await;
    service.open("idle").await;
    service.at("2026-07-10T08:00:00Z").await;
    top_up(&service, "alice").await;
    image(&service, "alice", "one").await;
    service.at("2026-07-31T23:59:59.999999Z").await;
    image(&service, "alice", "two").await;
    assert_eq!(statements(&service, "alice").await, Vec::<Value>::new());

    // The statement comes before the first call of the next month.
    service.at("2026-08-01T00:00:00Z").await;
    image(&service, "alice", "three").await;
    let all = statements(&service, "alice").await;
    assert_eq!(all.len(), 1);
    assert_eq!(
        (&all[0]["calls"], &all[0]["charged"], &all[0]["refunded"]),
        (&json!(2), &json!("4"), &json!("0"))
    );
    assert_eq!(all[0]["from"], "2026-07-01T00:00:00.000000Z");
    assert_eq!(all[0]["until"], "2026-08-01T00:00:00.000000Z");
    assert_eq!(all[0]["closing"]["available"], "96");
    assert_eq!(all[0]["status"], "issued");

    // Call by call, with its lines, page by page.
    let path = format!("/v1/statements/{}", all[0]["statement_id"].as_str().unwrap());
    let whole = service.read("finance", &path).await;
    let requests: Vec<&str> =
        whole["items"].as_array().unwrap().iter().map(|call| call["request_id"].as_str().unwrap()).collect();
    assert_eq!(requests, ["one", "two"]);
    assert_eq!(whole["items"][0]["lines"][0]["rate"], "0.4");
    let first = service.read("finance", &format!("{path}?limit=1")).await;
    assert_eq!(first["items"], json!([whole["items"][0]]));
    let next = first["next"].as_str().unwrap();
    let second = service.read("finance", &format!("{path}?limit=1&cursor={next}")).await;
    assert_eq!(second["items"], json!([whole["items"][1]]));
    assert_eq!(second.get("next"), None);

    // August has a statement of its own, September nothing to state; an account that moves nothing never has one.
    service.at("2026-11-15T00:00:00Z").await;
    let all = statements(&service, "alice").await;
    let months: Vec<&str> = all.iter().map(|statement| &statement["from"].as_str().unwrap()[..7]).collect();
    assert_eq!(months, ["2026-07", "2026-08"]);
    assert_eq!(all[1]["calls"], 1);
    assert_eq!(statements(&service, "idle").await, Vec::<Value>::new());
    let unknown = service.world.get("finance", "/v1/statements/alice.t0").await;
    assert_eq!((unknown.status, unknown.code()), (404, "statement_not_found".to_owned()));
}

#[tokio::test]
async fn m5_a_bill_is_disputed_within_30_days_or_stands() {
    let service = Service::start("imini").await;
    let mut bills = Vec::new();
    for account in ["alice", "bob"] {
        service.open(account).await;
        top_up(&service, account).await;
    }
    let call = image(&service, "alice", "one").await;
    service.at("2026-08-01T00:00:00Z").await;
    for account in ["alice", "bob"] {
        bills.push(statements(&service, account).await[0]["statement_id"].clone());
    }
    let dispute = |bill: &Value| json!({ "statement_id": bill, "reason": "not_mine", "ref": "ticket-1" });
    // Bills are disputed here, not calls.
    let call = json!({ "debit_id": call["debit_id"], "reason": "not_mine" });
    service.refused("support", "/v1/disputes", call, 409, "not_eligible", "M5").await;
    let unknown = json!({ "statement_id": "alice.t0", "reason": "not_mine" });
    service.refused("support", "/v1/disputes", unknown, 404, "statement_not_found", "").await;

    // Day 30, to the instant.
    service.at("2026-08-31T00:00:00Z").await;
    let opened = service.done("support", "/v1/disputes", dispute(&bills[0])).await;
    assert_eq!(opened["statement_id"], bills[0]);
    service.refused("support", "/v1/disputes", dispute(&bills[0]), 409, "already_exists", "").await;
    assert_eq!(statements(&service, "bob").await[0]["status"], "issued");
    service.at("2026-08-31T00:00:00.000001Z").await;
    let late =
        service.refused("support", "/v1/disputes", dispute(&bills[1]), 409, "window_closed", "M5").await;
    assert_eq!(late["until"], "2026-08-31T00:00:00.000000Z");
    // One that nobody disputed is final; one that is disputed waits for the outcome.
    let bobs = statements(&service, "bob").await[0].clone();
    assert_eq!(
        (&bobs["status"], &bobs["final_at"]),
        (&json!("final"), &json!("2026-08-31T00:00:00.000001Z"))
    );
    assert_eq!(statements(&service, "alice").await[0]["status"], "disputed");

    service.at("2026-09-20T00:00:00Z").await;
    let resolve = format!("/v1/disputes/{}/resolve", opened["dispute_id"].as_str().unwrap());
    service.refused("finance", &resolve, json!({ "outcome": "credited" }), 422, "invalid_amount", "").await;
    let done = service.done("finance", &resolve, json!({ "outcome": "credited", "credits": "1.5" })).await;
    assert_eq!(done["credits"], "1.5");
    let lots = service.read("finance", "/v1/accounts/alice/lots").await;
    assert_eq!(lots["items"][1]["source"], "compensation");
    assert_eq!(lots["items"][1]["lot_id"], done["lot_id"]);
    assert_eq!(service.balance("alice").await["balance"]["available"], "99.5");
    service.refused("finance", &resolve, json!({ "outcome": "rejected" }), 409, "already_decided", "").await;
    service.wait("PT1S").await;
    let alices = statements(&service, "alice").await[0].clone();
    assert_eq!(
        (&alices["status"], &alices["final_at"]),
        (&json!("final"), &json!("2026-09-20T00:00:00.000000Z"))
    );
    let disputes = service.read("finance", "/v1/accounts/alice/disputes").await;
    assert_eq!(
        (&disputes["items"][0]["status"], &disputes["items"][0]["ref"]),
        (&json!("credited"), &json!("ticket-1"))
    );
}

#[tokio::test]
async fn m11_compensation_is_a_receivable_apart_from_credits() {
    let service = Service::start("imini").await;
    service.open("alice").await;
    top_up(&service, "alice").await;
    let before = service.balance("alice").await["balance"].clone();
    let claims = "/v1/accounts/alice/compensation-claims";
    let body = |amount: &str| json!({ "amount": { "currency": "USD", "amount": amount }, "reason": "damages", "ref": "case-1" });
    service.refused("support", claims, body("250.00"), 403, "forbidden_scope", "").await;
    service.refused("finance", claims, body("0.00"), 422, "invalid_amount", "").await;
    service.refused("finance", claims, body("250.001"), 422, "invalid_amount", "").await;
    let claimed = service.done("finance", claims, body("250.00")).await;
    let waived = service.done("finance", claims, body("1.00")).await;
    // It is owed in money: the credits are what they were, and calls go on.
    assert_eq!(service.balance("alice").await["balance"], before);
    image(&service, "alice", "one").await;
    // The end of the account is no end to what is owed.
    service.done("admin", "/v1/accounts/alice/close", json!({ "by": "holder" })).await;
    let settle =
        |claim: &Value| format!("/v1/compensation-claims/{}/settle", claim["claim_id"].as_str().unwrap());
    service.done("finance", &settle(&claimed), json!({ "outcome": "paid", "ref": "wire-1" })).await;
    service
        .refused("finance", &settle(&claimed), json!({ "outcome": "waived" }), 409, "already_decided", "")
        .await;
    service.done("finance", &settle(&waived), json!({ "outcome": "waived" })).await;
    let list = service.read("finance", claims).await;
    let statuses: Vec<&Value> =
        list["items"].as_array().unwrap().iter().map(|claim| &claim["status"]).collect();
    assert_eq!(statuses, ["paid", "waived"]);
    assert_eq!(list["items"][0]["amount"], json!({ "currency": "USD", "amount": "250.00" }));
    let unknown = "/v1/compensation-claims/alice.c0/settle";
    service.refused("finance", unknown, json!({ "outcome": "paid" }), 404, "claim_not_found", "").await;
}
