//! The log as a stream: nothing lost, nothing twice, wherever the connection breaks.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::client::{World, call, token};

/// An event as the stream had it.
#[derive(Debug)]
struct Sent {
    id: String,
    event: String,
    data: Value,
}

/// A stream, on a connection of its own.
struct Stream {
    answer: Response<Incoming>,
    left: String,
    /// The connection, which ends with it.
    _connection: JoinSet<()>,
}

/// However slow a machine is, a stream that says nothing for so long is broken.
const PATIENCE: Duration = Duration::from_secs(60);

impl Stream {
    async fn open(world: &World, role: &str, path: &str, last_seen: Option<&str>) -> Self {
        let socket = TcpStream::connect(world.address).await.unwrap();
        let (mut sender, connection) =
            http1::handshake::<_, Full<bytes::Bytes>>(TokioIo::new(socket)).await.unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let _gone = connection.await;
        });
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(path)
            .header("host", "scrip")
            .header("authorization", format!("Bearer {}", token(role)))
            .header("accept", "text/event-stream");
        if let Some(last) = last_seen {
            request = request.header("last-event-id", last);
        }
        let answer = sender.send_request(request.body(Full::default()).unwrap()).await.unwrap();
        Self { answer, left: String::new(), _connection: task }
    }

    /// The next bytes; nothing at the end.
    async fn more(&mut self) -> Option<String> {
        let frame = tokio::time::timeout(PATIENCE, self.answer.body_mut().frame()).await.unwrap()?;
        Some(String::from_utf8(frame.ok()?.into_data().unwrap().to_vec()).unwrap())
    }

    /// The next event; nothing at the end. What is no event is left out.
    async fn next(&mut self) -> Option<Sent> {
        loop {
            while let Some((block, rest)) = self.left.split_once("\n\n") {
                let block = block.to_owned();
                self.left = rest.to_owned();
                let field = |name: &str| {
                    let lines = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    lines.collect::<Vec<_>>().join("\n")
                };
                if !field("data").is_empty() {
                    let data = serde_json::from_str(&field("data")).unwrap();
                    return Some(Sent { id: field("id"), event: field("event"), data });
                }
            }
            let more = self.more().await?;
            self.left.push_str(&more);
        }
    }
}

async fn page(world: &World) -> Vec<Value> {
    let (mut items, mut path) = (Vec::new(), "/v1/events?limit=1000".to_owned());
    loop {
        let page = world.get("auditor", &path).await.ok().json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/events?limit=1000&cursor={next}"),
            None => return items,
        }
    }
}

async fn debit(world: &World, at: usize) {
    let key = format!("d-{at}");
    world.post("proxy", "/v1/accounts/alice/debits", &key, call(&key, "amount", json!("0.01"))).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_with_what_is_recorded_while_it_runs() {
    let world = World::start().await;
    world.account("pixapi", "alice", "50").await;
    let before = page(&world).await;
    let after = before.len() - 2;
    let mut stream = Stream::open(&world, "auditor", &format!("/v1/events?after={after}"), None).await;
    assert_eq!(stream.answer.status(), 200);
    assert_eq!(stream.answer.headers()["content-type"], "text/event-stream");
    let first = stream.next().await.unwrap();
    assert_eq!(first.data, before[after + 1]);
    assert_eq!((first.id, first.event), ((after + 1).to_string(), "granted".to_owned()));
    for at in 0..20 {
        debit(&world, at).await;
        let sent = stream.next().await.unwrap();
        assert_eq!((sent.id.as_str(), sent.event.as_str()), (&*(after + 2 + at).to_string(), "debited"));
    }
    let last = page(&world).await;
    assert_eq!(last.len(), before.len() + 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_anywhere_loses_nothing_and_repeats_nothing() {
    const EVENTS: usize = 400;
    let world = World::start().await;
    world.account("pixapi", "alice", "50").await;
    let mut random = StdRng::seed_from_u64(4);
    let (mut seen, mut last): (Vec<Value>, Option<String>) = (Vec::new(), None);
    let (mut written, mut connections) = (0, 0);
    let mut end = page(&world).await.len();
    while written < EVENTS || seen.len() < end {
        // What came to a caller before the break may end anywhere, also within an event.
        let mut stream = Stream::open(&world, "auditor", "/v1/events", last.as_deref()).await;
        connections += 1;
        for _ in 0..random.random_range(0..12) {
            for _ in 0..random.random_range(0..9) {
                if written < EVENTS {
                    debit(&world, written).await;
                    written += 1;
                    end += 1;
                }
            }
            if seen.len() == end {
                break;
            }
            let sent = stream.next().await.unwrap();
            last = Some(sent.id);
            seen.push(sent.data);
        }
    }
    assert!(connections > 10, "{connections}");
    assert_eq!(seen, page(&world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_server_and_does_not_keep_it() {
    let world = World::start().await;
    world.account("pixapi", "alice", "50").await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        let mut stream = Stream::open(&world, "auditor", "/v1/events", None).await;
        stream.next().await.unwrap();
        streams.push(stream);
    }
    // Asserts that everything was drained.
    let world = world.restart().await;
    for mut stream in streams {
        while stream.next().await.is_some() {}
    }
    let end = page(&world).await.len();
    let mut again = Stream::open(&world, "auditor", "/v1/events", Some(&(end - 2).to_string())).await;
    assert_eq!(again.next().await.unwrap().id, (end - 1).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_bounded_and_a_stream_that_ended_makes_room() {
    let world = World::start().await;
    world.account("pixapi", "alice", "50").await;
    let mut streams = Vec::new();
    for _ in 0..scrip_server::limits::STREAMS {
        let stream = Stream::open(&world, "auditor", "/v1/events", None).await;
        assert_eq!(stream.answer.status(), 200);
        streams.push(stream);
    }
    let refused = Stream::open(&world, "auditor", "/v1/events", None).await.answer;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].as_bytes()), (503, &b"1"[..]));
    let body: Value =
        serde_json::from_slice(&refused.into_body().collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!((&body["code"], &body["limit"]), (&json!("overloaded"), &json!(64)));
    // Commands and pages do not wait for streams that nobody reads.
    for at in 0..50 {
        debit(&world, at).await;
    }
    page(&world).await;
    drop(streams);
    // The server sees a caller go when it next has something for it.
    for at in 50.. {
        debit(&world, at).await;
        if Stream::open(&world, "auditor", "/v1/events", None).await.answer.status() == 200 {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_for_those_who_may_read_the_log_and_begins_where_it_can() {
    let world = World::start().await;
    world.account("pixapi", "alice", "50").await;
    for (role, path, last_seen, code) in [
        ("proxy", "/v1/events", None, "forbidden_scope"),
        ("finance-pixapi", "/v1/events", None, "forbidden_book"),
        ("auditor", "/v1/events?limit=5", None, "malformed"),
        ("auditor", "/v1/events", Some("x"), "invalid_cursor"),
        ("auditor", "/v1/events", Some("-1"), "invalid_cursor"),
        ("auditor", "/v1/events", Some("999999"), "invalid_cursor"),
        ("auditor", "/v1/events?after=999999", None, "invalid_cursor"),
        ("auditor", "/v1/events?after=1&cursor=1", None, "malformed"),
        ("auditor", "/v1/events?books=pixapi", None, "unknown_field"),
    ] {
        let refused = Stream::open(&world, role, path, last_seen).await.answer;
        let body = refused.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["code"], code, "{role} {path} {last_seen:?}");
    }
    // Who comes back is taken at the word of the header, not of the address that it began with.
    let mut stream = Stream::open(&world, "auditor", "/v1/events?after=0", Some("3")).await;
    assert_eq!(stream.next().await.unwrap().id, "4");
}
