//! Who may do what: every endpoint against every role.

use http_body_util::Full;
use hyper::Method;
use serde_json::json;

use super::client::{ROLES, World, token};

/// An endpoint, and the roles it is for; `own` is a key of the account.
const TABLE: &[(&str, &str, &[&str])] = &[
    ("POST", "/v1/books/pixapi/accounts", &["support", "admin"]),
    ("POST", "/v1/accounts/alice/keys", &["support", "admin"]),
    ("POST", "/v1/accounts/alice/keys/alice.k9/rotate", &["support", "admin"]),
    ("DELETE", "/v1/accounts/alice/keys/alice.k9", &["support", "admin"]),
    ("POST", "/v1/accounts/alice/top-ups", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/accounts/alice/grants", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/accounts/alice/holds", &["proxy", "admin"]),
    ("POST", "/v1/holds/alice.h9/extend", &["proxy", "admin"]),
    ("POST", "/v1/holds/alice.h9/capture", &["proxy", "admin"]),
    ("POST", "/v1/holds/alice.h9/void", &["proxy", "admin"]),
    ("POST", "/v1/accounts/alice/debits", &["proxy", "admin"]),
    ("POST", "/v1/debits/alice.d9/refund", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/accounts/alice/freeze", &["support", "admin"]),
    ("POST", "/v1/accounts/alice/thaw", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/accounts/alice/credit-line", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/accounts/alice/close", &["admin", "own"]),
    ("GET", "/v1/accounts/alice", &["proxy", "finance", "finance-pixapi", "auditor", "admin", "own"]),
    ("GET", "/v1/accounts/alice/balance", &["proxy", "finance", "finance-pixapi", "auditor", "admin", "own"]),
    ("GET", "/v1/accounts/alice/keys", &["proxy", "finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/accounts/alice/lots", &["finance", "finance-pixapi", "auditor", "admin", "own"]),
    ("GET", "/v1/accounts/alice/orders", &["finance", "finance-pixapi", "auditor", "admin", "own"]),
    ("GET", "/v1/accounts/alice/calls", &["finance", "finance-pixapi", "auditor", "admin", "own"]),
    ("GET", "/v1/accounts/alice/holds", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/accounts/alice/entries", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/accounts/alice/events", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/catalog", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/policy", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/events", &["finance", "auditor", "admin"]),
    ("POST", "/v1/accounts/alice/region", &["support", "admin"]),
    ("POST", "/v1/accounts/alice/keys/alice.k9/revoke", &["support", "admin"]),
    ("POST", "/v1/accounts/alice/claims", &["finance", "finance-pixapi", "admin", "own"]),
    ("POST", "/v1/accounts/alice/subscriptions", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/subscriptions/alice.s9/cancel", &["finance", "finance-pixapi", "admin", "own"]),
    ("POST", "/v1/subscriptions/alice.s9/payments", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/orders/order/refund-requests", &["support", "finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/refunds/alice.o9/evidence", &["support", "finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/refunds/alice.o9/approve", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/refunds/alice.o9/deny", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/refunds/alice.o9/paid", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/refunds/alice.o9/failed", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/accounts/alice/withdraw", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/accounts/alice/migrate", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/announcements/alice.n9/withdraw", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/accounts/alice/legal-holds", &["support", "admin"]),
    ("POST", "/v1/legal-holds/alice.g9/release", &["support", "admin"]),
    ("POST", "/v1/accounts/alice/breaches", &["support", "admin"]),
    ("POST", "/v1/breaches/alice.b9/cure", &["support", "admin"]),
    ("POST", "/v1/accounts/alice/violations", &["support", "admin"]),
    ("POST", "/v1/reviews/alice.w9/close", &["support", "admin"]),
    ("POST", "/v1/accounts/alice/appeals", &["support", "admin"]),
    ("POST", "/v1/appeals/alice.a9/decide", &["support", "admin"]),
    ("POST", "/v1/accounts/alice/adjust", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/approvals/alice.p9/approve", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/approvals/alice.p9/reject", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/disputes", &["support", "finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/disputes/alice.x9/resolve", &["support", "finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/accounts/alice/compensation-claims", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/compensation-claims/alice.c9/settle", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/books/pixapi/campaigns", &["finance", "finance-pixapi", "admin"]),
    ("POST", "/v1/books/pixapi/catalogs", &["admin"]),
    ("POST", "/v1/books/pixapi/policies", &["admin"]),
    ("POST", "/v1/books/pixapi/shutdown", &["admin"]),
    ("POST", "/v1/books/pixapi/periods/close", &["finance", "finance-pixapi", "admin"]),
    ("GET", "/v1/accounts/alice/approvals", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/accounts/alice/compensation-claims", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/accounts/alice/disputes", &["finance", "finance-pixapi", "auditor", "admin", "own"]),
    ("GET", "/v1/accounts/alice/liability-cap", &["finance", "finance-pixapi", "auditor", "admin"]),
    (
        "GET",
        "/v1/accounts/alice/refund-eligibility",
        &["support", "finance", "finance-pixapi", "auditor", "admin"],
    ),
    ("GET", "/v1/accounts/alice/refunds", &["support", "finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/refunds/alice.o9", &["support", "finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/accounts/alice/statements", &["finance", "finance-pixapi", "auditor", "admin", "own"]),
    ("GET", "/v1/statements/alice.t9", &["finance", "finance-pixapi", "auditor", "admin", "own"]),
    ("GET", "/v1/accounts/alice/subscriptions", &["finance", "finance-pixapi", "auditor", "admin", "own"]),
    ("GET", "/v1/accounts/alice/violations", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/catalogs", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/policies", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/campaigns", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/accounts/alice/usage", &["finance", "finance-pixapi", "auditor", "admin", "own"]),
    ("GET", "/v1/books/pixapi/reports/usage", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/reports/balances", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/reports/deferred-revenue", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/reports/revenue", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/reports/breakage", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/reports/receivables", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/reports/trial-balance", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/reports/refund-windows", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/accounts", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/refunds", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/disputes", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/appeals", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/reviews", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/approvals", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/books/pixapi/holds", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("GET", "/v1/projections", &["finance", "finance-pixapi", "auditor", "admin"]),
    ("POST", "/v1/projections/usage/skip", &["admin"]),
    ("POST", "/v1/projections/rebuild", &["admin"]),
];

/// Endpoints that anybody may reach, that check item by item, or that know their callers by a signature.
const OPEN: [&str; 6] =
    ["/v1/commands", "/v1/dev/clock", "/v1/webhooks/{provider}/{book}", "/healthz", "/readyz", "/metrics"];

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_is_for_its_roles_and_for_no_others() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    world.account("pixapi", "mallory", "0").await;
    let (_, own) = world.key("alice").await;
    let (_, other) = world.key("mallory").await;
    for (method, path, allowed) in TABLE {
        let callers = ROLES.iter().map(|role| (*role, token(role)));
        for (role, secret) in callers.chain([("own", own.clone()), ("other's key", other.clone())]) {
            let method: Method = method.parse().unwrap();
            // An empty key: who may is told so before the key is looked at, and nothing is recorded.
            let request = world.request(method.clone(), path, Some(&secret)).header("idempotency-key", "");
            let reply = world.send(request.body(Full::default()).unwrap()).await;
            let forbidden = reply.status == 403;
            // An account's own key may close it, or read it: a stranger's key is told no as the account is looked at.
            let late = role == "other's key" && method != Method::GET && allowed.contains(&"own");
            assert_eq!(forbidden, !allowed.contains(&role) && !late, "{role}: {method} {path}: {reply:?}");
        }
        let nobody = world.request(method.parse().unwrap(), path, None).body(Full::default()).unwrap();
        assert_eq!(world.send(nobody).await.code(), "unauthenticated", "{path}");
    }
    let stranger = world.post_as(&other, "/v1/accounts/alice/close", "x-1", json!({})).await;
    assert_eq!(stranger.code(), "forbidden_scope");
}

#[test]
fn every_endpoint_stands_in_the_table() {
    let described: serde_json::Value = serde_json::from_str(&scrip_server::openapi()).unwrap();
    for (path, methods) in described["paths"].as_object().unwrap() {
        if OPEN.contains(&path.as_str()) {
            continue;
        }
        for method in methods.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let fits = |known: &str| {
                let (known, path) = (known.split('/'), path.split('/'));
                known.clone().count() == path.clone().count()
                    && known.zip(path).all(|(known, part)| part.starts_with('{') || known == part)
            };
            assert!(
                TABLE.iter().any(|(known, at, _)| *known == method && fits(at)),
                "{method} {path} is not in the table of roles"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_closes_with_a_key_and_only_as_the_holder() {
    let world = World::start().await;
    world.account("pixapi", "alice", "1").await;
    let (_, own) = world.key("alice").await;
    let close = "/v1/accounts/alice/close";
    let as_operator = world.post_as(&own, close, "x-1", json!({ "by": "operator" })).await;
    assert_eq!(as_operator.code(), "forbidden_scope");
    let closed = world.post_as(&own, close, "x-2", json!({})).await.ok();
    assert_eq!((closed.text("by"), closed.text("status")), ("holder".into(), "closed".into()));
    assert_eq!(world.get_as(&own, "/v1/accounts/alice").await.ok().text("status"), "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_one_book_sees_and_moves_nothing_of_another() {
    let world = World::start().await;
    world.account("aiproxynode", "bob", "1").await;
    let role = "finance-pixapi";
    let position = &world.get("auditor", "/v1/accounts/bob").await.ok().json()["as_of_position"];
    let past = format!("/lots?as_of_position={position}");
    for path in ["", "/balance", "/lots", "/orders", "/events", &past] {
        assert_eq!(
            world.get(role, &format!("/v1/accounts/bob{path}")).await.code(),
            "forbidden_book",
            "{path}"
        );
    }
    for path in ["/v1/books/aiproxynode/catalog", "/v1/books/aiproxynode/policy", "/v1/events"] {
        assert_eq!(world.get(role, path).await.code(), "forbidden_book", "{path}");
    }
    let books = world.get(role, "/v1/books").await.ok().json();
    assert_eq!(books["items"].as_array().unwrap().len(), 1);
    let grant = json!({ "source": "manual", "credits": "1" });
    assert_eq!(world.post(role, "/v1/accounts/bob/grants", "g", grant).await.code(), "forbidden_book");
}
