//! A small JSON client, for the demo and the benchmarks to call the API as any caller would.

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Calls one server with one token. Clones share their connections.
#[derive(Clone)]
pub struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    token: String,
}

impl Api {
    /// A client of a server such as `http://127.0.0.1:8080`.
    pub fn new(base: &str, token: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, base: base.to_owned(), token: token.to_owned() }
    }

    /// The same server with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Sends a command with an idempotency key; answers the status and the body.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<(StatusCode, Value)> {
        let request = self.request(Method::POST, path).header("idempotency-key", key);
        let request = request.header(CONTENT_TYPE, "application/json").body(Full::from(body.to_string()))?;
        let (status, bytes) = self.send(request).await?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    /// Sends a command that must be accepted.
    pub async fn command(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Value> {
        let (status, answer) = self.post(path, key, body).await?;
        if !status.is_success() {
            bail!("POST {path}: {status}: {answer}");
        }
        Ok(answer)
    }

    /// Asks something that must be answered.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let (status, bytes) = self.send(self.request(Method::GET, path).body(Full::default())?).await?;
        if !status.is_success() {
            bail!("GET {path}: {status}: {}", String::from_utf8_lossy(&bytes));
        }
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Posts a body and reads the whole answer, whatever it is.
    pub async fn raw(&self, path: &str, body: String) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = self.request(Method::POST, path).header(CONTENT_TYPE, "application/json");
        self.send(request.body(Full::from(body))?).await
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        let uri = format!("{}{path}", self.base);
        Request::builder().method(method).uri(uri).header(AUTHORIZATION, format!("Bearer {}", self.token))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Bytes)> {
        let uri = request.uri().clone();
        let response = self.client.request(request).await.with_context(|| format!("cannot reach {uri}"))?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}

/// A text of an answer, by its JSON pointer.
pub fn text<'a>(value: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.with_context(|| format!("an answer without {pointer}: {value}"))
}
