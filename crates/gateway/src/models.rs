//! What a key may call: the catalog of its book, in the shape of OpenAI's list of models.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use scrip_ledger::Timestamp;
use scrip_ledger::book::Book;
use serde::Serialize;

use crate::error::ApiError;
use crate::gateway::Shared;

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Model<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    /// Since when the catalog is in force, in seconds.
    created: i64,
    owned_by: &'a str,
}

/// Every model of the catalog, whatever endpoint it is sold at.
fn models(book: &Book, now: Timestamp) -> impl Iterator<Item = Model<'_>> {
    let catalog = book.catalog(now);
    let mut before = None;
    let ids = catalog.all_rates().iter().map(|rate| rate.model.as_str());
    // Rates are sorted by model.
    let distinct = ids.filter(move |id| before.replace(*id) != Some(*id));
    let created = book.catalog_at(now).map_or(0, |version| version.effective_at.micros() / 1_000_000);
    distinct.map(move |id| Model { id, object: "model", created, owned_by: book.id.as_str() })
}

pub(crate) async fn list(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match shared.authenticate(&headers).await {
        Ok(owner) => {
            Json(List { object: "list", data: models(&owner.book, owner.now).collect() }).into_response()
        }
        Err(error) => error.into_response(),
    }
}

pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match shared.authenticate(&headers).await {
        Ok(owner) => match models(&owner.book, owner.now).find(|model| model.id == id) {
            Some(model) => Json(model).into_response(),
            None => ApiError::model_not_found(&id).into_response(),
        },
        Err(error) => error.into_response(),
    }
}
