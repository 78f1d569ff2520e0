//! What waits in a book: everything, once, oldest first, and gone from where it waited once somebody has decided.

use serde_json::{Value, json};

use super::world::{all, ask, database, fresh};
use crate::api::client::{World, call};

async fn done(world: &World, role: &str, path: &str, key: &str, body: Value) -> Value {
    world.post(role, path, key, body).await.ok().json()
}

async fn top_up(world: &World, account: &str, order: &str, product: &str, amount: &str) {
    let payment = json!({
        "provider": "stripe", "payment_id": format!("pi-{order}"), "method": "card", "currency": "USD",
        "amount": amount,
    });
    let body = json!({ "order_id": order, "product_id": product, "payment": payment });
    done(world, "finance", &format!("/v1/accounts/{account}/top-ups"), order, body).await;
}

/// The same items, whatever the size of the page and whichever the database.
async fn read(worlds: [&World; 2], path: &str) -> Vec<Value> {
    let items = all(worlds[0], path, 1_000).await;
    for world in worlds {
        for limit in [1, 2] {
            assert_eq!(all(world, path, limit).await, items, "{path} by {limit}");
        }
    }
    items
}

fn texts<'a>(items: &'a [Value], member: &str) -> Vec<&'a str> {
    items.iter().map(|item| item[member].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_found_by_what_they_and_their_owners_are_called() {
    let world = World::start().await;
    for (account, owner) in
        [("ada", "user-1"), ("adam", "user-2"), ("bea", "user-1"), ("user", "ada-2"), ("zoe", "none")]
    {
        let body = json!({ "account_id": account, "owner": owner });
        done(&world, "support", "/v1/books/pixapi/accounts", &format!("open-{account}"), body).await;
    }
    world.account("aiproxynode", "adelaide", "1").await;
    top_up(&world, "ada", "order-1", "pack-10", "10.00").await;
    done(&world, "proxy", "/v1/accounts/ada/debits", "d-1", call("r-1", "amount", json!("2.5"))).await;
    let freeze = json!({ "scope": "account", "reason": "review" });
    done(&world, "support", "/v1/accounts/bea/freeze", "f-1", freeze).await;
    let close = json!({ "by": "operator", "reason": "terms" });
    done(&world, "admin", "/v1/accounts/zoe/close", "c-1", close).await;
    let postgres = world.beside(database().await).await;
    let path = "/v1/books/pixapi/accounts";
    for (query, found) in [
        ("", &["ada", "adam", "bea", "user", "zoe"][..]),
        ("?prefix=ada", &["ada", "adam", "user"]),
        ("?prefix=user", &["ada", "adam", "bea", "user"]),
        ("?prefix=a%25", &[]),
        ("?prefix=_da", &[]),
        ("?owner=user-1", &["ada", "bea"]),
        ("?owner=user", &[]),
        ("?status=open", &["ada", "adam", "user"]),
        ("?status=frozen", &["bea"]),
        ("?status=closed", &["zoe"]),
        ("?status=open&prefix=adam", &["adam"]),
        ("?owing=true", &[]),
    ] {
        let items = read([&world, &postgres], &format!("{path}{query}")).await;
        assert_eq!(texts(&items, "account_id"), found, "{query}");
    }
    let ada = &ask(&world, &format!("{path}?prefix=ada")).await["items"][0];
    assert_eq!(ada["balance"], world.balance("ada").await);
    assert_eq!((&ada["charged"], &ada["calls"], &ada["owner"]), (&json!("2.5"), &json!(1), &json!("user-1")));
    let unknown = world.get("auditor", &format!("{path}?status=asleep")).await;
    assert_eq!(
        (unknown.code().as_str(), &unknown.json()["allowed"]),
        ("malformed", &json!(["open", "frozen", "closed"]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_owes_is_found_among_those_that_do() {
    let world = World::start().await;
    for account in ["bob", "eve"] {
        world.account("aiproxynode", account, "1").await;
    }
    let line = json!({ "credit_limit": "100" });
    done(&world, "finance", "/v1/accounts/bob/credit-line", "l-1", line).await;
    let debit = call("r-1", "usage", json!({ "output_tokens": 500_000 }));
    done(&world, "proxy", "/v1/accounts/bob/debits", "d-1", debit).await;
    let postgres = world.beside(database().await).await;
    let items = read([&world, &postgres], "/v1/books/aiproxynode/accounts?owing=true").await;
    assert_eq!(texts(&items, "account_id"), ["bob"]);
    assert_eq!(items[0]["balance"], world.balance("bob").await);
    // What it owes is a receivable of the book.
    let receivables = ask(&world, "/v1/books/aiproxynode/reports/receivables").await;
    let owed = receivables["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["account"] == "assets:credits:receivable");
    assert_eq!(owed.unwrap()["amount"], items[0]["balance"]["debt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_wait_with_what_is_missing_until_they_are_decided() {
    let world = World::start().await;
    for account in ["ann", "ben", "cleo"] {
        world.account("pixapi", account, "0").await;
        top_up(&world, account, &format!("order-{account}"), "pack-25", "25.00").await;
        world.advance("PT1H").await;
    }
    let postgres = world.beside(database().await).await;
    let worlds = [&world, &postgres];
    let mut refunds = Vec::new();
    for account in ["cleo", "ann", "ben"] {
        let path = format!("/v1/orders/order-{account}/refund-requests");
        let refund =
            done(&world, "support", &path, &format!("r-{account}"), json!({ "cause": "change_of_mind" }))
                .await;
        refunds.push(refund["refund_id"].as_str().unwrap().to_owned());
        world.advance("PT1H").await;
    }
    let path = "/v1/books/pixapi/refunds";
    let waiting = read(worlds, &format!("{path}?status=requested")).await;
    assert_eq!(texts(&waiting, "refund_id"), refunds, "in the order that they were asked for");
    for item in &waiting {
        let account = item["account_id"].as_str().unwrap();
        let own =
            &world.get("auditor", &format!("/v1/accounts/{account}/refunds")).await.ok().json()["items"][0];
        for (member, value) in own.as_object().unwrap() {
            if member != "lots" {
                assert_eq!(&item[member], value, "{member} of {account}");
            }
        }
    }
    let [approved, denied, _] = &refunds[..] else { panic!("{refunds:?}") };
    done(&world, "finance", &format!("/v1/refunds/{approved}/approve"), "a-1", json!({})).await;
    done(&world, "finance", &format!("/v1/refunds/{denied}/deny"), "n-1", json!({ "reason": "abuse" })).await;
    assert_eq!(texts(&read(worlds, &format!("{path}?status=requested")).await, "refund_id"), refunds[2..]);
    let owed = read(worlds, &format!("{path}?status=approved")).await;
    assert_eq!(
        (texts(&owed, "refund_id"), &owed[0]["decision"]["by"]),
        (vec![approved.as_str()], &json!("finance"))
    );
    assert_eq!(owed[0]["amounts"][0], json!({ "currency": "USD", "amount": "25.00" }));
    done(&world, "finance", &format!("/v1/refunds/{approved}/paid"), "p-1", json!({ "ref": "bank-1" })).await;
    let paid = read(worlds, &format!("{path}?status=paid")).await;
    assert_eq!((&paid[0]["ending"]["ref"], paid.len()), (&json!("bank-1"), 1));
    assert_eq!(read(worlds, path).await.len(), 3, "without a status, all of them");
    let unknown = world.get("auditor", &format!("{path}?status=lost")).await;
    assert_eq!((unknown.code().as_str(), &unknown.json()["field"]), ("malformed", &json!("status")));
}

#[tokio::test(flavor = "multi_thread")]
async fn disputes_appeals_and_approvals_wait_for_who_decides() {
    let world = World::start().await;
    world.account("aiproxynode", "otto", "0").await;
    top_up(&world, "otto", "order-1", "topup-100", "100.00").await;
    let mut disputed = Vec::new();
    for at in 0..2 {
        let key = format!("d-{at}");
        let usage = json!({ "input_tokens": 1_000_000, "output_tokens": 100_000 });
        let debit = done(&world, "proxy", "/v1/accounts/otto/debits", &key, call(&key, "usage", usage)).await;
        let dispute = json!({ "debit_id": debit["debit_id"], "reason": "wrong_usage", "ref": "ticket-1" });
        disputed.push(done(&world, "support", "/v1/disputes", &key, dispute).await);
    }
    world.account("imini", "omar", "0").await;
    top_up(&world, "omar", "order-2", "credits-100", "10.00").await;
    let freeze = json!({ "scope": "amount", "amount": "20", "reason": "prohibited_content" });
    let frozen = done(&world, "support", "/v1/accounts/omar/freeze", "f-1", freeze).await;
    let appeal = json!({ "measure_id": frozen["measure_id"], "ref": "ticket-2" });
    let appeal = done(&world, "support", "/v1/accounts/omar/appeals", "a-1", appeal).await;
    world.account("pixapi", "alice", "5").await;
    let adjust = json!({ "credits": "-1.25", "reason": "double_grant" });
    let asked = done(&world, "finance", "/v1/accounts/alice/adjust", "j-1", adjust).await;
    let postgres = world.beside(database().await).await;
    let worlds = [&world, &postgres];

    let open = read(worlds, "/v1/books/aiproxynode/disputes?status=open").await;
    let ids: Vec<_> = disputed.iter().map(|dispute| dispute["dispute_id"].as_str().unwrap()).collect();
    assert_eq!(texts(&open, "dispute_id"), ids);
    assert_eq!(
        (&open[0]["debit_id"], &open[0]["kind"], &open[0]["ref"]),
        (&disputed[0]["debit_id"], &json!("call"), &json!("ticket-1"))
    );
    let reject = json!({ "outcome": "rejected" });
    done(&world, "finance", &format!("/v1/disputes/{}/resolve", ids[0]), "s-1", reject).await;
    assert_eq!(
        texts(&read(worlds, "/v1/books/aiproxynode/disputes?status=open").await, "dispute_id"),
        [ids[1]]
    );
    let rejected = read(worlds, "/v1/books/aiproxynode/disputes?status=rejected").await;
    assert_eq!(
        (texts(&rejected, "dispute_id"), &rejected[0]["resolved_by"]),
        (vec![ids[0]], &json!("finance"))
    );

    let pending = read(worlds, "/v1/books/imini/appeals?status=pending").await;
    assert_eq!(pending[0]["appeal_id"], appeal["appeal_id"]);
    assert_eq!((&pending[0]["measure_id"], &pending[0]["state"]), (&frozen["measure_id"], &json!("pending")));
    let decide = format!("/v1/appeals/{}/decide", appeal["appeal_id"].as_str().unwrap());
    done(&world, "admin", &decide, "e-1", json!({ "decision": "upheld" })).await;
    assert_eq!(read(worlds, "/v1/books/imini/appeals?status=pending").await, [] as [Value; 0]);
    assert_eq!(read(worlds, "/v1/books/imini/appeals?status=upheld").await[0]["decided_by"], "admin");

    let waiting = read(worlds, "/v1/books/pixapi/approvals?status=pending").await;
    assert_eq!(
        (&waiting[0]["approval_id"], &waiting[0]["credits"]),
        (&asked["approval_id"], &json!("-1.25"))
    );
    let approve = format!("/v1/approvals/{}/approve", asked["approval_id"].as_str().unwrap());
    assert_eq!(world.post("finance", &approve, "v-1", json!({})).await.code(), "same_person");
    done(&world, "admin", &approve, "v-2", json!({})).await;
    let given = read(worlds, "/v1/books/pixapi/approvals").await;
    assert_eq!((&given[0]["status"], &given[0]["decided_by"]), (&json!("approved"), &json!("admin")));
    // A queue is of its book only.
    for list in ["disputes", "appeals", "approvals", "reviews", "refunds", "holds"] {
        assert_eq!(read(worlds, &format!("/v1/books/zivv/{list}")).await, [] as [Value; 0], "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_stand_in_the_queue_while_they_are_open() {
    let world = World::start().await;
    for account in ["alice", "bob"] {
        world.account("pixapi", account, "50").await;
    }
    let mut placed = Vec::new();
    for at in 0..12 {
        let account = ["alice", "bob"][at % 2];
        let mut body = call(&format!("r-{at}"), "amount", json!("1.5"));
        body["ttl_seconds"] = json!(60);
        let hold =
            done(&world, "proxy", &format!("/v1/accounts/{account}/holds"), &format!("h-{at}"), body).await;
        placed.push(hold["hold_id"].as_str().unwrap().to_owned());
        if at == 10 {
            world.advance("PT30S").await;
        }
    }
    let postgres = world.beside(database().await).await;
    let path = "/v1/books/pixapi/holds";
    let open = read([&world, &postgres], path).await;
    let by_age = |ids: &[&str]| {
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(
        by_age(&texts(&open, "hold_id")),
        by_age(&placed.iter().map(String::as_str).collect::<Vec<_>>())
    );
    assert_eq!(open.last().unwrap()["hold_id"], *placed.last().unwrap(), "the youngest is the last");
    let void = json!({ "outcome": "failed" });
    done(&world, "proxy", &format!("/v1/holds/{}/void", placed[0]), "v-1", void).await;
    assert_eq!(read([&world, &postgres], path).await.len(), 11);
    world.advance("PT31S").await;
    assert_eq!(texts(&read([&world, &postgres], path).await, "hold_id"), [placed.last().unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refund_windows_close_when_the_terms_say_and_are_judged_as_of_then() {
    let world = World::start().await;
    for account in ["ann", "ben"] {
        world.account("pixapi", account, "0").await;
        top_up(&world, account, &format!("order-{account}"), "pack-25", "25.00").await;
        world.advance("P40D").await;
    }
    let postgres = world.beside(database().await).await;
    let path = "/v1/books/pixapi/reports/refund-windows";
    let items = read([&world, &postgres], path).await;
    assert_eq!(texts(&items, "order_id"), ["order-ann", "order-ben"]);
    for item in &items {
        let account = item["account_id"].as_str().unwrap();
        let own =
            world.get("auditor", &format!("/v1/accounts/{account}/refund-eligibility")).await.ok().json();
        assert_eq!(&own["items"][0], item, "the same as the account's own");
    }
    // As of the day of the first order there was no second one, and the window was open.
    let then = ask(&world, &format!("{path}?as_of=2026-07-02T00:00:00Z")).await;
    assert_eq!(texts(then["items"].as_array().unwrap(), "order_id"), ["order-ann"]);
    let at = "2026-07-02T00:00:00Z";
    let own =
        world.get("auditor", &format!("/v1/accounts/ann/refund-eligibility?as_of={at}")).await.ok().json();
    assert_eq!(own["items"], then["items"]);
    assert_ne!(then["items"][0]["eligibility"], items[0]["eligibility"], "it has closed since");
    let csv = world.request(hyper::Method::GET, &fresh(&world, path), Some("token-of-auditor"));
    let csv = world.send(csv.header("accept", "text/csv").body(Default::default()).unwrap()).await.ok();
    assert_eq!(String::from_utf8(csv.body.to_vec()).unwrap().lines().count(), 3);
}
