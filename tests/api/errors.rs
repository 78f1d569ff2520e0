//! Every refusal: its code, its status, and what it tells besides.

use std::collections::BTreeSet;

use http_body_util::Full;
use hyper::Method;
use scrip_server::Code;
use serde_json::{Value, json};

use super::client::{Reply, Transcript, World, call, tokens_used};

/// Codes that cannot be had from a healthy server, or are shown elsewhere.
const ELSEWHERE: [&str; 12] = [
    "migration_not_found",     // between accounts, never told to a caller
    "timeout",                 // a body that takes half a minute
    "limit_reached",           // ten thousand holds or lots
    "internal",                // nothing known leads here
    "inconsistent_history",    // a damaged log
    "unknown_version",         // a book that lost its past
    "overloaded",              // see queries: a position that is not reached
    "store_unavailable",       // a disk that failed
    "catching_up",             // read models that are being built
    "projection_stopped",      // see projections: an event that a read model cannot take
    "read_models_unavailable", // a database that failed
    "already_exists",          // twice below, under two nouns
];

struct Errors {
    world: World,
    seen: Transcript,
    codes: BTreeSet<String>,
}

impl Errors {
    fn take(&mut self, title: &str, reply: Reply, code: &str) {
        assert_eq!(reply.code(), code, "{title}: {reply:?}");
        assert_eq!(Some(reply.status), Code::named(code).map(|code| code.status), "{title}");
        let json = reply.json();
        assert_eq!(json["type"], format!("urn:scrip:problem:{code}"));
        if self.codes.insert(code.to_owned()) {
            self.seen.add(title, &reply);
        }
    }

    async fn post(&mut self, role: &str, path: &str, body: Value, code: &str) {
        let key = format!("never-{}", self.codes.len());
        let reply = self.world.post(role, path, &key, body.clone()).await;
        self.take(&format!("{role}: POST {path} {body}"), reply, code);
    }

    async fn get(&mut self, role: &str, path: &str, code: &str) {
        let reply = self.world.get(role, path).await;
        self.take(&format!("{role}: GET {path}"), reply, code);
    }

    /// A request as it is given.
    async fn raw(&mut self, method: Method, path: &str, secret: Option<&str>, body: &str, code: &str) {
        let request = self.world.request(method, path, secret).header("idempotency-key", "never");
        let reply = self.world.send(request.body(Full::from(body.to_owned())).unwrap()).await;
        self.take(&format!("{path} {body}"), reply, code);
    }
}

const DEBITS: &str = "/v1/accounts/alice/debits";
const HOLDS: &str = "/v1/accounts/alice/holds";
const GRANTS: &str = "/v1/accounts/alice/grants";

#[tokio::test(flavor = "multi_thread")]
async fn every_code_has_its_status_and_its_members() {
    let world = World::start().await;
    world.account("pixapi", "alice", "10").await;
    let mut errors = Errors { world, seen: Transcript::default(), codes: BTreeSet::new() };
    let proxy = Some("token-of-proxy");

    for (body, what) in
        [("{", "cut off"), ("[]", "a list"), ("nonsense", "no JSON"), (r#"{"model":7}"#, "a number")]
    {
        errors.raw(Method::POST, DEBITS, proxy, body, "malformed").await;
        assert!(!what.is_empty());
    }
    for bad in [json!({}), json!({ "usage": {}, "amount": "1" }), json!({ "outcome": "done", "amount": "1" })]
    {
        let mut body = call("r", "model", json!("gpt-5.2"));
        body.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        errors.post("proxy", DEBITS, body, "malformed").await;
    }
    for secret in [None, Some("nobody"), Some("sk-nobody"), Some("")] {
        errors.raw(Method::POST, DEBITS, secret, "{}", "unauthenticated").await;
    }
    errors.post("support", GRANTS, json!({ "source": "manual", "credits": "1" }), "forbidden_scope").await;
    errors
        .post("proxy", "/v1/accounts/nobody/debits", call("r", "amount", json!("1")), "account_not_found")
        .await;
    errors.post("support", "/v1/books/nowhere/accounts", json!({}), "book_not_found").await;
    for hold in ["alice.h99", "alice.h0", "alice.d1", "alice", "%20", "nobody.h1", "alice.h1.h1"] {
        let path = format!("/v1/holds/{hold}/void");
        let code = if hold == "nobody.h1" { "account_not_found" } else { "hold_not_found" };
        errors.post("proxy", &path, json!({ "outcome": "failed" }), code).await;
    }
    errors.post("finance", "/v1/debits/alice.d1/refund", json!({ "reason": "x" }), "debit_not_found").await;
    errors.post("finance", "/v1/debits/x/refund", json!({ "reason": "x" }), "debit_not_found").await;
    let mut with_key = call("r", "amount", json!("1"));
    for key in ["alice.k99", "bob.k1", "k"] {
        with_key["key_id"] = json!(key);
        errors.post("proxy", DEBITS, with_key.clone(), "key_not_found").await;
    }
    let lots = json!({ "scope": "lots", "lots": ["alice.l99"], "reason": "x" });
    errors.post("support", "/v1/accounts/alice/freeze", lots, "lot_not_found").await;
    errors.post("finance", "/v1/accounts/alice/thaw", json!({ "reason": "x" }), "measure_not_found").await;
    for (path, code) in [
        ("/v1/appeals/alice.a99/decide", "appeal_not_found"),
        ("/v1/breaches/alice.b99/cure", "breach_not_found"),
        ("/v1/subscriptions/alice.s99/cancel", "subscription_not_found"),
    ] {
        let body = if code == "appeal_not_found" { json!({ "decision": "upheld" }) } else { json!({}) };
        errors.post("admin", path, body, code).await;
    }
    errors.get("admin", "/v1/nowhere", "not_found").await;
    errors.get("admin", "/v1/commands", "method_not_allowed").await;
    let lots = errors.world.request(Method::GET, "/v1/accounts/alice/lots", Some("token-of-auditor"));
    let as_page = errors.world.send(lots.header("accept", "text/html").body(Full::default()).unwrap()).await;
    errors.take("auditor: GET /v1/accounts/alice/lots, Accept: text/html", as_page, "not_acceptable");

    for amount in
        [json!(1), json!(1.5), json!(-1), json!("-1"), json!("NaN"), json!("1e3"), json!("0.0000000001")]
    {
        errors.post("proxy", DEBITS, call("r", "amount", amount.clone()), "invalid_amount").await;
        errors
            .post("finance", GRANTS, json!({ "source": "manual", "credits": amount }), "invalid_amount")
            .await;
    }
    for quantity in [json!(1.5), json!(-1), json!("-1"), json!("0.0000001"), json!("many"), json!(1e30)] {
        let usage = call("r", "usage", json!({ "input_tokens": quantity }));
        errors.post("proxy", DEBITS, usage, "invalid_amount").await;
    }
    errors.post("finance", GRANTS, json!({ "source": "manual", "credits": "0" }), "invalid_amount").await;
    // An estimate of nothing would admit a call on any balance; a hold of no time would be over at once.
    errors.post("proxy", HOLDS, call("r", "estimate", json!({})), "invalid_amount").await;
    errors.post("proxy", "/v1/holds/alice.h1/extend", json!({ "estimate": {} }), "invalid_amount").await;
    let mut at_once = call("r", "amount", json!("1"));
    at_once["ttl_seconds"] = json!(0);
    errors.post("proxy", HOLDS, at_once, "invalid_amount").await;
    for id in ["", "a b", "ä", &"x".repeat(65)] {
        errors.post("support", "/v1/books/pixapi/accounts", json!({ "account_id": id }), "invalid_id").await;
        errors.post("proxy", DEBITS, call(id, "amount", json!("1")), "invalid_id").await;
    }
    errors.post("proxy", "/v1/accounts/a%20b/debits", call("r", "amount", json!("1")), "invalid_id").await;
    errors.get("auditor", "/v1/accounts/a.b", "invalid_id").await;
    let mut strange = call("r", "amount", json!("1"));
    strange["colour"] = json!("red");
    errors.post("proxy", DEBITS, strange, "unknown_field").await;
    let nested = json!({ "account_id": "x", "attestations": { "birth_date": "2000-01-01" } });
    errors.post("support", "/v1/books/pixapi/accounts", nested, "unknown_field").await;
    let late = json!({ "source": "manual", "credits": "1", "expires_at": "2020-01-01T00:00:00Z" });
    errors.post("finance", GRANTS, late, "invalid_time").await;
    errors.get("auditor", "/v1/accounts/alice?as_of=2026-07-01T00:00:01Z", "invalid_time").await;
    errors.get("auditor", "/v1/accounts/alice?as_of=yesterday", "invalid_time").await;
    errors.get("auditor", "/v1/accounts/alice?as_of_position=99", "invalid_time").await;
    errors.get("auditor", "/v1/accounts/alice/lots?cursor=17", "invalid_cursor").await;
    errors.get("auditor", "/v1/books/pixapi/reports/usage?group=week", "unknown_group").await;
    let skip = json!({ "position": 1, "reason": "damaged" });
    errors.post("admin", "/v1/projections/nothing/skip", skip.clone(), "projection_not_found").await;
    errors.post("admin", "/v1/projections/usage/skip", skip, "projection_not_stopped").await;
    let decades = "/v1/books/pixapi/reports/usage?from=1999-01-01&until=2026-01-01";
    errors.get("auditor", decades, "range_too_wide").await;
    let missing = errors.world.request(Method::POST, DEBITS, proxy).body(Full::from("{}")).unwrap();
    let missing = errors.world.send(missing).await;
    errors.take("a command without a key", missing, "idempotency_key_missing");
    let big = format!("{{\"model\":\"{}\"}}", "x".repeat(1 << 20));
    let reply = errors.world.request(Method::POST, DEBITS, proxy).body(Full::from(big)).unwrap();
    let reply = errors.world.send(reply).await;
    errors.take("a body beyond 1 MiB", reply, "too_large");

    business(&mut errors).await;
    // What the terms of a service refuse is tested with them, clause by clause.
    let elsewhere = texts_of(&["terms", "scenarios"]);
    let tested = |name: &str| {
        errors.codes.contains(name) || ELSEWHERE.contains(&name) || elsewhere.contains(&format!("\"{name}\""))
    };
    let missing: Vec<_> = Code::ALL.iter().map(|code| code.name).filter(|name| !tested(name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "codes without a test");
    insta::assert_snapshot!(errors.seen.text());
}

/// The tests in some folders, as one text.
fn texts_of(folders: &[&str]) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = folders.iter().flat_map(|folder| crate::house::files(&root.join(folder), "rs"));
    files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// What the rules refuse.
async fn business(errors: &mut Errors) {
    let top_up = |order: &str, payment: &str, product: &str, amount: &str| {
        let payment = json!({
            "provider": "stripe", "payment_id": payment, "method": "card", "currency": "USD", "amount": amount,
        });
        json!({ "order_id": order, "product_id": product, "payment": payment })
    };
    let top_ups = "/v1/accounts/alice/top-ups";
    errors.world.post("finance", top_ups, "t-1", top_up("o-1", "pi_1", "pack-10", "10.00")).await.ok();
    errors.post("finance", top_ups, top_up("o-2", "pi_1", "pack-10", "10.00"), "payment_already_used").await;
    errors.post("finance", top_ups, top_up("o-1", "pi_2", "pack-10", "10.00"), "already_exists").await;
    errors.post("finance", top_ups, top_up("o-3", "pi_3", "pack-11", "10.00"), "unknown_product").await;
    errors.post("finance", top_ups, top_up("o-3", "pi_3", "pack-10", "9.99"), "payment_mismatch").await;
    errors.post("finance", top_ups, top_up("o-3", "pi_3", "pack-10", "10.001"), "invalid_amount").await;
    errors
        .post("support", "/v1/books/pixapi/accounts", json!({ "account_id": "alice" }), "already_exists")
        .await;
    let mut unknown = call("r", "amount", json!("1"));
    unknown["model"] = json!("gpt-2");
    errors.post("proxy", DEBITS, unknown, "unknown_model").await;
    errors.post("proxy", DEBITS, call("r", "usage", json!({ "images": 1 })), "unknown_unit").await;
    errors.post("proxy", DEBITS, call("r", "amount", json!("1000")), "insufficient_credits").await;
    let reused =
        errors.world.post("finance", top_ups, "t-1", top_up("o-4", "pi_4", "pack-25", "25.00")).await;
    errors.take("a key of another command", reused, "idempotency_key_reused");

    let holds = "/v1/accounts/alice/holds";
    let hold =
        errors.world.post("proxy", holds, "h-1", call("r", "amount", json!("1"))).await.ok().text("hold_id");
    let capture = format!("/v1/holds/{hold}/capture");
    let settle = json!({ "amount": "1", "outcome": "completed" });
    let debit = errors.world.post("proxy", &capture, "c-1", settle.clone()).await.ok().text("debit_id");
    errors.post("proxy", &capture, settle, "hold_already_settled").await;
    let too_much = json!({ "reason": "x", "amount": "2" });
    errors.post("finance", &format!("/v1/debits/{debit}/refund"), too_much, "not_eligible").await;

    let (key, secret) = errors.world.key("alice").await;
    let freeze = "/v1/accounts/alice/freeze";
    let of_key = json!({ "scope": "key", "key_id": key, "reason": "leaked" });
    errors.world.post("support", freeze, "f-1", of_key).await.ok();
    let mut with_key = call("r", "amount", json!("1"));
    with_key["key_id"] = json!(key);
    errors.post("proxy", DEBITS, with_key, "key_frozen").await;
    let close = errors.world.post_as(&secret, "/v1/accounts/alice/close", "x-1", json!({})).await;
    errors.take("a frozen key closes its account", close, "key_frozen");
    errors.world.post("support", freeze, "f-2", json!({ "reason": "review" })).await.ok();
    errors.post("proxy", DEBITS, call("r", "amount", json!("1")), "account_frozen").await;
    errors.world.delete("support", &format!("/v1/accounts/alice/keys/{key}"), "k-1").await.ok();
    let revoked = errors.world.get_as(&secret, "/v1/accounts/alice").await;
    errors.take("a revoked key", revoked, "key_revoked");

    errors.world.account("aiproxynode", "bob", "0").await;
    errors
        .post("proxy", "/v1/accounts/bob/debits", call("r", "amount", json!("1")), "amount_not_allowed")
        .await;
    errors.post("finance-pixapi", "/v1/accounts/bob/thaw", json!({ "reason": "x" }), "forbidden_book").await;
    errors.world.post("admin", "/v1/accounts/bob/close", "x-2", json!({ "by": "operator" })).await.ok();
    errors
        .post("proxy", "/v1/accounts/bob/debits", call("r", "usage", tokens_used(1, 1)), "account_closed")
        .await;
}
