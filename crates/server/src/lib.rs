//! The HTTP API: who may ask, what is asked, and how the answer looks. It decides nothing: the engine does.
//!
//! [`router`] is every endpoint over an engine, [`serve`] runs a router on a listener within bounds. The endpoints are in
//! `routes`, one file a group; each command is an `Operation`, the same over its own endpoint and in a batch.
//!
//! - **Invariant**: an answer to a command is a function of its events alone, so that a repeated key gets the same bytes.
//! - **Invariant**: nothing here logs a secret, a query string or a body, nor keeps one, but for the secrets of webhooks.

mod answers;
mod app;
mod auth;
mod body;
mod call;
mod command;
mod config;
mod console;
mod format;
pub mod limits;
mod metrics;
mod observe;
mod openapi;
mod paging;
mod problem;
mod range;
mod read;
mod refusals;
mod report;
mod rights;
mod routes;
mod serve;
mod tail;
mod values;

use std::sync::Arc;

use scrip_engine::Engine;
use scrip_projections::ReadSide;

pub use config::{Config, TokenConfig, WebhookConfig, WebhookSecret};
pub use format::harmless;
#[cfg(feature = "schemas")]
pub use openapi::event_schemas;
pub use openapi::openapi;
pub use problem::{Code, Problem};
pub use rights::{Right, Rights, Scope};
pub use serve::serve;

/// Every endpoint over an engine and the read side that follows its log.
pub fn router(engine: Engine, read_side: ReadSide, config: Config) -> axum::Router {
    let mut endpoints = routes::all();
    if config.dev && engine.clock().is_manual() {
        endpoints = endpoints.merge(routes::dev());
    }
    if config.bench {
        endpoints = endpoints.merge(routes::bench());
    }
    let (router, described) = endpoints.split_for_parts();
    let paths = described.paths.paths.keys().map(String::as_str).chain(console::paths());
    let metrics = Arc::new(metrics::Metrics::new(paths));
    let app = Arc::new(app::App::new(engine, read_side, config, metrics.clone()));
    let api = router
        .fallback(routes::not_found)
        .method_not_allowed_fallback(routes::method_not_allowed)
        .with_state(app.clone());
    let console = console::router(app, api.clone());
    api.merge(console).layer(observe::ObserveLayer::new(metrics))
}
