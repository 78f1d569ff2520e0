//! The one middleware: a request's id, its count and time, its trace. Nothing of a query string, a body or a secret
//! is ever seen here.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use compact_str::{CompactString, format_compact};
use pin_project_lite::pin_project;
use scrip_ledger::Token;
use tower::{Layer, Service};
use tracing::Span;

use crate::metrics::{Metrics, RouteIndex};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id: the caller's, if it is an id; one of ours otherwise.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) CompactString);

/// Makes ids: a word that tells this process from others, and a count.
#[derive(Debug)]
struct Ids {
    process: u32,
    next: AtomicU64,
}

impl Ids {
    fn of(&self, headers: &HeaderMap) -> CompactString {
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        match given.filter(|id| Token::new(id).is_ok()) {
            Some(id) => id.into(),
            None => format_compact!("{:08x}-{:x}", self.process, self.next.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

/// Adds the middleware.
#[derive(Clone, Debug)]
pub(crate) struct ObserveLayer {
    metrics: Arc<Metrics>,
    ids: Arc<Ids>,
}

impl ObserveLayer {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        // Without the system's random bytes, ids are still counted within this process.
        let process = getrandom::u32().unwrap_or_default();
        Self { metrics, ids: Arc::new(Ids { process, next: AtomicU64::new(0) }) }
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Observe<S> {
        Observe { inner, shared: self.clone() }
    }
}

/// The middleware around a service.
#[derive(Clone, Debug)]
pub(crate) struct Observe<S> {
    inner: S,
    shared: ObserveLayer,
}

impl<S> Service<Request> for Observe<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Observed<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let start = Instant::now();
        let id = self.shared.ids.of(request.headers());
        let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let route = self.shared.metrics.route(request.method(), path);
        let span = tracing::info_span!(
            target: "scrip::http", "request",
            request_id = id.as_str(), method = request.method().as_str(), path = path.unwrap_or(""),
        );
        request.extensions_mut().insert(RequestId(id.clone()));
        let inner = span.in_scope(|| self.inner.call(request));
        Observed { inner, id, start, route, span, metrics: self.shared.metrics.clone() }
    }
}

pin_project! {
    /// A response on its way.
    pub(crate) struct Observed<F> {
        #[pin]
        inner: F,
        id: CompactString,
        start: Instant,
        route: RouteIndex,
        span: Span,
        metrics: Arc<Metrics>,
    }
}

impl<F> Future for Observed<F>
where
    F: Future<Output = Result<Response, Infallible>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let entered = this.span.enter();
        let mut response = match ready!(this.inner.poll(cx)) {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let took = this.start.elapsed();
        let status = response.status().as_u16();
        this.metrics.count(*this.route, status, took);
        if let Ok(id) = HeaderValue::from_str(this.id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        tracing::info!(target: "scrip::http", status, micros = took.as_micros() as u64, "answered");
        drop(entered);
        Poll::Ready(Ok(response))
    }
}
