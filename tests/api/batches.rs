//! Batches: items stand or fall one by one, in order, each by its own scope.

use serde_json::{Value, json};

use super::client::{World, call, tokens_used};

fn statuses(results: &[Value]) -> Vec<u64> {
    results.iter().map(|result| result["status"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_does_what_its_commands_do_one_by_one() {
    let world = World::start().await;
    let payment = json!({
        "provider": "stripe", "payment_id": "pi_1", "method": "card", "currency": "USD", "amount": "10.00",
    });
    let item = |op: &str, noun: &str, id: &str, body: Value| {
        let key = format!("{op}-{}", id.replace('.', "-"));
        json!({ "op": op, "idempotency_key": key, noun: id, "body": body })
    };
    let commands = json!([
        item("open", "account_id", "alice", json!({ "book": "pixapi" })),
        { "op": "open", "idempotency_key": "open-bob", "book": "pixapi", "body": { "account_id": "bob" } },
        item("top_up", "account_id", "alice", json!({ "order_id": "o-1", "product_id": "pack-10", "payment": payment })),
        item("grant", "account_id", "alice", json!({ "source": "manual", "credits": "1" })),
        item("hold", "account_id", "alice", call("r-1", "estimate", tokens_used(10, 10_000))),
        item("extend", "hold_id", "alice.h3", json!({ "amount": "0.5" })),
        item("capture", "hold_id", "alice.h3", json!({ "usage": tokens_used(10, 10), "outcome": "completed" })),
        item("debit", "account_id", "alice", call("r-2", "amount", json!("2"))),
        { "op": "hold", "idempotency_key": "hold-2", "account_id": "alice", "body": call("r-3", "amount", json!("1")) },
        item("void", "hold_id", "alice.h7", json!({ "outcome": "failed" })),
        item("refund_debit", "debit_id", "alice.d6", json!({ "reason": "quality" })),
    ]);
    let results = world.batch("admin", commands.clone()).await;
    assert_eq!(statuses(&results), [201, 201, 201, 201, 201, 200, 200, 201, 201, 200, 200], "{results:#?}");
    let again = world.batch("admin", commands).await;
    for (first, again) in results.iter().zip(&again) {
        assert_eq!(again["replayed"], true);
        assert_eq!((&first["status"], &first["body"]), (&again["status"], &again["body"]));
    }
    // The same command over its own endpoint, under the same key, is the same command.
    let alone = world
        .post("admin", "/v1/accounts/alice/debits", "debit-alice", call("r-2", "amount", json!("2")))
        .await;
    assert_eq!(alone.json(), results[7]["body"]);
    assert_eq!(alone.header("idempotent-replayed"), Some("true"));
}

/// What is refunded, or captured late, is read from the log: not even that lets later items of the account overtake.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_of_a_debit_in_the_same_batch_keeps_its_place() {
    let world = World::start().await;
    world.account("pixapi", "alice", "2").await;
    let debit = |key: &str| {
        let body = call(key, "amount", json!("2"));
        json!({ "op": "debit", "idempotency_key": key, "account_id": "alice", "body": body })
    };
    let refund = json!({ "op": "refund_debit", "idempotency_key": "r", "debit_id": "alice.d2", "body": { "reason": "x" } });
    let results = world.batch("admin", json!([debit("d-1"), refund, debit("d-2")])).await;
    assert_eq!(statuses(&results), [201, 200, 201], "{results:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_item_spoils_nothing_for_the_others() {
    let world = World::start().await;
    world.account("pixapi", "alice", "3").await;
    let debit = |key: &str, amount: &str| {
        let body = call(key, "amount", json!(amount));
        json!({ "op": "debit", "idempotency_key": key, "account_id": "alice", "body": body })
    };
    let mut strange = debit("b-9", "1");
    strange["body"]["colour"] = json!("red");
    let results = world
        .batch(
            "proxy",
            json!([
                debit("b-1", "1"),
                7,
                { "op": "dance", "idempotency_key": "b-2", "body": {} },
                { "op": "debit", "account_id": "alice", "body": {} },
                { "op": "debit", "idempotency_key": "b-3", "body": {} },
                { "op": "debit", "idempotency_key": "b 4", "account_id": "alice", "body": {} },
                { "op": "grant", "idempotency_key": "b-5", "account_id": "alice", "body": { "source": "manual", "credits": "9" } },
                { "op": "void", "idempotency_key": "b-6", "hold_id": "alice.h99", "body": { "outcome": "failed" } },
                { "op": "debit", "idempotency_key": "b-7", "account_id": "nobody", "body": call("r", "amount", json!("1")) },
                debit("b-8", "2.5"),
                strange,
                debit("b-10", "0.1.2"),
                debit("b-11", "2"),
                debit("b-12", "0.000000001"),
            ]),
        )
        .await;
    let codes: Vec<_> =
        results.iter().map(|result| result["body"]["code"].as_str().unwrap_or("ok")).collect();
    assert_eq!(
        codes,
        [
            "ok",
            "malformed",
            "malformed",
            "idempotency_key_missing",
            "malformed",
            "invalid_id",
            "forbidden_scope",
            "hold_not_found",
            "account_not_found",
            "insufficient_credits",
            "unknown_field",
            "invalid_amount",
            "ok",
            "insufficient_credits",
        ]
    );
    for result in &results {
        if result["body"]["code"].is_string() {
            assert_eq!(result["status"], result["body"]["status"]);
        }
    }
    assert_eq!(world.balance("alice").await["available"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_has_at_most_ten_thousand_items() {
    let world = World::start().await;
    world.account("pixapi", "alice", "10000").await;
    let debits = |count: usize| -> Value {
        (0..count)
            .map(|at| {
                let body = call("r", "amount", json!("0.5"));
                json!({ "op": "debit", "idempotency_key": format!("b-{at}"), "account_id": "alice", "body": body })
            })
            .collect()
    };
    let refused = world.post("proxy", "/v1/commands", "-", json!({ "commands": debits(10_001) })).await;
    assert_eq!((refused.status, refused.code().as_str()), (413, "too_large"));
    assert_eq!(world.balance("alice").await["available"], "10000");
    let results = world.batch("proxy", debits(10_000)).await;
    assert!(results.iter().all(|result| result["status"] == 201));
    let revisions: Vec<_> =
        results.iter().map(|result| result["body"]["revision"].as_u64().unwrap()).collect();
    assert!(revisions.is_sorted(), "items of one account are decided in the order given");
    assert_eq!(world.balance("alice").await["available"], "5000");
    assert_eq!(world.batch("proxy", json!([])).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_checked_against_the_books_of_the_token() {
    let world = World::start().await;
    world.account("pixapi", "alice", "0").await;
    world.account("aiproxynode", "bob", "0").await;
    let grant = |account: &str| {
        let body = json!({ "source": "manual", "credits": "1" });
        json!({ "op": "grant", "idempotency_key": account, "account_id": account, "body": body })
    };
    let results = world.batch("finance-pixapi", json!([grant("bob"), grant("alice")])).await;
    assert_eq!(results[0]["body"]["code"], "forbidden_book");
    assert_eq!(results[1]["status"], 201);
}
