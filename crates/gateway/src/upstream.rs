//! Calls to providers: one client, connections kept and reused, small writes sent at once.
//!
//! Everything that knows how a connection is made is here: TLS will be another connector.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::config::{Times, Upstream};
use crate::error::ApiError;

/// Idle connections that are kept to one provider.
const IDLE_CONNECTIONS: usize = 1_024;

/// The headers of an answer that reach the caller; the rest is between the provider and the service.
const PASSED: [header::HeaderName; 4] =
    [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CACHE_CONTROL, header::RETRY_AFTER];

/// The client of all providers.
#[derive(Clone, Debug)]
pub(crate) struct Providers(Client<HttpConnector, Full<Bytes>>);

impl Providers {
    pub(crate) fn new(times: &Times) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(times.connect));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(times.idle_connection)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(connector);
        Self(client)
    }

    /// Asks for a completion. Nothing of the caller's headers goes with it.
    pub(crate) async fn ask(&self, upstream: &Upstream, body: Bytes) -> Result<Response<Incoming>, Error> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = upstream.completions.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &upstream.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        self.0.request(request).await
    }
}

/// Takes over the headers that reach the caller.
pub(crate) fn pass_headers(from: &HeaderMap, to: &mut HeaderMap) {
    for name in PASSED {
        if let Some(value) = from.get(&name) {
            to.insert(name, value.clone());
        }
    }
}

/// What a call that got no answer is told.
pub(crate) fn unanswered(error: &Error) -> ApiError {
    if error.is_connect() {
        ApiError::new(502, "upstream_unreachable", "the provider cannot be reached; nothing was charged")
    } else {
        ApiError::new(502, "upstream_closed", "the provider closed the connection; nothing was charged")
    }
}
