//! What the console refuses, by plain HTTP: foreign forms, expired and unknown sessions, scripts in what it shows.

use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::json;

use super::day::{Stage, open, top_up};
use crate::api::client::Reply;
use crate::cli::process::Api;

/// Somebody with a cookie and no browser.
struct Visitor<'a> {
    api: &'a Api,
    cookie: String,
}

impl<'a> Visitor<'a> {
    async fn sign_in(stage: &'a Stage, role: &str) -> Self {
        let nobody = Self { api: stage.api(), cookie: String::new() };
        let reply = nobody.post("/console/sign-in", &[("token", &stage.token(role))]).await;
        assert_eq!((reply.status, reply.header("location")), (303, Some("/console")), "{reply:?}");
        let cookie = reply.header("set-cookie").unwrap();
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/console"), "{cookie}");
        Self { api: stage.api(), cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    async fn get(&self, path: &str) -> Reply {
        let request = Request::get(format!("{}{path}", self.api.base())).header("cookie", &self.cookie);
        self.api.send(request.body(Full::default()).unwrap()).await.unwrap()
    }

    /// A form as a page of this server sends it.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.post_from(path, Some(self.api.base()), fields).await
    }

    async fn post_from(&self, path: &str, origin: Option<&str>, fields: &[(&str, &str)]) -> Reply {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{path}", self.api.base()))
            .header("host", self.api.base().trim_start_matches("http://"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", &self.cookie);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.api.send(request.body(Full::from(body)).unwrap()).await.unwrap()
    }

    /// The word of this session's forms.
    async fn word(&self) -> String {
        let page = text(&self.get("/console/books").await.ok());
        hidden(&page, "word")
    }
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.to_vec()).unwrap()
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{page}"));
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_signed_in_sees_nothing() {
    let stage = Stage::bare().await;
    let known = Visitor::sign_in(&stage, "finance").await;
    let strangers =
        ["", "scrip_session=", "scrip_session=00", &known.cookie.to_uppercase()].map(str::to_owned);
    for cookie in strangers {
        let stranger = Visitor { api: stage.api(), cookie };
        for path in ["/console", "/console/accounts/alice?tab=entries", "/console/audit"] {
            let reply = stranger.get(path).await;
            assert_eq!(reply.status, 303, "{path}");
            assert!(reply.header("location").unwrap().starts_with("/console/sign-in"), "{reply:?}");
        }
        let form = [("word", ""), ("id", "alice"), ("reason", "x")];
        assert_eq!(stranger.post("/console/actions/freeze", &form).await.status, 303);
    }
    let word = known.word().await;
    let out = known.post("/console/sign-out", &[("word", &word)]).await;
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"), "{out:?}");
    assert_eq!(known.get("/console/books").await.status, 303, "the session has ended");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_tokens_of_people_sign_in() {
    let stage = Stage::bare().await;
    let api = stage.api();
    open(api, "pixapi", "alice", "owner-1").await;
    let key = api.post("support", "/v1/accounts/alice/keys", "key-1", json!({})).await.ok();
    let nobody = Visitor { api, cookie: String::new() };
    for (token, status, said) in [
        ("some-token".to_owned(), 401, "This token is not known here."),
        (String::new(), 401, "This token is not known here."),
        (key.text("secret"), 401, "This is the key of an account, for programs"),
        (stage.token("proxy"), 403, "This token is for calls only"),
    ] {
        let reply = nobody.post("/console/sign-in", &[("token", &token)]).await;
        assert_eq!(reply.status, status, "{said}");
        assert!(text(&reply).contains(said), "{}", text(&reply));
        assert!(reply.header("set-cookie").is_none());
        assert!(token.is_empty() || !text(&reply).contains(&token), "a token is never shown");
    }
    let token = stage.token("finance");
    let evil = [("token", token.as_str())];
    let evil = nobody.post_from("/console/sign-in", Some("https://evil.example"), &evil).await;
    assert_eq!((evil.status, evil.header("set-cookie")), (403, None));
    let next = [("token", token.as_str()), ("next", "//evil.example/console")];
    let led = nobody.post("/console/sign-in", &next).await;
    assert_eq!(led.header("location"), Some("/console"));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_no_page_of_the_session_sent_does_nothing() {
    let stage = Stage::bare().await;
    let api = stage.api();
    open(api, "pixapi", "alice", "owner-1").await;
    let (finance, other) =
        (Visitor::sign_in(&stage, "finance").await, Visitor::sign_in(&stage, "finance").await);
    let word = finance.word().await;
    let foreign_word = other.word().await;
    assert_ne!(word, foreign_word);
    let own = finance.api.base().to_owned();
    let grant = |word: &str| {
        [
            ("id", "alice"),
            ("source", "compensation"),
            ("credits", "5"),
            ("reason", "outage"),
            ("key", "grant-1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .chain([("word".to_owned(), word.to_owned())])
        .collect::<Vec<_>>()
    };
    for (origin, word) in [
        (Some(own.as_str()), ""),
        (Some(own.as_str()), "0"),
        (Some(own.as_str()), foreign_word.as_str()),
        (Some("https://evil.example"), word.as_str()),
        (Some("null"), word.as_str()),
        (None, word.as_str()),
    ] {
        let fields = grant(word);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let reply = finance.post_from("/console/actions/grant", origin, &fields).await;
        assert_eq!(reply.status, 403, "{origin:?}");
        assert!(text(&reply).contains("not sent by a page of this session"), "{}", text(&reply));
    }
    let balance = async || {
        let account = api.get("auditor", "/v1/accounts/alice").await.ok().json();
        account["balance"]["available"].as_str().unwrap().to_owned()
    };
    assert_eq!(balance().await, "0");
    let fields = grant(&word);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    for _ in 0..2 {
        let reply = finance.post("/console/actions/grant", &fields).await;
        assert_eq!(reply.status, 303, "{}", text(&reply));
    }
    assert_eq!(balance().await, "5", "a double click grants once");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_may_not_do_is_not_offered_and_is_refused() {
    let stage = Stage::played().await;
    let auditor = Visitor::sign_in(&stage, "auditor").await;
    for path in
        ["/console/accounts/acme", "/console/accounts/acme?tab=measures", "/console/accounts/ming?tab=orders"]
    {
        let page = text(&auditor.get(path).await.ok());
        assert!(!page.contains("/console/actions/"), "{path} offers an auditor to act");
    }
    let word = auditor.word().await;
    for (action, id) in
        [("grant", "acme"), ("freeze", "acme"), ("refund-approve", "ming.o9"), ("approve", "aurora.a1")]
    {
        let form = [("word", word.as_str()), ("id", id), ("key", "x-1"), ("reason", "x"), ("credits", "1")];
        let reply = auditor.post(&format!("/console/actions/{action}"), &form).await;
        assert_eq!(reply.status, 403, "{action}");
        assert!(text(&reply).contains("forbidden_scope"), "{}", text(&reply));
    }
    let support = Visitor::sign_in(&stage, "support").await;
    let page = text(&support.get("/console/accounts/acme").await.ok());
    assert!(page.contains("may not read its balance") && !page.contains("id=\"balance\""), "{page}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_says_what_browsers_must_not_do() {
    let stage = Stage::bare().await;
    let finance = Visitor::sign_in(&stage, "finance").await;
    let page = finance.get("/console/books").await.ok();
    for (header, said) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(page.header(header), Some(said), "{header}");
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    let body = text(&page);
    assert!(!body.contains("style=") && !body.contains("onclick"), "nothing inline");
    let style = body.split("href=\"").find(|part| part.starts_with("/console/assets/")).unwrap();
    let style = finance.get(style.split('"').next().unwrap()).await.ok();
    assert_eq!(style.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(finance.get("/console/assets/other.css").await.status, 404);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_becomes_a_part_of_a_page() {
    const SCRIPT: &str = "<script>alert(1)</script>";
    let stage = Stage::bare().await;
    let api = stage.api();
    // Ids have no such letters, which is the first wall.
    let owner = json!({ "account_id": "alice", "owner": SCRIPT });
    assert_eq!(api.post("support", "/v1/books/pixapi/accounts", "o-1", owner).await.code(), "invalid_id");
    open(api, "pixapi", "alice", "owner-1").await;
    top_up(api, "alice", "order-1", "pack-10", "10.00").await;
    // A model's name is free: what is sold under it is the book's. The pages are the second wall.
    let finance = Visitor::sign_in(&stage, "finance").await;
    let encoded = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27";
    for path in [
        format!("/console/accounts/{encoded}"),
        format!("/console/accounts/alice?at={encoded}"),
        format!("/console/accounts/alice?tz={encoded}"),
        format!("/console/accounts/alice?tab={encoded}&done={encoded}&min_position={encoded}"),
        format!("/console/accounts/alice?tab=orders&cause={encoded}"),
        format!("/console/accounts/alice?tab=entries&cursor={encoded}"),
        format!("/console/books/{encoded}"),
        format!("/console/refunds/{encoded}"),
        format!("/console/audit?account={encoded}&to={encoded}&position={encoded}"),
        format!("/console/sign-in?next={encoded}"),
    ] {
        let reply = finance.get(&path).await;
        assert!(reply.status < 500, "{path}: {}", reply.status);
        let page = text(&reply);
        assert!(!page.contains("<script>alert"), "{path}");
        assert_eq!(page.matches("<script").count(), usize::from(!path.contains("sign-in")), "{path}");
    }
    let reply = finance.post("/console/sign-in", &[("token", "x"), ("next", SCRIPT)]).await;
    assert!(!text(&reply).contains("<script>alert"));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_every_page_of_the_api_and_nothing_else() {
    let stage = Stage::bare().await;
    let api = stage.api();
    open(api, "pixapi", "alice", "owner-1").await;
    top_up(api, "alice", "order-1", "pack-100", "100.00").await;
    let debit = |number: usize| {
        json!({ "op": "debit", "idempotency_key": format!("c-{number}"), "account_id": "alice", "body": {
            "request_id": format!("c-{number}"), "model": "gpt-5.2", "endpoint": "chat/completions",
            "usage": { "input_tokens": 1_000 + number, "output_tokens": 1 },
        } })
    };
    let commands: Vec<_> = (0..1_100).map(debit).collect();
    api.post("proxy", "/v1/commands", "-", json!({ "commands": commands })).await.ok();
    let finance = Visitor::sign_in(&stage, "finance").await;
    let exported = finance.get("/console/export/accounts/alice/entries?order=desc").await.ok();
    assert_eq!(exported.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(exported.header("content-disposition"), Some("attachment; filename=\"alice-entries.csv\""));
    let exported = text(&exported);
    let lines: Vec<&str> = exported.lines().collect();
    assert_eq!(lines.len(), 1 + 1_100 + 1, "column names, debits and the top-up");
    assert_eq!(lines.iter().filter(|line| **line == lines[0]).count(), 1, "column names stand once");
    // The same amounts as the API's own pages have, one after the other.
    let mut amounts = Vec::new();
    let mut cursor = String::new();
    loop {
        let page =
            api.get("auditor", &format!("/v1/accounts/alice/entries?order=desc&limit=400{cursor}")).await;
        let page = page.ok().json();
        let items = page["items"].as_array().unwrap();
        amounts.extend(items.iter().map(|item| item["amount"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let column = lines[0].split(',').position(|name| name == "amount").unwrap();
    let of_file: Vec<&str> = lines[1..].iter().map(|line| line.split(',').nth(column).unwrap()).collect();
    assert_eq!(of_file, amounts);
    let refused = finance.get("/console/export/accounts/alice/secrets").await;
    assert_eq!((refused.status, refused.header("content-disposition")), (404, None));
    stage.stop().await;
}
