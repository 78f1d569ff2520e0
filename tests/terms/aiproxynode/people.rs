//! Who may do what: regions, ages, rewards, keys, liability, corrections.

use serde_json::{Value, json};

use crate::terms::service::Service;

fn account(id: &str, owner: &str) -> Value {
    json!({ "account_id": id, "owner": owner })
}

#[tokio::test]
async fn a7_a_leaked_key_is_deleted_and_created_again() {
    let service = Service::start("aiproxynode").await;
    service.open("alice").await;
    let (leaked, secret) = service.world.key("alice").await;
    let own = "/v1/accounts/alice/balance";
    assert_eq!(service.world.get_as(&secret, own).await.status, 200);
    service.world.delete("support", &format!("/v1/accounts/alice/keys/{leaked}"), "leaked").await.ok();
    assert_eq!(service.world.get_as(&secret, own).await.code(), "key_revoked");

    let created = service.done("support", "/v1/accounts/alice/keys", json!({})).await;
    assert_ne!(created["key_id"], leaked.as_str());
    let secret = created["secret"].as_str().unwrap();
    assert_eq!(service.world.get_as(secret, own).await.status, 200);
    let keys = service.read("finance", "/v1/accounts/alice/keys").await;
    let states: Vec<_> = keys["items"].as_array().unwrap().iter().map(|key| key["state"].clone()).collect();
    assert_eq!(states, ["revoked", "active"]);
}

#[tokio::test]
async fn a8_campaign_may_be_limited_per_owner() {
    let service = Service::start("aiproxynode").await;
    let accounts = "/v1/books/aiproxynode/accounts";
    // One person may hold several accounts.
    for (id, owner) in [("one", "ann"), ("two", "ann"), ("three", "ben")] {
        service.done("support", accounts, account(id, owner)).await;
    }
    let campaign = |id: &str, once_per: &str| json!({ "id": id, "source": "promotional", "credits": "2", "once_per": once_per, "clause": "A8" });
    for (id, once_per) in [("trial", "owner"), ("spring", "account")] {
        service.done("finance", "/v1/books/aiproxynode/campaigns", campaign(id, once_per)).await;
    }
    let claims = |id: &str| format!("/v1/accounts/{id}/claims");
    let trial = json!({ "campaign": "trial" });
    service.done("finance", &claims("one"), trial.clone()).await;
    service.refused("finance", &claims("two"), trial.clone(), 409, "already_claimed", "A8").await;
    service.done("finance", &claims("three"), trial).await;
    for id in ["one", "two", "three"] {
        service.done("finance", &claims(id), json!({ "campaign": "spring" })).await;
    }
}
