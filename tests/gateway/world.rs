//! A gateway in front of an engine in memory, a provider that does what it is told, and an account with a key.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use scrip_engine::{Accepted, BookScope, Clock, Engine, EngineError, Options, Request};
use scrip_gateway::mock::{Manner, Mock};
use scrip_gateway::{Config, Gateway, Limits, Models, Secret, Times, Upstream};
use scrip_ledger::book::{Book, BookFiles, ClaimsSoFar, GrantSource};
use scrip_ledger::command::{Grant, Open};
use scrip_ledger::event::{Charged, SecretHash};
use scrip_ledger::{Account, AccountId, Bucket, Command, Credits, Event, Timestamp, Token};
use scrip_store::{EventStore, MemoryStore};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

pub const KEY: &str = "sk-test-0123456789abcdef";
pub const PROVIDERS_KEY: &str = "sk-provider-secret";

pub struct World {
    pub engine: Engine,
    pub gateway: Gateway,
    pub provider: Mock,
    pub url: String,
    pub account: AccountId,
    client: Client<HttpConnector, Full<Bytes>>,
    server: TaskTracker,
}

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The code of an error.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// An answer that is being read.
pub struct Reading {
    pub head: http::response::Parts,
    body: Incoming,
    pub seen: String,
}

impl Reading {
    /// Reads until so many bytes of text have come in all.
    pub async fn until(&mut self, text: &str) {
        while !self.seen.contains(text) {
            assert!(self.more().await, "the stream ended before {text:?}: {}", self.seen);
        }
    }

    /// Reads to the end.
    pub async fn rest(mut self) -> String {
        while self.more().await {}
        self.seen
    }

    async fn more(&mut self) -> bool {
        let frame = tokio::time::timeout(Duration::from_secs(20), self.body.frame()).await.expect("in time");
        let Some(frame) = frame else { return false };
        let data = frame.expect("a whole stream").into_data().expect("data");
        self.seen.push_str(std::str::from_utf8(&data).unwrap());
        true
    }
}

pub fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

pub fn credits(text: &str) -> Credits {
    text.parse().unwrap()
}

pub fn start() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub fn book(id: &str) -> Book {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/books");
    let read = |file: &str| std::fs::read_to_string(format!("{folder}/{id}/{file}")).unwrap();
    Book::from_files(BookFiles::parse(id, &read("catalog.toml"), &read("policy.toml")).unwrap())
}

/// Times that a test can wait for, except those that it is about to shorten.
pub fn times() -> Times {
    Times { upkeep: Duration::from_millis(5), settle: Duration::from_secs(2), ..Times::default() }
}

/// Waits, bounded, until something has happened.
pub async fn eventually(happened: impl Fn() -> bool) {
    let wait = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it happens in time");
}

impl World {
    /// An account of a book with so many credits.
    pub async fn new(book_id: &str, grant: &str) -> Self {
        Self::with(book(book_id), grant, Limits::default(), times()).await
    }

    pub async fn with(book: Book, grant: &str, limits: Limits, times: Times) -> Self {
        let provider = Mock::start(Manner::default()).await.unwrap();
        let upstream =
            Upstream::new("mock", &provider.base_url(), Some(&Secret::new(PROVIDERS_KEY)), Models::All)
                .unwrap();
        Self::behind(book, grant, Config { upstreams: vec![upstream], limits, times }, provider).await
    }

    pub async fn behind(book: Book, grant: &str, config: Config, provider: Mock) -> Self {
        Self::on(Arc::new(MemoryStore::new()), book, grant, config, provider).await
    }

    pub async fn on(
        store: Arc<dyn EventStore>,
        book: Book,
        grant: &str,
        config: Config,
        provider: Mock,
    ) -> Self {
        let book_id = book.id.clone();
        let clock = Clock::manual(start());
        let engine = Engine::start(store, vec![book], clock, Options::default()).unwrap();
        let gateway = Gateway::new(engine.clone(), config);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let server = TaskTracker::new();
        let router = gateway.router();
        server.spawn(async move {
            use axum::serve::ListenerExt;
            let listener = listener.tap_io(|socket| socket.set_nodelay(true).unwrap());
            axum::serve(listener, router).await.unwrap();
        });
        let client = Client::builder(TokioExecutor::new()).build_http();
        let world = Self { engine, gateway, provider, url, account: token("alice"), client, server };
        world
            .command(Command::Open(Open {
                book: book_id,
                owner: None,
                region: None,
                attestations: None,
                terms_version: None,
                frozen: None,
            }))
            .await
            .unwrap();
        world.command(Command::IssueKey { secret: SecretHash::of(KEY) }).await.unwrap();
        if grant != "0" {
            world.grant(grant).await;
        }
        world
    }

    pub async fn grant(&self, amount: &str) {
        let grant = Grant {
            source: GrantSource::Compensation,
            campaign: None,
            credits: credits(amount),
            expires_at: None,
            priority: None,
            reason: None,
            by: token("finance"),
            so_far: ClaimsSoFar::default(),
        };
        self.command(Command::Grant(grant)).await.unwrap();
    }

    pub async fn command(&self, command: Command) -> Result<Accepted, EngineError> {
        let request = Request {
            account: self.account.clone(),
            command,
            subject: token("test"),
            books: BookScope::All,
            key: None,
            correlation: "".into(),
        };
        self.engine.submit(request).await
    }

    pub async fn account(&self) -> Account {
        self.engine.view(&self.account, &BookScope::All).await.unwrap().account
    }

    /// available, held, debt.
    pub async fn balance(&self) -> [String; 3] {
        let balance = self.account().await.balance();
        [balance.available, balance.held, balance.debt].map(|amount| amount.to_string())
    }

    /// Moves the time forward.
    pub fn pass_seconds(&self, seconds: u64) {
        assert!(self.engine.clock().set(self.engine.clock().now().plus_seconds(seconds)));
    }

    pub fn events(&self) -> Vec<Event> {
        let events = self.engine.history().events(&self.account, 0, 100_000).unwrap();
        events.into_iter().map(|(_, event)| event).collect()
    }

    /// Every call that was charged.
    pub fn charges(&self) -> Vec<Charged> {
        let charge = |event| match event {
            Event::HoldCaptured(captured) => Some(captured.charge),
            _ => None,
        };
        self.events().into_iter().filter_map(charge).collect()
    }

    /// The one call that was charged: outcome, what it was charged, lines as unit:quantity.
    pub fn charge(&self) -> (String, String, String) {
        let charges = self.charges();
        assert_eq!(charges.len(), 1, "{charges:#?}");
        // Input first, its parts, then output: in which order they are stored is the ledger's.
        let place = |unit: &str| {
            ["input_tokens", "cached_input_tokens", "cache_write_tokens"]
                .iter()
                .position(|u| *u == unit)
                .unwrap_or(9)
        };
        let mut sorted: Vec<_> = charges[0].lines.iter().collect();
        sorted.sort_by_key(|line| place(&line.unit));
        let lines = sorted.into_iter().map(|line| format!("{}:{}", line.unit, line.quantity));
        let lines = lines.collect::<Vec<_>>().join(" ");
        (charges[0].outcome.as_str().to_owned(), charges[0].charged.to_string(), lines)
    }

    /// The outcomes of holds that were given up.
    pub fn voids(&self) -> Vec<String> {
        let outcome = |event| match event {
            Event::HoldVoided(voided) => Some(voided.outcome.as_str().to_owned()),
            _ => None,
        };
        self.events().into_iter().filter_map(outcome).collect()
    }

    /// Waits until every call is settled, then checks that nothing is held and nothing was made or lost.
    pub async fn settled(&self) {
        eventually(|| self.gateway.open_calls() == 0).await;
        let account = self.account().await;
        assert_eq!(account.holds().len(), 0, "a hold is left open");
        check(&account);
    }

    pub async fn send(
        &self,
        path: &str,
        key: Option<&str>,
        body: impl Into<Bytes>,
    ) -> http::Response<Incoming> {
        let mut request =
            http::Request::post(format!("{}{path}", self.url)).header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let sent = self.client.request(request.body(Full::new(body.into())).unwrap());
        tokio::time::timeout(Duration::from_secs(20), sent).await.expect("an answer in time").unwrap()
    }

    pub async fn post(&self, key: Option<&str>, body: impl Into<Bytes>) -> Reply {
        whole(self.send("/chat/completions", key, body).await).await
    }

    pub async fn call(&self, body: Value) -> Reply {
        self.post(Some(KEY), body.to_string()).await
    }

    pub async fn get(&self, path: &str, key: &str) -> Reply {
        let request = http::Request::get(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {key}"));
        whole(self.client.request(request.body(Full::default()).unwrap()).await.unwrap()).await
    }

    /// Opens a stream; its head has come.
    pub async fn stream(&self, body: Value) -> Reading {
        let (head, body) = self.send("/chat/completions", Some(KEY), body.to_string()).await.into_parts();
        Reading { head, body, seen: String::new() }
    }

    /// Nothing was left behind.
    pub async fn end(self) {
        self.settled().await;
        self.server.close();
    }
}

async fn whole(response: http::Response<Incoming>) -> Reply {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// The two equations: per lot, and per account.
pub fn check(account: &Account) {
    for lot in account.lots() {
        let places = Bucket::ALL.map(|bucket| lot.bucket(bucket));
        assert_eq!(lot.granted, Credits::total(places).unwrap(), "lot {}", lot.revision);
    }
    let totals = account.totals();
    assert_eq!(totals.charged, Credits::total([totals.from_lots, totals.by_debt, totals.absorbed]).unwrap());
    assert_eq!(account.inconsistency(), None);
}

/// A call of a model with a question of 26 letters; anything else on top of it.
pub fn ask(model: &str, more: Value) -> Value {
    let mut body =
        json!({"model": model, "messages": [{"role": "user", "content": "Tell me about the weather."}]});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

/// A freeze that takes effect at once.
pub fn freeze(scope: scrip_ledger::FreezeScope, reason: &str) -> Command {
    Command::Freeze(scrip_ledger::command::Freeze {
        scope,
        reason: token(reason),
        effective_at: None,
        owner_wide: false,
        origin: None,
        preserve_logs: false,
    })
}
