//! The page that Prometheus reads.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::app::Shared;

/// Counters and histograms, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operation", operation_id = "getMetrics",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn show(State(app): Shared) -> impl IntoResponse {
    let page = app.metrics.page(app.engine.stats(), app.engine.is_healthy());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page)
}
