//! One call after its hold is placed: forwarded, watched, answered, settled.
//!
//! A call belongs to the gateway and not to the connection that it came by: whoever hangs up takes nothing with them
//! but their interest in the answer.
//!
//! - **Invariant**: every way out of [`Call::run`] settles the hold.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use hyper::body::Incoming;
use scrip_engine::EngineError;
use scrip_ledger::Token;
use scrip_ledger::book::Outcome;
use scrip_ledger::event::ProviderAnswer;
use tokio::time::{Instant, Sleep};

use crate::answer::Meter;
use crate::ask::Ask;
use crate::caller::Caller;
use crate::config::Upstream;
use crate::error::ApiError;
use crate::gateway::Shared;
use crate::ledger::{Entry, Held};
use crate::units::{Tokens, guessed};
use crate::upstream;

/// The header that a caller finds the charge by.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// One call.
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    /// The provider that it goes to.
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) entry: Entry,
    pub(crate) ask: Ask,
    pub(crate) held: Held,
    pub(crate) caller: Caller,
    pub(crate) meter: Meter,
    /// The caller left before the end.
    pub(crate) left: bool,
    /// The provider's status.
    pub(crate) status: Option<StatusCode>,
    /// What may still be read after the caller has left.
    pub(crate) read_on: usize,
    read_until: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
}

/// Why a call is not waited for any longer.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The provider takes too long.
    TimedOut,
    /// The caller has left, and the bound for reading on is reached.
    ReadOn,
    /// The gateway stops.
    ShuttingDown,
    /// The ledger does not cover the call any longer.
    Uncovered(ApiError),
}

impl Stop {
    /// What the caller is told, if there still is one.
    pub(crate) fn error(self) -> Option<ApiError> {
        match self {
            Self::TimedOut => Some(ApiError::new(504, "upstream_timeout", "the provider took too long")),
            Self::ReadOn => None,
            Self::ShuttingDown => Some(ApiError::new(503, "shutting_down", "the service is stopping")),
            Self::Uncovered(error) => Some(error),
        }
    }
}

impl Call {
    pub(crate) fn new(
        shared: Arc<Shared>,
        upstream: Arc<Upstream>,
        entry: Entry,
        ask: Ask,
        held: Held,
        caller: Caller,
    ) -> Self {
        let read_on = shared.limits.read_on_bytes;
        Self {
            shared,
            upstream,
            entry,
            ask,
            held,
            caller,
            meter: Meter::default(),
            left: false,
            status: None,
            read_on,
            read_until: None,
            alarm: Box::pin(tokio::time::sleep_until(Instant::now())),
        }
    }

    pub(crate) async fn run(mut self, body: Bytes) {
        if self.caller.has_left() {
            // Nothing was asked of the provider yet.
            self.void(Outcome::ClientDisconnected).await;
            return;
        }
        let (shared, provider) = (Arc::clone(&self.shared), Arc::clone(&self.upstream));
        // Futures are handed around by reference, and rare ones boxed: each copy of one is memory that every call pays.
        let mut asked = std::pin::pin!(shared.providers.ask(&provider, body));
        let response = match self.wait(shared.times.first_byte, asked.as_mut()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                tracing::warn!(request_id = %self.entry.id, upstream = provider.name, %error, "no answer");
                self.void(Outcome::Failed).await;
                return self.answer_error(Some(upstream::unanswered(&error)));
            }
            Err(Stop::ReadOn) => {
                // The provider works on what nobody waits for: what it has read is known, what it writes is not.
                let _given_up = self.charge(Outcome::ClientDisconnected).await;
                return;
            }
            Err(stop) => {
                let error = stop.error();
                self.void(Outcome::Failed).await;
                return self.answer_error(error);
            }
        };
        self.status = Some(response.status());
        if !response.status().is_success() {
            return Box::pin(self.refused(response)).await;
        }
        let is_stream = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
            kind.as_bytes().get(..17).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
        });
        if is_stream { Box::pin(self.stream(response)).await } else { self.whole(response).await }
    }

    /// Waits for the provider, and meanwhile looks after the hold, the caller and the gateway.
    pub(crate) async fn wait<F: Future>(
        &mut self,
        patience: Duration,
        mut what: Pin<&mut F>,
    ) -> Result<F::Output, Stop> {
        // Most of what is waited for in a stream is there already: no timer for that.
        let at_once = std::future::poll_fn(|cx| std::task::Poll::Ready(what.as_mut().poll(cx))).await;
        if let std::task::Poll::Ready(output) = at_once {
            return Ok(output);
        }
        let now = Instant::now();
        let give_up = now + patience;
        let mut look_after = now + self.shared.times.upkeep;
        loop {
            let until = self.read_until.map_or(give_up, |until| until.min(give_up));
            self.alarm.as_mut().reset(until.min(look_after));
            tokio::select! {
                biased;
                output = what.as_mut() => return Ok(output),
                () = self.caller.leaves() => self.caller_left(),
                () = &mut self.alarm => {
                    let now = Instant::now();
                    if now >= give_up {
                        return Err(Stop::TimedOut);
                    }
                    if self.read_until.is_some_and(|until| now >= until) {
                        return Err(Stop::ReadOn);
                    }
                    Box::pin(self.upkeep()).await?;
                    look_after = Instant::now() + self.shared.times.upkeep;
                }
            }
        }
    }

    async fn upkeep(&mut self) -> Result<(), Stop> {
        if self.shared.is_stopping() {
            return Err(Stop::ShuttingDown);
        }
        self.entry.prolong(&mut self.held).await;
        self.entry.given_up(&self.held).await.map_or(Ok(()), |error| Err(Stop::Uncovered(error)))
    }

    /// The caller is not there any more: the provider is read on to the usage, within bounds.
    pub(crate) fn caller_left(&mut self) {
        self.caller = Caller::Gone;
        if !self.left {
            self.left = true;
            self.shared.count_caller_left();
            self.read_until = Some(Instant::now() + self.shared.times.read_on);
            tracing::debug!(request_id = %self.entry.id, "the caller left");
        }
    }

    /// What was used: as the provider says, or as it is guessed.
    fn used(&self) -> Tokens {
        match self.meter.usage {
            Some(usage) => usage.into(),
            None => guessed(self.ask.input, self.meter.written.tokens()),
        }
    }

    /// Charges what was used. What the outcome is charged is the book's.
    pub(crate) async fn charge(&self, outcome: Outcome) -> Result<(), EngineError> {
        let provider = ProviderAnswer {
            request_id: self.meter.id.clone(),
            status: self.status.and_then(|status| Token::new(status.as_str()).ok()),
        };
        self.entry.capture(&self.held, self.used(), outcome, provider, self.shared.times.settle).await
    }

    /// Gives the hold up. Should that fail for good, the hold frees itself at its end.
    pub(crate) async fn void(&self, outcome: Outcome) {
        let _logged = self.entry.void(&self.held, outcome, self.shared.times.settle).await;
    }

    pub(crate) fn answer_error(&mut self, error: Option<ApiError>) {
        if let Some(error) = error {
            let mut response = axum::response::IntoResponse::into_response(error);
            self.sign(response.headers_mut());
            self.caller.answer(response);
        }
    }

    /// The head of an answer: the provider's status and the headers that pass.
    pub(crate) fn head(&self, response: &http::Response<Incoming>) -> http::response::Parts {
        let (mut head, ()) = http::Response::new(()).into_parts();
        head.status = response.status();
        upstream::pass_headers(response.headers(), &mut head.headers);
        self.sign(&mut head.headers);
        head
    }

    fn sign(&self, headers: &mut http::HeaderMap) {
        if let Ok(id) = HeaderValue::from_str(self.entry.id.as_str()) {
            headers.insert(REQUEST_ID, id);
        }
    }
}
