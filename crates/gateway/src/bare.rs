//! The same proxy without a ledger: what the gateway's cost is compared with, and good for nothing else.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::config::Config;
use crate::error::ApiError;
use crate::upstream::{Providers, pass_headers, unanswered};

/// A relay to the first provider: the same HTTP stack, no key, no hold, no charge. **For benchmarks only.**
pub fn bare_relay(config: Config) -> Router {
    let providers = Providers::new(&config.times);
    Router::new().route("/v1/chat/completions", post(relay)).with_state(Arc::new((providers, config)))
}

async fn relay(State(state): State<Arc<(Providers, Config)>>, request: Request) -> Response {
    let (providers, config) = &*state;
    let Ok(body) = axum::body::to_bytes(request.into_body(), config.limits.request_bytes).await else {
        return ApiError::new(413, "too_large", "the body is too large").into_response();
    };
    let Some(upstream) = config.upstreams.first() else {
        return ApiError::new(503, "model_unavailable", "no provider").into_response();
    };
    match providers.ask(upstream, body).await {
        Ok(answer) => {
            let (mut head, ()) = http::Response::new(()).into_parts();
            head.status = answer.status();
            pass_headers(answer.headers(), &mut head.headers);
            Response::from_parts(head, Body::new(answer.into_body()))
        }
        Err(error) => unanswered(&error).into_response(),
    }
}
