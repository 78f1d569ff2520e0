//! Refusals in the shape that OpenAI's clients read, with Scrip's stable codes in `error.code`.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use scrip_engine::EngineError;
use scrip_ledger::{Credits, Refusal};
use serde::Serialize;

/// Why a call is not answered as it asked to be.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ApiError {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    message: Cow<'static, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'static str>,
    code: &'static str,
    #[serde(flatten)]
    shortage: Option<Box<Shortage>>,
    #[serde(skip)]
    retry_after: bool,
}

/// What there is and what the call needs.
#[derive(Clone, Debug, Serialize)]
struct Shortage {
    available: Credits,
    required: Credits,
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: &'a ApiError,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = match status.as_u16() {
            401 => "authentication_error",
            402 => "insufficient_quota",
            423 => "permission_error",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "server_error",
        };
        let retry_after = status == StatusCode::SERVICE_UNAVAILABLE;
        Self { status, message: message.into(), kind, param: None, code, shortage: None, retry_after }
    }

    pub(crate) fn of_field(mut self, param: &'static str) -> Self {
        self.param = Some(param);
        self
    }

    pub(crate) fn model_not_found(model: &str) -> Self {
        // What a caller named is told back to that caller alone; it is bounded, and never logged.
        let model: String = model.chars().take(100).collect();
        Self::new(404, "model_not_found", format!("the model {model:?} is not sold here")).of_field("model")
    }

    fn json(&self) -> Vec<u8> {
        // Plain fields, written to memory.
        serde_json::to_vec(&Envelope { error: self }).unwrap_or_default()
    }

    /// As the last event of a stream that cannot go on.
    pub(crate) fn event(&self) -> Bytes {
        let mut event = b"data: ".to_vec();
        event.extend_from_slice(&self.json());
        event.extend_from_slice(b"\n\n");
        event.into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.json().into());
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::KeyRevoked | Refusal::KeyNotFound | Refusal::AccountNotFound => 401,
            Refusal::InsufficientCredits { .. } => 402,
            Refusal::UnknownModel | Refusal::UnknownUnit(_) => 404,
            Refusal::AccountClosed | Refusal::LimitReached { .. } => 409,
            Refusal::InvalidAmount(_) => 422,
            Refusal::AccountFrozen { .. } | Refusal::KeyFrozen { .. } => 423,
            _ => 500,
        };
        let code = match &refusal {
            Refusal::UnknownModel | Refusal::UnknownUnit(_) => "model_not_found",
            Refusal::KeyNotFound | Refusal::AccountNotFound => "unauthenticated",
            other => other.code(),
        };
        let mut error = Self::new(status, code, refusal.to_string());
        if let Refusal::InsufficientCredits { available, required } = refusal {
            error.shortage = Some(Box::new(Shortage { available, required }));
        }
        error
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::Overloaded => {
                Self::new(503, "overloaded", "too many calls are waiting; nothing was charged")
            }
            EngineError::Full | EngineError::Unavailable => {
                Self::new(503, "store_unavailable", "the ledger is unavailable")
            }
            EngineError::KeyReused | EngineError::ForbiddenBook(_) | EngineError::UnknownBook(_) => {
                Self::new(500, "internal", "the call could not be carried out")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_shape_that_clients_read() {
        let error = ApiError::from(Refusal::InsufficientCredits {
            available: "0.5".parse().unwrap(),
            required: "1.25".parse().unwrap(),
        });
        assert_eq!(error.status, 402);
        assert_eq!(
            String::from_utf8(error.event().to_vec()).unwrap(),
            "data: {\"error\":{\"message\":\"1.25 credits are required and 0.5 are available\",\"type\":\"insufficient_quota\",\
             \"param\":null,\"code\":\"insufficient_credits\",\"available\":\"0.5\",\"required\":\"1.25\"}}\n\n"
        );
        assert!(
            ApiError::from(EngineError::Overloaded).into_response().headers().contains_key("retry-after")
        );
    }
}
