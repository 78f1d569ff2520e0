//! Documents of a book: taken from the API, changed, and published.

use serde_json::{Value, json};

use super::service::Service;
use crate::api::client::Reply;

/// The catalog in force, as a document: without what the answer adds.
pub async fn catalog(service: &Service, book: &str) -> Value {
    document(service.read("auditor", &format!("/v1/books/{book}/catalog")).await)
}

/// The policy in force, as a document.
pub async fn policy(service: &Service, book: &str) -> Value {
    document(service.read("auditor", &format!("/v1/books/{book}/policy")).await)
}

fn document(mut answer: Value) -> Value {
    for added in ["book", "version", "effective_at", "as_of_position"] {
        assert!(answer.as_object_mut().unwrap().remove(added).is_some(), "{added}");
    }
    answer
}

/// The same catalog with another rate for a unit of a model.
pub fn with_rate(catalog: &Value, model: &str, unit: &str, rate: &str) -> Value {
    let mut changed = catalog.clone();
    let rates = changed["rates"].as_array_mut().unwrap();
    let found = rates.iter_mut().find(|known| known["model"] == model && known["unit"] == unit).unwrap();
    for key in ["upstream_rate", "discount"] {
        found.as_object_mut().unwrap().remove(key);
    }
    found["rate"] = json!(rate);
    changed
}

/// The same document, to take effect at a time.
pub fn from(document: &Value, effective_at: &str) -> Value {
    let mut draft = document.clone();
    draft["effective_at"] = json!(effective_at);
    draft
}

/// Publishes a document: `catalogs`, `policies` or `campaigns`.
pub async fn publish(service: &Service, book: &str, what: &str, draft: Value) -> Reply {
    service.ask("admin", &format!("/v1/books/{book}/{what}"), draft).await
}

/// A call of so many units of a model, in one step.
pub async fn call(service: &Service, account: &str, model: &str, endpoint: &str, usage: Value) -> Value {
    let body = json!({ "request_id": "r", "model": model, "endpoint": endpoint, "usage": usage });
    service.done("proxy", &format!("/v1/accounts/{account}/debits"), body).await
}

/// An account with credits that do not run out within a test.
pub async fn account(service: &Service, id: &str) {
    service.open(id).await;
    let body = json!({ "source": "compensation", "credits": "1000" });
    service.done("finance", &format!("/v1/accounts/{id}/grants"), body).await;
}
