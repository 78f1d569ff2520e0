//! Short words for orders and their refunds.

use serde_json::{Value, json};

use super::service::Service;

/// Evidence of some kinds.
pub fn evidence(kinds: &[&str]) -> Value {
    kinds.iter().map(|kind| json!({ "kind": kind, "ref": format!("ticket-{kind}") })).collect()
}

impl Service {
    /// Buys a product of the catalog for so many dollars.
    pub async fn buy(&self, account: &str, order: &str, product: &str, dollars: &str) -> Value {
        let payment = json!({
            "provider": "stripe", "payment_id": format!("pi_{order}"), "method": "card", "currency": "USD",
            "amount": dollars,
        });
        let body = json!({ "order_id": order, "product_id": product, "payment": payment });
        self.done("finance", &format!("/v1/accounts/{account}/top-ups"), body).await
    }

    /// What the terms say of an order's money, for a cause.
    pub async fn eligibility(&self, account: &str, order: &str, cause: &str) -> Value {
        let path = format!("/v1/accounts/{account}/refund-eligibility?order_id={order}&cause={cause}");
        let list = self.read("finance", &path).await;
        assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
        list["items"][0].clone()
    }

    /// Asks for an order's money, as support does.
    pub async fn ask_back(&self, order: &str, cause: &str, kinds: &[&str]) -> Value {
        let body = json!({ "cause": cause, "evidence": evidence(kinds) });
        self.done("support", &format!("/v1/orders/{order}/refund-requests"), body).await
    }

    /// Does something about a refund, as finance does.
    pub async fn refund(&self, refund: &Value, what: &str, body: Value) -> Value {
        self.done("finance", &refund_path(refund, what), body).await
    }

    /// A debit of rated usage.
    pub async fn use_up(&self, account: &str, model: &str, endpoint: &str, usage: Value) -> Value {
        let request = format!("request-{account}-{}", usage.to_string().len());
        let body = json!({ "request_id": request, "model": model, "endpoint": endpoint, "usage": usage });
        self.done("proxy", &format!("/v1/accounts/{account}/debits"), body).await
    }

    /// The only lot of an account.
    pub async fn lot(&self, account: &str) -> Value {
        let lots = self.read("finance", &format!("/v1/accounts/{account}/lots")).await;
        assert_eq!(lots["items"].as_array().map(Vec::len), Some(1), "{lots}");
        lots["items"][0].clone()
    }
}

/// The path of something that is done about a refund.
pub fn refund_path(refund: &Value, what: &str) -> String {
    format!("/v1/refunds/{}/{what}", refund["refund_id"].as_str().unwrap())
}

/// An amount in dollars.
pub fn dollars(amount: &str) -> Value {
    json!({ "currency": "USD", "amount": amount })
}
