//! The page that Prometheus reads.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::app::Shared;
use crate::metrics::read_side;
use crate::problem::Problem;

/// Counters and histograms, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operation", operation_id = "getMetrics",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn show(State(app): Shared) -> Result<impl IntoResponse, Problem> {
    let mut page = app.metrics.page(app.engine.stats(), app.engine.is_healthy());
    let store = app.engine.store().clone();
    let end = app.blocking(move || store.head()).await?;
    // A store that has failed says so above.
    if let Ok(end) = end {
        read_side(&mut page, &app.read_side.status(), end.next_position, app.engine.clock().now());
    }
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page))
}
