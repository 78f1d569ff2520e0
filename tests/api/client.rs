//! A server over a real socket on a store in memory, with a clock that stands still, and a client for it.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use scrip_engine::{Clock, Engine, Options, load_books};
use scrip_ledger::{Timestamp, Token};
use scrip_projections::{ReadSide, Source};
use scrip_server::{Config, Scope, TokenConfig, WebhookConfig, WebhookSecret};
use scrip_store::{EventStore, MemoryStore};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// When every test begins.
pub const START: &str = "2026-07-01T00:00:00Z";
/// Every role there is, and the finance officer of one book.
pub const ROLES: [&str; 6] = ["proxy", "support", "finance", "auditor", "admin", "finance-pixapi"];

/// A running server.
pub struct World {
    pub engine: Engine,
    pub read_side: ReadSide,
    pub address: SocketAddr,
    store: Arc<MemoryStore>,
    client: Client<HttpConnector, Full<Bytes>>,
    stop: oneshot::Sender<()>,
    server: JoinSet<bool>,
    /// Of the read models.
    folder: TempDir,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    /// A text member of the answer.
    pub fn text(&self, member: &str) -> String {
        let json = self.json();
        json[member].as_str().unwrap_or_else(|| panic!("no {member} in {json}")).to_owned()
    }

    /// The code of a problem.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], self.status, "{json}");
        json["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The answer to something that must have gone well.
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{} {:?}", self.status, self.body);
        self
    }
}

/// The token of a role.
pub fn token(role: &str) -> String {
    format!("token-of-{role}")
}

fn tokens() -> Vec<TokenConfig> {
    let of = |role: &str, scope| {
        let subject = Token::new(role).unwrap();
        TokenConfig::of(subject, &[scope], &token(role))
    };
    let pixapi = Some(vec![Token::new("pixapi").unwrap()]);
    vec![
        of("proxy", Scope::Proxy),
        of("support", Scope::Support),
        of("finance", Scope::Finance),
        of("finance2", Scope::Finance),
        of("auditor", Scope::Auditor),
        of("admin", Scope::Admin),
        TokenConfig { books: pixapi, ..of("finance-pixapi", Scope::Finance) },
    ]
}

/// What Stripe signs the webhooks of pixapi with: the old secret and the new one.
pub const WEBHOOK_SECRETS: [&str; 2] = ["whsec_old", "whsec_new"];

fn webhooks() -> Vec<WebhookConfig> {
    let secrets = WEBHOOK_SECRETS.map(WebhookSecret::new).to_vec();
    let [provider, book] = ["stripe", "pixapi"].map(|word| Token::new(word).unwrap());
    vec![WebhookConfig { provider, book: Some(book), secrets }]
}

/// The folder of the books.
pub fn books_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/books")
}

impl World {
    pub async fn start() -> Self {
        Self::start_at(START).await
    }

    /// The same, at another time.
    pub async fn start_at(start: &str) -> Self {
        let start: Timestamp = start.parse().unwrap();
        Self::on(Arc::new(MemoryStore::new()), Clock::manual(start)).await
    }

    async fn on(store: Arc<MemoryStore>, clock: Clock) -> Self {
        let shared: Arc<dyn EventStore> = store.clone();
        let books = load_books(&books_dir(), &*shared, clock.now()).unwrap();
        let engine = Engine::start(shared, books, clock, Options::default()).unwrap();
        Self::serve(engine, store, None).await
    }

    /// Another server beside this one, over the same engine, with read models of its own.
    pub async fn beside(&self, source: Source) -> Self {
        Self::serve(self.engine.clone(), self.store.clone(), Some(source)).await
    }

    async fn serve(engine: Engine, store: Arc<MemoryStore>, source: Option<Source>) -> Self {
        let config = Config { tokens: tokens(), webhooks: webhooks(), dev: true, bench: true };
        let folder = tempfile::tempdir().unwrap();
        let source = source.unwrap_or_else(|| Source::Folder(folder.path().to_owned()));
        let read_side = ReadSide::start(engine.store().clone(), source).await.unwrap();
        let router = scrip_server::router(engine.clone(), read_side.clone(), config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let mut server = JoinSet::new();
        server.spawn(scrip_server::serve(listener, router, async move {
            let _dropped = stopped.await;
        }));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { engine, read_side, address, store, client, stop, server, folder }
    }

    /// The folder of its read models, where they are in SQLite.
    pub fn read_models(&self) -> &Path {
        self.folder.path()
    }

    /// Stops everything and starts it again on the same store.
    pub async fn restart(self) -> Self {
        let Self { engine, read_side, store, stop, mut server, .. } = self;
        stop.send(()).unwrap();
        assert!(server.join_next().await.unwrap().unwrap(), "the requests were not drained");
        let clock = engine.clock().clone();
        read_side.shutdown().await;
        engine.shutdown().await;
        Self::on(store, clock).await
    }

    /// Sends a request as it is given.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Reply {
        let (head, body) = self.client.request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// A request to this server.
    pub fn request(&self, method: Method, path: &str, secret: Option<&str>) -> hyper::http::request::Builder {
        let request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        match secret {
            Some(secret) => request.header("authorization", format!("Bearer {secret}")),
            None => request,
        }
    }

    /// A command by a role, under a key.
    pub async fn post(&self, role: &str, path: &str, key: &str, body: Value) -> Reply {
        self.post_as(&token(role), path, key, body).await
    }

    /// A command with a token or a key's secret.
    pub async fn post_as(&self, secret: &str, path: &str, key: &str, body: Value) -> Reply {
        let request = self.request(Method::POST, path, Some(secret)).header("idempotency-key", key);
        self.send(request.body(Full::from(body.to_string())).unwrap()).await
    }

    /// A query by a role.
    pub async fn get(&self, role: &str, path: &str) -> Reply {
        self.get_as(&token(role), path).await
    }

    /// A query with a token or a key's secret.
    pub async fn get_as(&self, secret: &str, path: &str) -> Reply {
        self.send(self.request(Method::GET, path, Some(secret)).body(Full::default()).unwrap()).await
    }

    pub async fn delete(&self, role: &str, path: &str, key: &str) -> Reply {
        let request = self.request(Method::DELETE, path, Some(&token(role))).header("idempotency-key", key);
        self.send(request.body(Full::default()).unwrap()).await
    }

    /// A batch.
    pub async fn batch(&self, role: &str, commands: Value) -> Vec<Value> {
        let reply = self.post(role, "/v1/commands", "-", json!({ "commands": commands })).await.ok();
        reply.json()["results"].as_array().unwrap().clone()
    }

    /// Moves the clock.
    pub async fn advance(&self, duration: &str) -> Reply {
        self.post("admin", "/v1/dev/clock", "-", json!({ "advance": duration })).await.ok()
    }

    /// An account of a book with so many granted credits that do not expire within a test.
    pub async fn account(&self, book: &str, id: &str, credits: &str) {
        let body = json!({ "account_id": id });
        self.post("support", &format!("/v1/books/{book}/accounts"), &format!("open-{id}"), body).await.ok();
        if credits != "0" {
            let body = json!({ "source": "compensation", "credits": credits });
            self.post("finance", &format!("/v1/accounts/{id}/grants"), &format!("grant-{id}"), body)
                .await
                .ok();
        }
    }

    /// A key of an account: its id and its secret.
    pub async fn key(&self, account: &str) -> (String, String) {
        let path = format!("/v1/accounts/{account}/keys");
        let reply = self.post("support", &path, &format!("key-{account}"), json!({})).await.ok();
        (reply.text("key_id"), reply.text("secret"))
    }

    /// The balance of an account, as an auditor sees it.
    pub async fn balance(&self, account: &str) -> Value {
        self.get("auditor", &format!("/v1/accounts/{account}/balance")).await.ok().json()["balance"].clone()
    }
}

/// What was asked and answered, as one text for a snapshot. Secrets and what is random are left out.
#[derive(Default)]
pub struct Transcript(String);

impl Transcript {
    pub fn add(&mut self, title: &str, reply: &Reply) {
        let mut json = reply.json();
        blank(&mut json);
        let replayed = reply.header("idempotent-replayed").map(|_| " (replayed)").unwrap_or_default();
        let retry =
            reply.header("retry-after").map(|after| format!(" (retry after {after})")).unwrap_or_default();
        let text = serde_json::to_string_pretty(&json).unwrap();
        writeln!(self.0, "── {title}\n{}{replayed}{retry} {text}\n", reply.status).unwrap();
    }

    pub fn text(self) -> String {
        self.0
    }
}

fn blank(json: &mut Value) {
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value.as_str()) {
                    ("secret", Some(text)) if text.starts_with("sk-") => *value = json!("[secret]"),
                    ("id" | "hash" | "secret_sha256" | "correlation", Some(_)) => *value = json!("[random]"),
                    _ => blank(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(blank),
        _ => {}
    }
}

/// Usage of a chat model of pixapi.
pub fn tokens_used(input: u64, output: u64) -> Value {
    json!({ "input_tokens": input, "output_tokens": output })
}

/// A call of a chat model that both books sell.
pub fn call(request_id: &str, field: &str, size: Value) -> Value {
    json!({ "request_id": request_id, "model": "gpt-5.2", "endpoint": "chat/completions", field: size })
}
