//! The API, asked in this process by somebody who is signed in.

use axum::body::{Body, to_bytes};
use axum::http::response::Parts;
use axum::http::{Method, Request, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::Service;

use super::pages::export::CsvPage;
use super::trouble::Trouble;
use super::visitor::{Fields, Visitor};
use crate::auth::SignedIn;
use crate::call::KEY_HEADER;
use crate::problem::{Code, Problem};

/// Bytes of an answer at the most: a page of a thousand events with everything in them is far less.
const ANSWER: usize = 64 << 20;

/// A page of a list.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Items<T> {
    pub(super) items: Vec<T>,
    /// Where the next page begins.
    #[serde(default)]
    pub(super) next: Option<String>,
}

/// An id as a part of a path; what can be no id is nowhere.
pub(super) fn segment(id: &str) -> Result<&str, Trouble> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !id.is_empty() && id.len() <= 200 && id.bytes().all(known) && !id.starts_with('.') {
        Ok(id)
    } else {
        Err(Problem::new(Code::NOT_FOUND, "there is nothing with this id").into())
    }
}

/// A path with a query string of the pairs that have a value.
pub(super) fn with_query(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let given: Vec<(&str, &str)> =
        pairs.iter().filter_map(|(name, value)| value.map(|value| (*name, value))).collect();
    match serde_urlencoded::to_string(given) {
        Ok(query) if !query.is_empty() => format!("{path}?{query}"),
        _ => path.to_owned(),
    }
}

impl Visitor {
    /// Asks a query.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
    ) -> Result<T, Trouble> {
        let request = Request::get(with_query(path, query)).body(Body::empty());
        let (_, body) = self.ask(request.map_err(unreadable)?).await?;
        serde_json::from_slice(&body).map_err(|error| {
            tracing::error!(%error, path, "the console cannot read an answer");
            Problem::internal("the console cannot read an answer of the API").into()
        })
    }

    /// Gives a command under a key.
    pub(super) async fn command(
        &self,
        path: &str,
        key: &str,
        body: &impl Serialize,
    ) -> Result<Value, Trouble> {
        let body = serde_json::to_vec(body).map_err(|_| Problem::internal("a command cannot be written"))?;
        let request =
            Request::builder().method(Method::POST).uri(path).header(KEY_HEADER, key).body(Body::from(body));
        let (_, body) = self.ask(request.map_err(unreadable)?).await?;
        Ok(serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Asks a query for a page of CSV.
    pub(super) async fn csv(&self, path: &str) -> Result<CsvPage, Trouble> {
        let request = Request::get(path).header(header::ACCEPT, "text/csv").body(Body::empty());
        let (head, text) = self.ask(request.map_err(unreadable)?).await?;
        let link = head.headers.get(header::LINK).and_then(|link| link.to_str().ok());
        let next = link.and_then(|link| link.strip_prefix('<')?.split('>').next()?.parse().ok());
        let next = next.and_then(|next| Fields::of_query(&next).get("cursor").map(str::to_owned));
        Ok(CsvPage { text, next })
    }

    async fn ask(&self, mut request: Request<Body>) -> Result<(Parts, bytes::Bytes), Trouble> {
        request.extensions_mut().insert(SignedIn(self.principal().clone()));
        if let Some(id) = self.request_id() {
            request.extensions_mut().insert(id.clone());
        }
        let answered = match self.desk().api.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (head, body) = answered.into_parts();
        let body = to_bytes(body, ANSWER).await.map_err(|_| Problem::internal("an answer is too large"))?;
        if head.status.is_success() { Ok((head, body)) } else { Err(Trouble::read(head.status, &body)) }
    }
}

fn unreadable(_: axum::http::Error) -> Trouble {
    Problem::new(Code::MALFORMED, "this is no path").into()
}
