//! An answer that is no stream: read to its end, charged, and only then passed on.

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use scrip_ledger::book::Outcome;

use crate::answer::{Piece, error_code};
use crate::call::{Call, Stop};
use crate::error::ApiError;

/// The largest body of a provider's refusal that is passed on.
const REFUSAL_BYTES: usize = 1024 * 1024;

/// Codes by which providers say that their moderation blocked a call.
const MODERATION: [&str; 3] = ["content_filter", "content_policy_violation", "moderation_blocked"];

/// Why there is no whole answer.
enum Broken {
    TooLong,
    Closed,
    Stopped(Stop),
}

impl Broken {
    fn error(self) -> Option<ApiError> {
        match self {
            Self::TooLong => {
                Some(ApiError::new(502, "upstream_too_large", "the provider's answer is too large"))
            }
            Self::Closed => {
                Some(ApiError::new(502, "upstream_closed", "the provider broke off; nothing was charged"))
            }
            Self::Stopped(stop) => stop.error(),
        }
    }
}

impl Call {
    /// A completion in one piece.
    pub(crate) async fn whole(&mut self, response: http::Response<Incoming>) {
        let head = self.head(&response);
        let body = match self.read(response.into_body(), self.shared.limits.answer_bytes).await {
            Ok(body) => body,
            Err(Broken::Stopped(Stop::ReadOn)) => {
                let _logged = self.charge(Outcome::ClientDisconnected).await;
                return;
            }
            Err(broken) => {
                // Half an answer of this kind is none: nothing was delivered.
                self.void(Outcome::Failed).await;
                return self.answer_error(broken.error());
            }
        };
        let piece = self.meter.read(&body);
        let answered = self.meter.usage.is_some() || !self.meter.written.is_nothing();
        if !answered || matches!(piece, Piece::Error | Piece::Unreadable) {
            self.void(Outcome::Failed).await;
            return self.caller.answer(Response::from_parts(head, Body::from(body)));
        }
        let left = self.left || self.caller.has_left();
        let outcome = match self.meter.usage {
            _ if left => Outcome::ClientDisconnected,
            Some(_) => Outcome::Completed,
            None => Outcome::UsageUnknown,
        };
        match self.charge(outcome).await {
            Ok(()) => self.caller.answer(Response::from_parts(head, Body::from(body))),
            Err(error) => self.answer_error(Some(error.into())),
        }
    }

    /// A refusal: passed on, unless it is about the service and not about the caller. Nothing is charged, except what
    /// the book charges for calls that the provider's moderation blocked.
    pub(crate) async fn refused(&mut self, response: http::Response<Incoming>) {
        let status = response.status();
        let head = self.head(&response);
        let body = self.read(response.into_body(), REFUSAL_BYTES).await;
        let blocked = status.is_client_error()
            && body
                .as_deref()
                .is_ok_and(|body| error_code(body).is_some_and(|code| MODERATION.contains(&&*code)));
        if blocked {
            let _logged = self.charge(Outcome::ModerationBlocked).await;
        } else if status == StatusCode::TOO_MANY_REQUESTS {
            self.void(Outcome::ProviderLimited).await;
        } else {
            self.void(Outcome::Failed).await;
        }
        let about_the_service =
            matches!(status, StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN)
                || !(status.is_client_error() || status.is_server_error());
        match body {
            // Such a body may name the service's own key.
            Ok(_) if about_the_service && !blocked => {
                tracing::error!(request_id = %self.entry.id, status = status.as_u16(), "a provider refuses the service");
                self.answer_error(Some(ApiError::new(
                    502,
                    "upstream_refused",
                    "the provider refuses the service",
                )));
            }
            Ok(body) => self.caller.answer(Response::from_parts(head, Body::from(body))),
            Err(broken) => self.answer_error(broken.error()),
        }
    }

    /// Reads a body to its end.
    async fn read(&mut self, mut body: Incoming, limit: usize) -> Result<Bytes, Broken> {
        let patience = self.shared.times.between_bytes;
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        loop {
            let frame = match self.wait(patience, std::pin::pin!(body.frame())).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(_))) => return Err(Broken::Closed),
                Ok(None) => break,
                Err(stop) => return Err(Broken::Stopped(stop)),
            };
            let Ok(data) = frame.into_data() else { continue };
            if all.len() + first.len() + data.len() > limit {
                return Err(Broken::TooLong);
            }
            // An answer that came in one piece is not copied.
            if first.is_empty() && all.is_empty() {
                first = data;
            } else {
                all.extend_from_slice(&std::mem::take(&mut first));
                all.extend_from_slice(&data);
            }
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    }
}
