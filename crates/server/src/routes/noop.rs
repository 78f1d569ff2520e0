//! The same server and middleware without the engine: what the others are measured against.

use axum::extract::Request;
use axum::response::Response;

use crate::body;
use crate::command::json;
use crate::limits;
use crate::problem::Problem;

/// An answer of the size of a small one.
const ANSWER: &[u8] = br#"{"status":"ok","comment":"the same server and middleware, without the engine"}"#;

/// Nothing, answered.
#[utoipa::path(get, path = "/v1/noop", tag = "operation", operation_id = "getNothing", responses((status = 200)))]
pub(crate) async fn get() -> Response {
    json(axum::http::StatusCode::OK, ANSWER.to_vec(), false)
}

/// Nothing, answered after the body was read.
#[utoipa::path(post, path = "/v1/noop", tag = "operation", operation_id = "postNothing", responses((status = 200)))]
pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    body::read(request.into_body(), limits::BODY).await?;
    Ok(get().await)
}
