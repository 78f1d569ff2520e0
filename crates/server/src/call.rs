//! A command as it comes in over HTTP: who sends it, under which key, with which body.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::HeaderValue;
use bytes::Bytes;
use compact_str::CompactString;
use scrip_ledger::Token;

use crate::app::App;
use crate::auth::{Principal, authenticate};
use crate::observe::RequestId;
use crate::problem::{Code, Problem};
use crate::{body, limits};

/// The header that makes a command safe to send again.
pub(crate) const KEY_HEADER: &str = "idempotency-key";

/// An authenticated request with its whole body of at most `LIMIT` bytes.
pub(crate) struct Call<const LIMIT: usize = { limits::BODY }> {
    pub(crate) caller: Arc<Principal>,
    pub(crate) correlation: CompactString,
    pub(crate) body: Bytes,
    key: Option<HeaderValue>,
}

impl<const LIMIT: usize> Call<LIMIT> {
    /// The idempotency key, which every command needs.
    pub(crate) fn key(&self) -> Result<Token, Problem> {
        let missing = || Problem::new(Code::IDEMPOTENCY_KEY_MISSING, "send an Idempotency-Key header");
        idempotency_key(self.key.as_ref().ok_or_else(missing)?.to_str().unwrap_or(""))
    }
}

/// Checks an idempotency key.
pub(crate) fn idempotency_key(text: &str) -> Result<Token, Problem> {
    Token::new(text)
        .map_err(|error| Problem::new(Code::INVALID_ID, error.to_string()).with("field", "idempotency_key"))
}

impl<const LIMIT: usize> FromRequest<Arc<App>> for Call<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = authenticate(app, &parts);
        // A caller that is still writing would not see the answer, so the body is read even if nobody known sent it; but
        // nothing of it is kept.
        let body = body::read(body, if caller.is_ok() { LIMIT } else { 0 }).await;
        let (caller, body) = (caller?, body?);
        let correlation = parts.extensions.remove::<RequestId>().map(|id| id.0).unwrap_or_default();
        Ok(Self { caller, correlation, body, key: parts.headers.remove(KEY_HEADER) })
    }
}
