//! Withdrawals and migrations.

use serde_json::json;

use crate::terms::service::Service;

fn top_up(order: &str) -> serde_json::Value {
    json!({
        "order_id": order, "product_id": "credits-20",
        "payment": {
            "provider": "stripe", "payment_id": format!("pi_{order}"), "method": "card", "currency": "USD",
            "amount": "20.00",
        },
    })
}

/// «Credits cannot be withdrawn as cash» (§5): neither as money nor by way of another account, whatever the account's
/// state, and nothing moves.
#[tokio::test(flavor = "multi_thread")]
async fn z1_a_balance_is_neither_paid_out_nor_moved() {
    let zivv = Service::start("zivv").await;
    for account in ["alice", "bob"] {
        zivv.open(account).await;
        zivv.done("finance", &format!("/v1/accounts/{account}/top-ups"), top_up(account)).await;
    }
    let refused = async |state: &str| {
        for (verb, body) in [
            ("withdraw", json!({})),
            ("withdraw", json!({ "credits": "0.01", "reason": "goodwill" })),
            ("migrate", json!({ "to": "bob" })),
            ("migrate", json!({ "to_account_id": "bob", "credits": "20" })),
        ] {
            for role in ["finance", "admin"] {
                let path = format!("/v1/accounts/alice/{verb}");
                let problem = zivv.refused(role, &path, body.clone(), 409, "not_withdrawable", "Z1").await;
                assert_eq!(problem["position"], json!(null), "{state}: {problem}");
            }
            // Nobody else may even ask.
            for role in ["proxy", "support", "auditor"] {
                let reply = zivv.ask(role, &format!("/v1/accounts/alice/{verb}"), body.clone()).await;
                assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden_scope"), "{state}");
            }
        }
        for account in ["alice", "bob"] {
            assert_eq!(zivv.balance(account).await["balance"]["posted"], "20", "{state}");
        }
    };
    refused("open").await;
    let freeze = json!({ "scope": "account", "reason": "security" });
    let frozen = zivv.done("support", "/v1/accounts/alice/freeze", freeze).await;
    refused("frozen").await;
    let thaw = json!({ "measure_id": frozen["measure_id"], "reason": "cleared" });
    zivv.done("finance", "/v1/accounts/alice/thaw", thaw).await;

    // What was paid comes back by an approved refund of its payment, and by nothing else.
    let refund = zivv.ask_back("alice", "change_of_mind", &["payment_proof", "identity"]).await;
    let approved = zivv.refund(&refund, "approve", json!({})).await;
    assert_eq!(approved["amount"], json!({ "currency": "USD", "amount": "20.00" }));
    assert_eq!(zivv.balance("alice").await["balance"]["posted"], "0");
}
