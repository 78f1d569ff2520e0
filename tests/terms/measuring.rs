//! Short words for tests of measures: buying credits, calling, freezing, closing.

use serde_json::{Value, json};

use super::service::Service;
use crate::api::client::Reply;

impl Service {
    /// A top-up with a product of the catalog; the answer.
    pub async fn fund(&self, account: &str, order: &str, product: &str, price: &str) -> Value {
        let payment = json!({
            "provider": "stripe", "payment_id": format!("pi-{order}"), "method": "card", "currency": "USD",
            "amount": price,
        });
        let body = json!({ "order_id": order, "product_id": product, "payment": payment });
        self.done("finance", &format!("/v1/accounts/{account}/top-ups"), body).await
    }

    /// Credits without a payment, that last.
    pub async fn give(&self, account: &str, credits: &str) -> Value {
        let body = json!({ "source": "compensation", "credits": credits });
        self.done("finance", &format!("/v1/accounts/{account}/grants"), body).await
    }

    /// A call of a model that is charged by the image or by the token, and what comes of it.
    pub async fn call(&self, account: &str, model: &str) -> Reply {
        self.call_with(account, model, None).await
    }

    /// The same with a key.
    pub async fn call_with(&self, account: &str, model: &str, key: Option<&str>) -> Reply {
        let mut body = match model {
            "z-image" | "seedream-4.5" => {
                json!({ "endpoint": "images/generations", "usage": { "images": 1 } })
            }
            _ => json!({ "endpoint": "chat/completions", "usage": { "output_tokens": 1000 } }),
        };
        body["model"] = json!(model);
        body["request_id"] = json!("call");
        if let Some(key) = key {
            body["key_id"] = json!(key);
        }
        self.ask("proxy", &format!("/v1/accounts/{account}/debits"), body).await
    }

    /// The code that a call is refused with; nothing if it is charged.
    pub async fn call_refused(&self, account: &str, model: &str) -> String {
        let reply = self.call(account, model).await;
        if reply.status < 300 { String::new() } else { reply.code() }
    }

    /// A command of support on an account.
    pub async fn measure(&self, account: &str, what: &str, body: Value) -> Value {
        self.done("support", &format!("/v1/accounts/{account}/{what}"), body).await
    }

    /// An account as an auditor sees it.
    pub async fn account(&self, account: &str) -> Value {
        self.read("auditor", &format!("/v1/accounts/{account}")).await
    }

    /// The wire names of an account's events.
    pub async fn events(&self, account: &str) -> Vec<String> {
        let path = format!("/v1/accounts/{account}/events?limit=1000");
        let events = self.read("auditor", &path).await;
        let items = events["items"].as_array().unwrap();
        items.iter().map(|event| event["type"].as_str().unwrap_or_default().to_owned()).collect()
    }
}
