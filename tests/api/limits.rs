//! Limits: of bodies, heads and pages, on the wire.

use http_body_util::Full;
use hyper::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{World, call};

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_at_most_one_mib() {
    let world = World::start().await;
    world.account("pixapi", "alice", "1").await;
    let body = call("r-1", "amount", json!("1")).to_string();
    let send = async |size: usize| {
        let padded = body.clone() + &" ".repeat(size - body.len());
        let request = world.request(Method::POST, "/v1/accounts/alice/debits", Some("token-of-proxy"));
        world.send(request.header("idempotency-key", "d-1").body(Full::from(padded)).unwrap()).await
    };
    let refused = send((1 << 20) + 1).await;
    assert_eq!((refused.status, refused.code().as_str()), (413, "too_large"));
    // Much larger: the caller is still writing when the answer is known, and hears it all the same.
    assert_eq!(send(9 << 20).await.code(), "too_large");
    assert_eq!(send(1 << 20).await.status, 201);
}

/// What the server says to these bytes until it closes or has answered once.
async fn wire(world: &World, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = vec![0; 4_096];
    let read = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_a_limit() {
    let world = World::start().await;
    let head =
        |bytes: usize| format!("GET /healthz HTTP/1.1\r\nhost: x\r\nfiller: {}\r\n\r\n", "x".repeat(bytes));
    assert!(wire(&world, head(8 << 10).as_bytes()).await.starts_with("HTTP/1.1 200"));
    assert!(wire(&world, head(40 << 10).as_bytes()).await.starts_with("HTTP/1.1 431"));
    let fields = "x: y\r\n".repeat(200);
    let many = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{fields}\r\n");
    assert!(wire(&world, many.as_bytes()).await.starts_with("HTTP/1.1 431"));
    assert!(wire(&world, b"nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_at_most_a_thousand_items_and_at_least_one() {
    let world = World::start().await;
    assert_eq!(world.get("auditor", "/v1/events?limit=0").await.code(), "malformed");
    assert_eq!(world.get("auditor", "/v1/events?limit=many").await.code(), "malformed");
    world.get("auditor", "/v1/events?limit=1000000").await.ok();
}
