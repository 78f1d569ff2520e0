//! Subscriptions: credits by the period, cancellation, payment.

use serde_json::{Value, json};

use crate::terms::documents::{catalog, publish, with_rate};
use crate::terms::service::Service;

const CALL: &str = "/v1/accounts/alice/debits";
const SUBSCRIBE: &str = "/v1/accounts/alice/subscriptions";

fn payment(id: &str, amount: &str) -> Value {
    json!({
        "provider": "stripe", "payment_id": id, "method": "card", "currency": "USD", "amount": amount,
    })
}

fn plan(plan: &str, payment_id: &str, amount: &str) -> Value {
    json!({ "plan": plan, "payment": payment(payment_id, amount) })
}

fn image(request: &str) -> Value {
    json!({
        "request_id": request, "model": "z-image", "endpoint": "images/generations", "usage": { "images": 1 },
    })
}

async fn available(service: &Service) -> String {
    service.balance("alice").await["balance"]["available"].as_str().unwrap().to_owned()
}

/// Its only subscription.
async fn subscription(service: &Service) -> Value {
    let list = service.read("finance", SUBSCRIBE).await;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{list}");
    items[0].clone()
}

async fn lots(service: &Service) -> Vec<Value> {
    service.read("finance", "/v1/accounts/alice/lots").await["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn i1_each_period_grants_credits_that_end_with_it() {
    let service = Service::start("z-image-ai").await;
    service.open("alice").await;
    service.at("2026-07-31T10:00:00Z").await;

    // Plan and price are the catalog's.
    service.refused("finance", SUBSCRIBE, plan("gold", "pi-1", "9.90"), 422, "unknown_plan", "").await;
    let cheap = plan("basic-monthly", "pi-1", "9.89");
    service.refused("finance", SUBSCRIBE, cheap, 422, "payment_mismatch", "").await;
    service
        .refused("support", SUBSCRIBE, plan("basic-monthly", "pi-1", "9.90"), 403, "forbidden_scope", "")
        .await;
    let subscribed = service.done("finance", SUBSCRIBE, plan("basic-monthly", "pi-1", "9.90")).await;
    assert_eq!(subscribed["period"]["from"], "2026-07-31T10:00:00.000000Z");
    assert_eq!(subscribed["period"]["until"], "2026-08-31T10:00:00.000000Z");
    assert_eq!(subscribed["expires_at"], subscribed["period"]["until"]);
    assert_eq!((&subscribed["credits"], &subscribed["debt_repaid"]), (&json!("300"), &json!("0")));
    // One subscription a plan, and a payment pays once, whoever it is for.
    service
        .refused("finance", SUBSCRIBE, plan("basic-monthly", "pi-2", "9.90"), 409, "already_exists", "")
        .await;
    service.open("bob").await;
    let again = plan("basic-monthly", "pi-1", "9.90");
    let bobs = "/v1/accounts/bob/subscriptions";
    service.refused("finance", bobs, again, 409, "payment_already_used", "").await;
    let mut taken = plan("basic-monthly", "pi-3", "9.90");
    taken["order_id"] = subscribed["order_id"].clone();
    service.refused("finance", bobs, taken, 409, "already_exists", "").await;

    // The credits last until the last instant of the period; then those of the next one are there.
    service.done("proxy", CALL, image("one")).await;
    service.at("2026-08-31T09:59:59.999999Z").await;
    assert_eq!(available(&service).await, "299");
    service.at("2026-08-31T10:00:00Z").await;
    assert_eq!(available(&service).await, "300");
    let all = lots(&service).await;
    assert_eq!((&all[0]["expired"], &all[0]["spent"]), (&json!("299"), &json!("1")));
    assert_eq!(all[1]["expires_at"], "2026-09-30T10:00:00.000000Z");
    // Periods are counted from the first: the end of September does not forget the 31st.
    service.at("2026-09-30T10:00:00Z").await;
    assert_eq!(subscription(&service).await["period"]["until"], "2026-10-31T10:00:00.000000Z");
}

#[tokio::test]
async fn i1_a_plan_may_let_credits_outlast_their_period() {
    let service = Service::start("z-image-ai").await;
    service.open("alice").await;
    service.done("finance", SUBSCRIBE, plan("pro-monthly", "pi-1", "29.90")).await;
    service.at("2026-08-01T00:00:00Z").await;
    assert_eq!(available(&service).await, "2400");
    service.at("2026-08-31T23:59:59.999999Z").await;
    assert_eq!(available(&service).await, "2400");
    service.at("2026-09-01T00:00:00Z").await;
    assert_eq!(available(&service).await, "2400");
    let ends: Vec<Value> = lots(&service).await.iter().map(|lot| lot["expires_at"].clone()).collect();
    let months = ["2026-09-01", "2026-10-01", "2026-11-01"];
    assert_eq!(ends, months.map(|month| json!(format!("{month}T00:00:00.000000Z"))));
}

#[tokio::test]
async fn i1_a_period_that_began_by_itself_is_paid_later() {
    let service = Service::start("z-image-ai").await;
    service.open("alice").await;
    let subscribed = service.done("finance", SUBSCRIBE, plan("basic-monthly", "pi-1", "9.90")).await;
    let pay = format!("/v1/subscriptions/{}/payments", subscribed["subscription_id"].as_str().unwrap());
    let paid = |id: &str| json!({ "payment": payment(id, "9.90") });
    service.refused("finance", &pay, paid("pi-2"), 409, "not_eligible", "I2").await;

    service.at("2026-08-01T00:00:00Z").await;
    let unpaid = subscription(&service).await["unpaid"].clone();
    assert_eq!(unpaid[0]["from"], "2026-08-01T00:00:00.000000Z");
    assert_eq!(unpaid[0]["price"], json!({ "currency": "USD", "amount": "9.90" }));
    let orders = service.read("finance", "/v1/accounts/alice/orders").await["items"].clone();
    assert_eq!((&orders[0]["paid"], &orders[1]["paid"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&orders[1]["order_id"], &orders[1]["plan"]),
        (&unpaid[0]["order_id"], &json!("basic-monthly"))
    );
    // Nothing of it was paid: it has no cost basis, and nothing to refund.
    let refunds = format!("/v1/orders/{}/refund-requests", unpaid[0]["order_id"].as_str().unwrap());
    service.refused("finance", &refunds, json!({ "cause": "other" }), 404, "order_not_found", "").await;
    assert_eq!(lots(&service).await[1].get("cost_basis"), None);
    service.refused("finance", &pay, paid("pi-1"), 409, "payment_already_used", "").await;
    let wrong = json!({ "payment": payment("pi-2", "9.00") });
    service.refused("finance", &pay, wrong, 422, "payment_mismatch", "").await;
    let done = service.done("finance", &pay, paid("pi-2")).await;
    assert_eq!(done["order_id"], unpaid[0]["order_id"]);
    assert_eq!(subscription(&service).await["unpaid"], json!([]));
    let lot = lots(&service).await[1].clone();
    assert_eq!(lot["order_id"], unpaid[0]["order_id"]);
    assert_eq!(lot["cost_basis"], json!({ "currency": "USD", "amount": "9.90" }));
    service.refused("finance", &pay, paid("pi-3"), 409, "not_eligible", "I2").await;
}

#[tokio::test]
async fn i2_cancelling_takes_effect_at_the_end_of_the_period() {
    let service = Service::start("z-image-ai").await;
    service.open("alice").await;
    service.open("bob").await;
    let subscribed = service.done("finance", SUBSCRIBE, plan("pro-monthly", "pi-1", "29.90")).await;
    let cancel = format!("/v1/subscriptions/{}/cancel", subscribed["subscription_id"].as_str().unwrap());
    service.at("2026-07-15T00:00:00Z").await;
    // The holder cancels with a key of the account, and nobody with a key of another one.
    let (_, bobs) = service.world.key("bob").await;
    let refused = service.world.post_as(&bobs, &cancel, "cancel", json!({})).await;
    assert_eq!((refused.status, refused.code()), (403, "forbidden_scope".to_owned()));
    let (_, own) = service.world.key("alice").await;
    let cancelled = service.world.post_as(&own, &cancel, "cancel", json!({})).await.ok().json();
    assert_eq!(cancelled["ends_at"], "2026-08-01T00:00:00.000000Z");
    service.refused("finance", &cancel, json!({}), 409, "already_decided", "").await;
    assert_eq!(subscription(&service).await["status"], "cancelled");

    // It runs to the last instant of its period, and no grant comes after it.
    service.at("2026-07-31T23:59:59.999999Z").await;
    assert_eq!(subscription(&service).await["status"], "cancelled");
    service.at("2026-08-01T00:00:00Z").await;
    let ended = subscription(&service).await;
    assert_eq!((&ended["status"], &ended["end_reason"]), (&json!("ended"), &json!("cancelled")));
    service.refused("finance", &cancel, json!({}), 409, "already_decided", "").await;
    assert_eq!(lots(&service).await.len(), 1);

    // What it had granted is spent until it expires.
    service.done("proxy", CALL, image("one")).await;
    service.at("2026-08-31T23:59:59.999999Z").await;
    assert_eq!(available(&service).await, "1199");
    service.done("proxy", CALL, image("two")).await;
    service.at("2026-09-01T00:00:00Z").await;
    assert_eq!(available(&service).await, "0");
    assert_eq!(lots(&service).await.len(), 1);
    // Once it has ended, the plan can be subscribed to again.
    service.done("finance", SUBSCRIBE, plan("pro-monthly", "pi-2", "29.90")).await;
}

#[tokio::test]
async fn i7_price_changes_reach_subscribers_after_30_days() {
    let service = Service::start("z-image-ai").await;
    service.open("alice").await;
    service.at("2026-07-10T00:00:00Z").await;
    service.done("finance", SUBSCRIBE, plan("basic-monthly", "pi-1", "9.90")).await;
    // Notice is given on 15 July, to be in force at once: for who is subscribed, 30 days later.
    service.at("2026-07-15T00:00:00Z").await;
    let mut dearer = catalog(&service, "z-image-ai").await;
    dearer = with_rate(&dearer, "z-image", "images", "2");
    let plans = dearer["plans"].as_array_mut().unwrap();
    let basic = plans.iter_mut().find(|plan| plan["id"] == "basic-monthly").unwrap();
    basic["price"]["amount"] = json!("12.00");
    assert_eq!(publish(&service, "z-image-ai", "catalogs", dearer).await.status, 201);

    // A new account has the new price at once.
    service.open("bob").await;
    let bobs = "/v1/accounts/bob/subscriptions";
    service
        .refused("finance", bobs, plan("basic-monthly", "pi-2", "9.90"), 422, "payment_mismatch", "")
        .await;
    service.done("finance", bobs, plan("basic-monthly", "pi-2", "12.00")).await;
    let two = service.done("proxy", "/v1/accounts/bob/debits", image("one")).await;
    assert_eq!((&two["charged"], &two["catalog_version"]), (&json!("2"), &json!(2)));

    // Who was subscribed calls and renews at the old one, until the last instant of the notice.
    service.at("2026-08-13T23:59:59.999999Z").await;
    assert_eq!(subscription(&service).await["period"]["price"]["amount"], "9.90");
    let one = service.done("proxy", CALL, image("one")).await;
    assert_eq!((&one["charged"], &one["catalog_version"]), (&json!("1"), &json!(1)));
    service.at("2026-08-14T00:00:00Z").await;
    let two = service.done("proxy", CALL, image("two")).await;
    assert_eq!((&two["charged"], &two["catalog_version"]), (&json!("2"), &json!(2)));
    service.at("2026-09-10T00:00:00Z").await;
    assert_eq!(subscription(&service).await["period"]["price"]["amount"], "12.00");
}

#[tokio::test]
async fn i1_no_period_begins_once_the_service_has_ended() {
    let service = Service::start("z-image-ai").await;
    service.open("alice").await;
    service.done("finance", SUBSCRIBE, plan("basic-monthly", "pi-1", "9.90")).await;
    let body = json!({ "reason": "discontinued", "effective_at": "2026-09-01T00:00:00Z" });
    service.done("admin", "/v1/books/z-image-ai/shutdown", body).await;
    service.at("2026-08-31T23:59:59.999999Z").await;
    assert_eq!(subscription(&service).await["periods"], 2);
    service.at("2026-10-15T00:00:00Z").await;
    let ended = subscription(&service).await;
    assert_eq!((&ended["periods"], &ended["end_reason"]), (&json!(2), &json!("service_ended")));
    assert_eq!(ended["ends_at"], "2026-09-01T00:00:00.000000Z");
}
