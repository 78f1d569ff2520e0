//! A repeated key: the first answer again, byte by byte, also after a restart; another command under it is refused.

use serde_json::{Value, json};

use super::client::{Reply, World, call, tokens_used};

/// Commands that touch every kind of answer, in an order that works.
fn commands() -> Vec<(&'static str, &'static str, Value)> {
    let payment = json!({
        "provider": "stripe", "payment_id": "pi_1", "method": "card", "currency": "USD", "amount": "10.00",
    });
    vec![
        ("support", "/v1/books/pixapi/accounts", json!({ "account_id": "alice", "owner": "u-1" })),
        (
            "finance",
            "/v1/accounts/alice/top-ups",
            json!({ "order_id": "o", "product_id": "pack-10", "payment": payment }),
        ),
        ("finance", "/v1/accounts/alice/grants", json!({ "source": "signup", "credits": "1" })),
        ("proxy", "/v1/accounts/alice/holds", call("r-1", "estimate", tokens_used(1_000, 10_000))),
        ("proxy", "/v1/holds/alice.h3/extend", json!({ "amount": "0.2" })),
        (
            "proxy",
            "/v1/holds/alice.h3/capture",
            json!({ "usage": tokens_used(10, 10_000), "outcome": "partial" }),
        ),
        ("proxy", "/v1/accounts/alice/holds", call("r-2", "amount", json!("0.1"))),
        ("proxy", "/v1/holds/alice.h6/void", json!({ "outcome": "failed" })),
        ("proxy", "/v1/accounts/alice/debits", call("r-3", "usage", tokens_used(5, 5))),
        ("finance", "/v1/debits/alice.d8/refund", json!({ "reason": "quality" })),
        (
            "support",
            "/v1/accounts/alice/freeze",
            json!({ "scope": "amount", "amount": "1", "reason": "review" }),
        ),
        ("finance", "/v1/accounts/alice/thaw", json!({ "reason": "cleared" })),
        ("finance", "/v1/accounts/alice/credit-line", json!({ "credit_limit": "3" })),
        ("admin", "/v1/accounts/alice/close", json!({ "by": "operator" })),
    ]
}

async fn all(world: &World) -> Vec<Reply> {
    let mut replies = Vec::new();
    for (at, (role, path, body)) in commands().into_iter().enumerate() {
        replies.push(world.post(role, path, &format!("key-{at}"), body).await.ok());
    }
    replies
}

fn same(first: &[Reply], again: &[Reply]) {
    for (first, again) in first.iter().zip(again) {
        assert_eq!((first.status, &first.body), (again.status, &again.body));
        assert_eq!(first.header("idempotent-replayed"), None);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_key_gets_the_same_bytes_also_after_a_restart() {
    let world = World::start().await;
    let first = all(&world).await;
    same(&first, &all(&world).await);
    let events = world.get("auditor", "/v1/events?limit=1000").await.ok().body;
    let world = world.restart().await;
    same(&first, &all(&world).await);
    assert_eq!(
        world.get("auditor", "/v1/events?limit=1000").await.ok().body,
        events,
        "nothing was recorded twice"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_once() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    let issue = || world.post("support", "/v1/accounts/alice/keys", "k-1", json!({}));
    let (first, again) = (issue().await.ok(), issue().await.ok());
    let secret = first.text("secret");
    let mut without = first.json();
    without.as_object_mut().unwrap().remove("secret");
    assert_eq!(again.json(), without);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));

    let rotate = format!("/v1/accounts/alice/keys/{}/rotate", first.text("key_id"));
    let rotated = world.post("support", &rotate, "k-2", json!({})).await.ok();
    let new_secret = rotated.text("secret");
    assert_ne!(new_secret, secret);
    assert_eq!(world.get_as(&secret, "/v1/accounts/alice").await.code(), "key_revoked");
    world.get_as(&new_secret, "/v1/accounts/alice").await.ok();

    let world = world.restart().await;
    assert_eq!(world.get_as(&secret, "/v1/accounts/alice").await.code(), "key_revoked");
    world.get_as(&new_secret, "/v1/accounts/alice").await.ok();
    let log = world.get("auditor", "/v1/events?limit=1000").await.ok();
    let log = String::from_utf8(log.body.to_vec()).unwrap();
    assert!(!log.contains(&secret) && !log.contains(&new_secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_its_command_its_subject_and_its_operation() {
    let world = World::start().await;
    world.account("pixapi", "alice", "10").await;
    world.account("pixapi", "bob", "10").await;
    let debit = |account: &str, request: &str| {
        let (path, body) = (format!("/v1/accounts/{account}/debits"), call(request, "amount", json!("1")));
        let world = &world;
        async move { world.post("proxy", &path, "key", body).await }
    };
    let first = debit("alice", "r-1").await.ok();
    assert_eq!(debit("alice", "r-2").await.code(), "idempotency_key_reused");
    assert_eq!(debit("bob", "r-1").await.code(), "idempotency_key_reused");
    assert_eq!(debit("alice", "r-1").await.body, first.body);
    // The order of members and units says nothing; another subject or operation is another scope.
    let shuffled = r#"{"endpoint":"chat/completions","amount":"1","model":"gpt-5.2","request_id":"r-1"}"#;
    let request = world.request(hyper::Method::POST, "/v1/accounts/alice/debits", Some("token-of-proxy"));
    let request = request.header("idempotency-key", "key").body(shuffled.into()).unwrap();
    assert_eq!(world.send(request).await.body, first.body);
    let body = call("r-1", "amount", json!("1"));
    let as_admin = world.post("admin", "/v1/accounts/alice/debits", "key", body.clone()).await.ok();
    assert_ne!(as_admin.body, first.body);
    world.post("proxy", "/v1/accounts/alice/holds", "key", body).await.ok();
    assert_eq!(world.balance("alice").await["available"], "7");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_commands_key_is_not_remembered() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    let debit = || world.post("proxy", "/v1/accounts/alice/debits", "key", call("r-1", "amount", json!("1")));
    assert_eq!(debit().await.code(), "insufficient_credits");
    let grant = json!({ "source": "manual", "credits": "1" });
    world.post("finance", "/v1/accounts/alice/grants", "g-1", grant).await.ok();
    let charged = debit().await.ok();
    assert_eq!(charged.header("idempotent-replayed"), None);
    assert_eq!(charged.text("charged"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_an_id_is_the_same_one_on_a_retry() {
    let world = World::start().await;
    let open = |book: &'static str, key: &'static str| {
        let world = &world;
        async move { world.post("support", &format!("/v1/books/{book}/accounts"), key, json!({})).await.ok() }
    };
    let first = open("pixapi", "o-1").await;
    assert_eq!(open("pixapi", "o-1").await.body, first.body);
    assert_ne!(open("pixapi", "o-2").await.text("account_id"), first.text("account_id"));
    assert_ne!(open("aiproxynode", "o-1").await.text("account_id"), first.text("account_id"));
}
