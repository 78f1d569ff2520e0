//! Freezes, closing, breach, appeals.

use serde_json::json;

use crate::terms::service::Service;

const MODEL: &str = "gemini-3-pro";

async fn with_credits() -> Service {
    let service = Service::start("zivv").await;
    service.open("ann").await;
    service.fund("ann", "order-1", "credits-20", "20.00").await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn z10_suspension_for_the_reasons_of_the_terms_and_no_others() {
    let service = with_credits().await;
    let problem = service
        .refused(
            "support",
            "/v1/accounts/ann/freeze",
            json!({ "reason": "mood" }),
            409,
            "reason_not_allowed",
            "Z10",
        )
        .await;
    assert!(problem["allowed"].as_array().unwrap().contains(&json!("upstream")), "{problem}");
    assert_eq!(service.call_refused("ann", MODEL).await, "");
    for reason in ["security", "breach", "law", "upstream"] {
        let frozen = service.measure("ann", "freeze", json!({ "reason": reason })).await;
        assert_eq!((&frozen["scope"], &frozen["reason"]), (&json!("account"), &json!(reason)));
        let refused = service.call("ann", MODEL).await;
        assert_eq!((refused.status, refused.text("reason")), (423, reason.to_owned()));
        let thaw = json!({ "measure_id": frozen["measure_id"], "reason": "resolved" });
        service.done("finance", "/v1/accounts/ann/thaw", thaw).await;
        assert_eq!(service.call_refused("ann", MODEL).await, "", "thaw restores");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z10_advance_notice_is_recorded_and_carried_out_to_the_instant() {
    let service = with_credits().await;
    let body = json!({ "reason": "upstream", "effective_at": "2026-07-03T00:00:00Z" });
    let announced = service.measure("ann", "freeze", body.clone()).await;
    assert!(announced["measure_id"].is_null(), "{announced}");
    let account = service.account("ann").await;
    assert_eq!(account["status"], "open");
    assert_eq!(account["announcements"][0]["announcement_id"], announced["announcement_id"]);
    assert_eq!(account["announcements"][0]["effective_at"], "2026-07-03T00:00:00.000000Z");

    service.at("2026-07-02T23:59:59.999999Z").await;
    assert_eq!(service.call_refused("ann", MODEL).await, "");
    service.at("2026-07-03T00:00:00Z").await;
    assert_eq!(service.call_refused("ann", MODEL).await, "account_frozen");
    let account = service.account("ann").await;
    assert_eq!((&account["status"], &account["announcements"]), (&json!("frozen"), &json!([])));
    assert_eq!(account["measures"][0]["since"], "2026-07-03T00:00:00.000000Z");
    service.done("finance", "/v1/accounts/ann/thaw", json!({ "reason": "resolved" })).await;

    // What is withdrawn before its time does not come, by either way.
    for way in 0..2 {
        let later =
            json!({ "reason": "upstream", "effective_at": format!("2026-07-0{}T00:00:00Z", 5 + way) });
        let announced = service.measure("ann", "freeze", later).await["announcement_id"].clone();
        let (path, body) = match way {
            0 => {
                ("/v1/accounts/ann/thaw".to_owned(), json!({ "measure_id": announced, "reason": "resolved" }))
            }
            _ => {
                let id = announced.as_str().unwrap();
                (format!("/v1/announcements/{id}/withdraw"), json!({ "reason": "resolved" }))
            }
        };
        service.done("finance", &path, body.clone()).await;
        service.refused("finance", &path, body, 404, "announcement_not_found", "").await;
    }
    service.wait("P30D").await;
    assert_eq!(service.call_refused("ann", MODEL).await, "");
    service.refused("support", "/v1/accounts/ann/freeze", body, 422, "invalid_time", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn z11_the_holder_closes_at_any_time() {
    let service = with_credits().await;
    let (_, secret) = service.world.key("ann").await;
    let closed = service.world.post_as(&secret, "/v1/accounts/ann/close", "close", json!({})).await.ok();
    assert_eq!((closed.text("status"), closed.text("by")), ("closed".to_owned(), "holder".to_owned()));
    assert_eq!(service.call_refused("ann", MODEL).await, "account_closed");
    // A request of the holder that staff take in needs no notice either.
    service.open("bob").await;
    service.done("admin", "/v1/accounts/bob/close", json!({ "by": "holder" })).await;
    assert_eq!(service.account("bob").await["status"], "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn z11_the_operator_gives_30_days_notice_but_where_law_forbids() {
    let service = with_credits().await;
    let path = "/v1/accounts/ann/close";
    let close = |at: &str| json!({ "reason": "business", "effective_at": at });
    let problem =
        service.refused("admin", path, json!({ "reason": "business" }), 422, "notice_too_short", "Z11").await;
    assert_eq!(problem["earliest"], "2026-07-31T00:00:00.000000Z");
    service
        .refused("admin", path, close("2026-07-30T23:59:59.999999Z"), 422, "notice_too_short", "Z11")
        .await;
    service.refused("admin", path, close("2026-06-30T00:00:00Z"), 422, "invalid_time", "").await;

    let announced = service.done("admin", path, close("2026-07-31T00:00:00Z")).await;
    assert_eq!(
        (&announced["status"], &announced["closes_at"]),
        (&json!("open"), &json!("2026-07-31T00:00:00.000000Z"))
    );
    assert_eq!(service.account("ann").await["closes_at"], announced["closes_at"]);
    service.refused("admin", path, close("2026-08-31T00:00:00Z"), 409, "already_exists", "").await;
    service.at("2026-07-30T23:59:59.999999Z").await;
    assert_eq!(service.call_refused("ann", MODEL).await, "");
    service.at("2026-07-31T00:00:00Z").await;
    assert_eq!(service.call_refused("ann", MODEL).await, "account_closed");
    let account = service.account("ann").await;
    assert_eq!((&account["status"], &account["closure"]["by"]), (&json!("closed"), &json!("operator")));

    // At once where the law forbids to go on; and a notice can be withdrawn.
    service.open("bob").await;
    let closed = service.done("admin", "/v1/accounts/bob/close", json!({ "reason": "law" })).await;
    assert_eq!(closed["status"], "closed");
    service.open("cat").await;
    let announced = service.done("admin", "/v1/accounts/cat/close", close("2026-09-30T00:00:00Z")).await;
    let id = announced["announcement_id"].as_str().unwrap();
    service
        .done("finance", &format!("/v1/announcements/{id}/withdraw"), json!({ "reason": "changed" }))
        .await;
    service.at("2026-10-01T00:00:00Z").await;
    assert_eq!(service.account("cat").await["status"], "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn z15_a_breach_that_is_cured_in_time_lapses() {
    let service = with_credits().await;
    let body = json!({ "by": "holder", "reason": "resale", "ref": "case-7" });
    let breach = service.measure("ann", "breaches", body).await;
    assert_eq!(breach["cure_until"], "2026-07-31T00:00:00.000000Z");
    let cure = format!("/v1/breaches/{}/cure", breach["breach_id"].as_str().unwrap());
    service.at("2026-07-31T00:00:00Z").await;
    assert_eq!(service.done("support", &cure, json!({ "ref": "case-8" })).await["state"], "cured");
    service.refused("support", &cure, json!({}), 409, "already_decided", "").await;
    service.wait("P30D").await;
    let account = service.account("ann").await;
    assert_eq!((&account["status"], &account["breaches"][0]["state"]), (&json!("open"), &json!("cured")));
}

#[tokio::test(flavor = "multi_thread")]
async fn z15_a_breach_that_is_not_cured_closes_the_account() {
    let service = with_credits().await;
    let holders = service.measure("ann", "breaches", json!({ "by": "holder", "reason": "resale" })).await;
    service.open("bob").await;
    service.measure("bob", "breaches", json!({ "by": "operator", "reason": "outage" })).await;
    service.at("2026-07-31T00:00:00Z").await;
    assert_eq!(service.account("ann").await["status"], "open", "the last instant belongs to the term");
    service.at("2026-07-31T00:00:00.000001Z").await;
    let account = service.account("ann").await;
    assert_eq!((&account["status"], &account["breaches"][0]["state"]), (&json!("closed"), &json!("uncured")));
    // Who is not in breach ends it.
    assert_eq!(account["closure"]["by"], "operator");
    assert_eq!(service.account("bob").await["closure"]["by"], "holder");
    let cure = format!("/v1/breaches/{}/cure", holders["breach_id"].as_str().unwrap());
    let problem = service.refused("support", &cure, json!({}), 409, "window_closed", "Z15").await;
    assert_eq!(problem["until"], "2026-07-31T00:00:00.000000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn z15_a_service_that_ends_sells_nothing_from_its_notice_and_settles_as_the_policy_says() {
    let service = with_credits().await;
    let path = "/v1/books/zivv/shutdown";
    let end = |at: &str| json!({ "reason": "wind_down", "effective_at": at });
    service.refused("admin", path, end("2026-07-30T23:59:59.999999Z"), 422, "notice_too_short", "Z15").await;
    service.done("admin", path, end("2026-07-31T00:00:00Z")).await;
    let payment = json!({
        "provider": "stripe", "payment_id": "pi-late", "method": "card", "currency": "USD", "amount": "5.00",
    });
    let body = json!({ "order_id": "late", "product_id": "credits-5", "payment": payment });
    service.refused("finance", "/v1/accounts/ann/top-ups", body, 409, "service_ending", "Z15").await;
    assert_eq!(service.call_refused("ann", MODEL).await, "", "what was bought is used until the end");
    let left = service.balance("ann").await["balance"]["posted"].clone();
    service.at("2026-07-30T23:59:59.999999Z").await;
    assert_eq!(service.account("ann").await["status"], "open");
    service.at("2026-07-31T00:00:00Z").await;
    let account = service.account("ann").await;
    assert_eq!((&account["status"], &account["closure"]["by"]), (&json!("closed"), &json!("operator")));
    assert_eq!(account["closure"]["reason"], "wind_down");
    // This book keeps what is left for finance to settle.
    assert_eq!(service.balance("ann").await["balance"]["posted"], left);
    assert_eq!(service.call_refused("ann", MODEL).await, "account_closed");
}
