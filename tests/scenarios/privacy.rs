//! «Log retention … we don't log prompts» is what every proxy says, and what few can show: prompts turn up in debug
//! logs, e-mail addresses in error texts, keys in dead-letter tables. Here words are planted wherever a caller or a
//! provider can put any, in the real process with everything logged, and then looked for in everything that it keeps
//! and says.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use http_body_util::Full;
use hyper::{Method, Request};
use scrip_gateway::mock::{Manner, Mock, Script, completion, usage_chunk};
use scrip_store::{EmbeddedStore, EventStore, Options};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row, SqliteConnection};

use crate::api::client::Reply;
use crate::cli::process::{Api, Server, errors, scrip_on};

/// What callers and providers plant. Each is one word, so that no escaping can hide it.
const PLANTED: [&str; 16] = [
    "PlantedSystemPrompt",
    "PlantedUserPrompt",
    "PlantedName",
    "planted.person@example.org",
    "PlantedToolDescription",
    "PlantedToolArgument",
    "PlantedAnswer",
    "PlantedChunk",
    "PlantedThought",
    "PlantedErrorText",
    "PlantedErrorPage",
    "PlantedProvidersKey",
    "PlantedQuery",
    "PlantedHeader",
    "PlantedFreeText",
    "PlantedSecret",
];

/// A piece of what the process keeps or says. What is no text is read as if it were: words stay words.
struct Place {
    name: String,
    text: String,
}

impl Place {
    fn new(name: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Self { name: name.into(), text: String::from_utf8_lossy(bytes.as_ref()).into_owned() }
    }
}

/// Where a word stands.
fn found(word: &str, places: &[Place]) -> Vec<String> {
    places.iter().filter(|place| place.text.contains(word)).map(|place| place.name.clone()).collect()
}

/// The service under test, what it answered by itself, and the secrets that it gave out.
struct Run {
    api: Api,
    provider: Mock,
    answers: Vec<Place>,
    secrets: Vec<String>,
}

#[tokio::test]
async fn nothing_that_callers_or_providers_say_is_kept_or_logged_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let provider = Mock::start(Manner::default()).await.unwrap();
    let base_url = provider.base_url();
    let server = Server::start_with(&data, &["--upstream", &base_url], &[("RUST_LOG", "trace")]).await;
    let tokens = server.first_line["tokens"].as_object().unwrap();
    let secrets = tokens.values().map(|token| token.as_str().unwrap().to_owned()).collect();
    let mut run = Run { api: server.api.clone(), provider, answers: Vec::new(), secrets };

    // One account of a book that keeps what a provider said for a time only, one of a book that keeps it for good.
    for (book, account) in [("aiproxynode", "privacy-apart"), ("pixapi", "privacy-kept")] {
        run.calls(book, account).await;
    }
    run.mistakes().await;
    run.secrets_that_are_none().await;
    for path in ["/metrics", "/v1/events?limit=1000", "/v1/projections", "/v1/accounts/privacy-apart/calls"] {
        let reply = run.api.get("admin", path).await;
        run.answers.push(Place::new(path, &reply.body));
    }
    server.stop().await;

    let mut places = run.answers;
    let log = scrip_on(&data, &["events"]).await.with(0);
    places.push(Place::new("scrip events", log.out));
    places.push(Place::new("the log, decoded", decoded_log(&data)));
    places.push(Place::new("the tables, decoded", decoded_tables(&data.join("calls.sqlite")).await));
    places.push(Place::new("standard error", errors(&data)));
    places.extend(files(&data));

    for word in PLANTED.into_iter().chain(run.secrets.iter().map(String::as_str)) {
        assert_eq!(found(word, &places), [""; 0], "{word} was kept or told");
    }
    // The search finds what is there.
    let there = |word: &str| found(word, &places).join(", ");
    for (word, place) in [
        ("privacy-apart", "scrip events"),
        ("privacy-apart", "the log, decoded"),
        ("privacy-apart", "log/0000000001.seg"),
        ("privacy-apart", "the tables, decoded"),
        ("privacy-apart", "calls.sqlite"),
        ("privacy-apart", "index/"),
        ("/v1/accounts/{account_id}/debits", "standard error"),
        ("TRACE", "standard error"),
        ("chatcmpl-of-privacy-apart", "the tables, decoded"),
        ("chatcmpl-of-privacy-kept", "the log, decoded"),
        ("scrip_call_metadata_written_total", "/metrics"),
    ] {
        assert!(there(word).contains(place), "{word} is not in {place}, but in {}", there(word));
    }
    // And what is kept apart is in no event.
    let apart = found("chatcmpl-of-privacy-apart", &places);
    assert!(!apart.iter().any(|place| place.contains("log") || place.contains("index")), "{apart:?}");
}

impl Run {
    /// An account with a key, and calls of every kind through the gateway.
    async fn calls(&mut self, book: &str, account: &str) {
        let open = json!({
            "account_id": account, "owner": "owner-1", "region": "DE",
            "attestations": { "age_at_least": 21, "accurate_information": true, "not_sanctioned": true },
        });
        self.api
            .post("support", &format!("/v1/books/{book}/accounts"), &format!("open-{account}"), open)
            .await
            .ok();
        let grant = json!({ "source": "compensation", "credits": "1000" });
        self.api
            .post("finance", &format!("/v1/accounts/{account}/grants"), &format!("grant-{account}"), grant)
            .await
            .ok();
        let path = format!("/v1/accounts/{account}/keys");
        let key =
            self.api.post("support", &path, &format!("key-{account}"), json!({})).await.ok().text("secret");
        self.secrets.push(key.clone());

        let id = format!("chatcmpl-of-{account}");
        let reply = self.call(&key, false, Script::json(200, answer(&id))).await;
        assert_eq!((reply.status, reply.json()["id"].as_str()), (200, Some(&*id)));
        let reply = self.call(&key, true, Script::sse(stream(&id))).await;
        let said = String::from_utf8(reply.body.to_vec()).unwrap();
        assert!(
            reply.status == 200 && said.contains("PlantedChunk"),
            "the caller gets what it paid for: {said}"
        );
        // A stream that fails in its middle, and one that breaks off.
        let broken =
            format!("{}data: {}\n\n", chunk(&id), json!({ "error": { "message": "PlantedErrorText" } }));
        self.call(&key, true, Script::sse(broken)).await;
        let (script, gate) = Script::gated();
        gate.send(chunk(&id));
        gate.break_off();
        self.call(&key, true, script).await;
        // Refusals of the provider: texts, pages, its own key.
        let error = json!({ "error": { "message": "PlantedErrorText", "code": "content_filter", "param": "PlantedAnswer" } });
        for status in [400, 429, 500] {
            self.call(&key, false, Script::json(status, error.to_string())).await;
            self.call(&key, true, Script::json(status, error.to_string())).await;
        }
        self.call(&key, false, Script::json(401, r#"{"error":{"message":"wrong key PlantedProvidersKey"}}"#))
            .await;
        self.call(&key, false, Script::json(502, "<html>PlantedErrorPage</html>")).await;
        self.call(&key, false, Script::json(200, "PlantedErrorPage is not JSON")).await;
        self.call(&key, false, Script::Close).await;
        // What the gateway does not understand, it does not repeat.
        for body in [
            "{\"model\":\"gpt-5.2\",\"messages\":[{\"content\":\"PlantedUserPrompt".to_owned(),
            json!({ "model": "gpt-5.2", "messages": "PlantedUserPrompt" }).to_string(),
            json!({ "model": "gpt-5.2", "messages": [], "n": "PlantedUserPrompt" }).to_string(),
            json!({ "model": "gpt-5.2", "max_tokens": "PlantedUserPrompt", "messages": [] }).to_string(),
        ] {
            let count = self.provider.count();
            let reply = self.send(&key, body.clone()).await;
            if self.provider.count() == count {
                self.answers.push(Place::new(format!("an answer to {body}"), &reply.body));
            }
        }
    }

    /// A call with planted words in every field, to a provider that answers by a script.
    async fn call(&self, key: &str, stream: bool, script: Script) -> Reply {
        self.provider.script(script);
        self.send(key, asked(stream).to_string()).await
    }

    async fn send(&self, key: &str, body: String) -> Reply {
        let request = Request::post(format!("{}/v1/chat/completions?user=PlantedQuery", self.api.gateway))
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .header("user-agent", "PlantedHeader")
            .header("cookie", "session=PlantedSecret")
            .header("openai-organization", "PlantedHeader")
            .header("x-request-id", "PlantedHeader")
            .body(Full::from(body))
            .unwrap();
        // One that the provider cut off may have no whole answer.
        self.api.send(request).await.unwrap_or(Reply {
            status: 0,
            headers: hyper::HeaderMap::new(),
            body: hyper::body::Bytes::new(),
        })
    }

    /// Requests to the API with planted words where none belong.
    async fn mistakes(&mut self) {
        let text = "PlantedFreeText of PlantedName at planted.person@example.org";
        let debit = |field: &str, value: Value| {
            let mut body = json!({
                "request_id": "r-1", "model": "gpt-5.2", "endpoint": "chat/completions",
                "usage": { "input_tokens": 1 }, "provider": { "request_id": "chatcmpl-1", "status": 200 },
            });
            body[field] = value;
            ("proxy", "debits", body)
        };
        let mut wrong = vec![
            debit("prompt", json!(text)),
            debit("request_id", json!(text)),
            debit("model", json!(text)),
            debit("endpoint", json!(text)),
            debit("outcome", json!(text)),
            debit("usage", json!({ "input_tokens": text })),
            debit("usage", json!(text)),
            debit("provider", json!({ "request_id": text })),
            debit("provider", json!({ "status": text })),
            debit("provider", json!({ "body": text })),
            debit("key_id", json!(text)),
        ];
        for (role, path, field) in [
            ("finance", "grants", "reason"),
            ("finance", "grants", "source"),
            ("finance", "grants", "credits"),
            ("finance", "grants", "expires_at"),
            ("support", "freeze", "reason"),
            ("support", "freeze", "scope"),
            ("admin", "close", "reason"),
            ("finance", "top-ups", "product_id"),
            ("finance", "top-ups", "payment"),
            ("finance", "credit-line", "limit"),
        ] {
            wrong.push((role, path, json!({ field: text })));
        }
        let path = |kind: &str| format!("/v1/accounts/privacy-apart/{kind}?note=PlantedQuery");
        for (at, (role, kind, body)) in wrong.into_iter().enumerate() {
            let reply = self.api.post(role, &path(kind), &format!("wrong-{at}"), body.clone()).await;
            assert!((400..500).contains(&reply.status), "{kind} {body}: {reply:?}");
            self.answers.push(Place::new(format!("{kind} {body}"), &reply.body));
        }
        // The names of a field or a unit that nobody knows are told back to who sent them, and to nobody else.
        for (field, value) in [("PlantedFreeText", json!(1)), ("usage", json!({ "PlantedFreeText": 1 }))] {
            let (role, kind, body) = debit(field, value);
            let reply = self.api.post(role, &path(kind), "wrong-name", body).await;
            assert_eq!(reply.status, 422, "{reply:?}");
        }
        let open = json!({ "account_id": text, "owner": text, "region": text });
        let reply = self.api.post("support", "/v1/books/pixapi/accounts", "open", open).await;
        self.answers.push(Place::new("opening", &reply.body));
        for query in ["cursor=PlantedQuery", "limit=PlantedQuery", "min_position=PlantedQuery"] {
            let reply = self.api.get("auditor", &format!("/v1/accounts/privacy-apart/calls?{query}")).await;
            assert!((400..500).contains(&reply.status), "{query}: {reply:?}");
            self.answers.push(Place::new(query, &reply.body));
        }
        for path in [
            "/v1/accounts/PlantedName",
            "/v1/PlantedName",
            "/v1/books/PlantedName/catalog",
            "/v1/holds/PlantedName/void",
        ] {
            let reply = self.api.get("admin", path).await;
            assert!((400..500).contains(&reply.status), "{path}: {reply:?}");
            self.answers.push(Place::new(path, &reply.body));
        }
        // Not JSON at all, and a webhook that nobody signed.
        let payload = json!({ "type": "charge.succeeded", "data": { "object": {
            "billing_details": { "name": "PlantedName", "email": "planted.person@example.org" } } } });
        for (path, body) in [
            ("/v1/accounts/privacy-apart/debits", "PlantedFreeText {".to_owned()),
            ("/v1/accounts/privacy-apart/debits", "{\"request_id\": \"PlantedFreeText".to_owned()),
            ("/v1/commands", format!("{{\"commands\":[{{\"op\":\"{text}\"}}]}}")),
            ("/v1/webhooks/stripe/pixapi", payload.to_string()),
        ] {
            let role = self.secrets[0].clone();
            let reply = self.raw(path, Some(&role), "raw-1", body.clone()).await;
            // A batch is answered as a whole, its items one by one.
            let refused = reply.status >= 400 || path == "/v1/commands";
            assert!(refused, "{path} {body}: {reply:?}");
            self.answers.push(Place::new(format!("{path} {body}"), &reply.body));
        }
    }

    /// Secrets that belong to nobody, keys that are none.
    async fn secrets_that_are_none(&mut self) {
        for (secret, key) in [
            (Some("PlantedSecret"), "key-1"),
            (Some("sk-PlantedSecret"), "key-1"),
            (None, "PlantedSecret and more"),
            (Some("sk-PlantedSecret"), "planted.person@example.org"),
        ] {
            let body = json!({ "source": "compensation", "credits": "1" }).to_string();
            let reply = self.raw("/v1/accounts/privacy-apart/grants", secret, key, body).await;
            assert_eq!(reply.status, 401, "{reply:?}");
            self.answers.push(Place::new("a secret of nobody", &reply.body));
        }
        let reply = self.send("sk-PlantedSecret", asked(false).to_string()).await;
        assert_eq!(reply.status, 401, "{reply:?}");
        self.answers.push(Place::new("a key of nobody", &reply.body));
    }

    async fn raw(&self, path: &str, secret: Option<&str>, key: &str, body: String) -> Reply {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{path}", self.api.base()))
            .header("idempotency-key", key)
            .header("x-request-id", "PlantedHeader planted.person@example.org")
            .header("stripe-signature", "t=1,v1=PlantedSecret")
            .header("user-agent", "PlantedHeader");
        if let Some(secret) = secret {
            request = request.header("authorization", format!("Bearer {secret}"));
        }
        self.api.send(request.body(Full::from(body)).unwrap()).await.expect("no answer")
    }
}

/// A call with planted words in every field that takes any.
fn asked(stream: bool) -> Value {
    json!({
        "model": "gpt-5.2", "stream": stream, "max_tokens": 50, "user": "planted.person@example.org",
        "metadata": { "customer": "PlantedName" }, "stop": "PlantedUserPrompt",
        "messages": [
            { "role": "system", "content": "PlantedSystemPrompt" },
            { "role": "user", "name": "PlantedName", "content": "PlantedUserPrompt" },
            { "role": "assistant", "tool_calls": [{ "id": "call-1", "type": "function",
                "function": { "name": "look_up", "arguments": "{\"who\":\"PlantedToolArgument\"}" } }] },
            { "role": "tool", "tool_call_id": "call-1", "content": "PlantedToolArgument" },
        ],
        "tools": [{ "type": "function", "function": { "name": "look_up", "description": "PlantedToolDescription",
            "parameters": { "type": "object", "properties": { "who": { "type": "string" } } } } }],
    })
}

/// A whole answer with planted words.
fn answer(id: &str) -> String {
    let mut answer: Value = serde_json::from_str(&completion("PlantedAnswer", 20, 9)).unwrap();
    answer["id"] = json!(id);
    answer["system_fingerprint"] = json!("PlantedAnswer");
    answer["choices"][0]["message"]["reasoning_content"] = json!("PlantedThought");
    answer["choices"][0]["message"]["tool_calls"] = json!([{ "id": "call-2", "type": "function",
        "function": { "name": "look_up", "arguments": "{\"who\":\"PlantedToolArgument\"}" } }]);
    answer.to_string()
}

/// One event of a stream with planted words.
fn chunk(id: &str) -> String {
    let chunk = json!({ "id": id, "object": "chat.completion.chunk", "created": 1, "model": "mock", "choices": [{
        "index": 0, "finish_reason": null, "delta": { "content": "PlantedChunk", "reasoning_content": "PlantedThought",
            "tool_calls": [{ "index": 0, "function": { "arguments": "PlantedToolArgument" } }] } }] });
    format!(": PlantedErrorText\n\nevent: PlantedChunk\ndata: {chunk}\n\n")
}

fn stream(id: &str) -> String {
    format!("{}{}{}data: [DONE]\n\n", chunk(id), chunk(id), usage_chunk(20, 9))
}

/// Every event of the log as it is read: envelope and payload.
fn decoded_log(data: &Path) -> String {
    let (store, _) = EmbeddedStore::open(&data.join("log"), Options::default()).unwrap();
    let mut text = String::new();
    store
        .scan_all(0, &mut |event| {
            let payload = String::from_utf8_lossy(event.payload);
            writeln!(text, "{event:?} {payload}").unwrap();
            ControlFlow::Continue(())
        })
        .unwrap();
    text
}

/// Every row of every table.
async fn decoded_tables(file: &Path) -> String {
    let mut database = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut database)
        .await
        .unwrap();
    let mut text = String::new();
    for table in tables {
        rows(&mut database, &table, &mut text).await;
    }
    text
}

async fn rows(database: &mut SqliteConnection, table: &str, text: &mut String) {
    let query = sqlx::AssertSqlSafe(format!("SELECT * FROM {table}"));
    for row in sqlx::query(query).fetch_all(database).await.unwrap() {
        for column in 0..row.len() {
            let bytes: Option<Vec<u8>> = row.try_get_unchecked(column).unwrap();
            write!(text, "{table}.{column}: {}; ", String::from_utf8_lossy(&bytes.unwrap_or_default()))
                .unwrap();
        }
    }
}

/// Every file of a folder as it is.
fn files(root: &Path) -> Vec<Place> {
    let (mut places, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                places.push(Place::new(name, std::fs::read(&path).unwrap()));
            }
        }
    }
    places
}
