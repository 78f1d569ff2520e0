//! What a call through the gateway costs in CPU, over a bare relay of the same HTTP stack: `cargo run --release -p
//! scrip-gateway --example call_cost [calls [connections [json|stream]]]`. Linux only: it reads the CPU time of threads from /proc.
//!
//! Callers and the provider run on threads of their own and are not counted. Rounds alternate, so that a noisy
//! neighbour meets both alike; medians are told.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement, for people"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::serve::ListenerExt;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use scrip_engine::{BookScope, Clock, Engine, Options, Request};
use scrip_gateway::mock::{Manner, Mock};
use scrip_gateway::{Config, Gateway, Models, Upstream, bare_relay};
use scrip_ledger::book::{Book, BookFiles, ClaimsSoFar, GrantSource};
use scrip_ledger::command::{Grant, Open};
use scrip_ledger::event::SecretHash;
use scrip_ledger::{Command, Token};
use scrip_store::{EmbeddedStore, EventStore, MemoryStore};
use tokio::runtime::{Builder, Runtime};

const ACCOUNTS: usize = 64;
const ROUNDS: usize = 5;

fn main() {
    let number = |at: usize, otherwise: usize| {
        std::env::args().nth(at).map_or(otherwise, |number| number.parse().expect("a number"))
    };
    let (calls, connections) = (number(1, 20_000), number(2, 64));
    let only = std::env::args().nth(3);
    let load = runtime("load");
    let served = runtime("gateway");
    let manner = Manner { remember: false, ..Manner::default() };
    let provider = load.block_on(Mock::start(manner)).unwrap();
    let config = || Config {
        upstreams: vec![Upstream::new("mock", &provider.base_url(), None, Models::All).unwrap()],
        ..Config::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let (embedded, _) = EmbeddedStore::open(folder.path(), scrip_store::Options::default()).unwrap();
    let gateway_on = |store: Arc<dyn EventStore>| {
        let engine = Engine::start(store, vec![book()], Clock::system(), Options::default()).unwrap();
        load.block_on(open_accounts(&engine));
        serve(&served, Gateway::new(engine, config()).router())
    };
    let servers = [
        ("bare relay", serve(&served, bare_relay(config()))),
        ("gateway, store in memory", gateway_on(Arc::new(MemoryStore::new()))),
        ("gateway, embedded store", gateway_on(Arc::new(embedded))),
    ];
    for (stream, what) in [(false, "JSON call"), (true, "stream of 20 words")] {
        if only.as_deref().is_some_and(|only| (only == "stream") != stream) {
            continue;
        }
        let calls = if stream { calls / 4 } else { calls };
        let mut costs: BTreeMap<usize, Vec<[f64; 3]>> = BTreeMap::new();
        for round in 0..=ROUNDS {
            for (at, (_, url)) in servers.iter().enumerate() {
                let before = cpu();
                let started = Instant::now();
                load.block_on(drive(url.clone(), (calls, connections), stream));
                let elapsed = started.elapsed();
                let spent = |name: &str| {
                    let of = |times: &BTreeMap<String, u64>| times.get(name).copied().unwrap_or(0);
                    (of(&cpu()) - of(&before)) as f64 / calls as f64 / 1_000.0
                };
                // The first round warms up.
                if round > 0 {
                    let cost = [spent("gateway"), spent("scrip"), calls as f64 / elapsed.as_secs_f64()];
                    costs.entry(at).or_default().push(cost);
                }
            }
        }
        println!("{what}, {connections} connections, {ROUNDS} rounds of {calls}: medians");
        let mut bare = 0.0;
        for (at, (name, _)) in servers.iter().enumerate() {
            let median = |pick: &dyn Fn(&[f64; 3]) -> f64| {
                let mut values: Vec<f64> = costs[&at].iter().map(pick).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            let total = median(&|cost| cost[0] + cost[1]);
            bare = if at == 0 { total } else { bare };
            println!(
                "  {name:26} {total:6.1} µs CPU a call ({:.1} gateway + {:.1} engine), {:.2} × bare, {:.0} calls/s",
                median(&|cost| cost[0]),
                median(&|cost| cost[1]),
                total / bare,
                median(&|cost| cost[2]),
            );
        }
    }
}

fn runtime(name: &str) -> Runtime {
    Builder::new_multi_thread().worker_threads(2).thread_name(name).enable_all().build().unwrap()
}

fn book() -> Book {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/books/pixapi");
    let read = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    Book::from_files(BookFiles::parse("pixapi", &read("catalog.toml"), &read("policy.toml")).unwrap())
}

fn key(at: usize) -> String {
    format!("sk-bench-{at:08}")
}

async fn open_accounts(engine: &Engine) {
    for at in 0..ACCOUNTS {
        let open = Open {
            book: Token::new("pixapi").unwrap(),
            owner: None,
            region: None,
            attestations: None,
            terms_version: None,
            frozen: None,
        };
        let grant = Grant {
            source: GrantSource::Compensation,
            campaign: None,
            credits: "1000000".parse().unwrap(),
            expires_at: None,
            priority: None,
            reason: None,
            by: Token::new("finance").unwrap(),
            so_far: ClaimsSoFar::default(),
        };
        let commands = [
            Command::Open(open),
            Command::IssueKey { secret: SecretHash::of(&key(at)) },
            Command::Grant(grant),
        ];
        for command in commands {
            let request = Request {
                account: Token::new(&format!("bench-{at}")).unwrap(),
                command,
                subject: Token::new("bench").unwrap(),
                books: BookScope::All,
                key: None,
                correlation: "".into(),
            };
            engine.submit(request).await.unwrap();
        }
    }
}

fn serve(on: &Runtime, router: axum::Router) -> String {
    let listener = on.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/v1/chat/completions", listener.local_addr().unwrap());
    let listener = listener.tap_io(|socket| {
        let _slower = socket.set_nodelay(true);
    });
    on.spawn(async move { axum::serve(listener, router).await });
    url
}

async fn drive(url: String, (calls, all): (usize, usize), stream: bool) {
    let body = Bytes::from(format!(
        r#"{{"model":"gpt-5-mini","stream":{stream},"max_tokens":100,"messages":[{{"role":"system","content":"You are a helpful assistant."}},{{"role":"user","content":"Tell me about the weather in three sentences, please, and say nothing else."}}]}}"#
    ));
    let mut connected = tokio::task::JoinSet::new();
    for connection in 0..all {
        let (url, body) = (url.clone(), body.clone());
        connected.spawn(async move {
            let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
            for call in 0..calls / all {
                let key = key((call * all + connection) % ACCOUNTS);
                let request = http::Request::post(&url)
                    .header("authorization", format!("Bearer {key}"))
                    .header("content-type", "application/json")
                    .body(Full::new(body.clone()))
                    .unwrap();
                let answer = client.request(request).await.unwrap();
                assert_eq!(answer.status(), 200);
                answer.into_body().collect().await.unwrap();
            }
        });
    }
    while let Some(done) = connected.join_next().await {
        done.unwrap();
    }
}

/// Nanoseconds of CPU by what threads are called, up to the first dash.
fn cpu() -> BTreeMap<String, u64> {
    let mut times = BTreeMap::new();
    for thread in std::fs::read_dir("/proc/self/task").unwrap() {
        let path = thread.unwrap().path();
        let (Ok(name), Ok(spent)) =
            (std::fs::read_to_string(path.join("comm")), std::fs::read_to_string(path.join("schedstat")))
        else {
            continue;
        };
        let name = name.trim().split('-').next().unwrap_or_default().to_owned();
        let spent: u64 = spent.split(' ').next().unwrap().parse().unwrap();
        *times.entry(name).or_insert(0) += spent;
    }
    times
}
