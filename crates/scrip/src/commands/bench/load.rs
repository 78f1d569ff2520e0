//! A load generator: HTTP/1.1 over connections that each have one request under way.
//!
//! It does as little as it can, since it shares the processors with what it measures.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a round of load saw.
#[derive(Debug, Default)]
pub struct Load {
    /// Answers a second.
    pub rate: f64,
    /// Answers in all.
    pub answers: u64,
    /// Times from request to answer, sorted.
    pub times: Vec<Duration>,
}

impl Load {
    /// The median time.
    pub fn p50(&self) -> Duration {
        self.times.get(self.times.len() / 2).copied().unwrap_or_default()
    }
}

/// One connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("cannot reach {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request and reads the whole answer, which must be a success.
    pub async fn call(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the connection was closed");
            }
            if self.is_whole()? {
                return Ok(());
            }
        }
    }

    fn is_whole(&self) -> anyhow::Result<bool> {
        let Some(head_end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(false);
        };
        let head = std::str::from_utf8(&self.buffer[..head_end])?;
        if !head.starts_with("HTTP/1.1 2") {
            bail!("not a success: {}", String::from_utf8_lossy(&self.buffer));
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        match length {
            Some(length) => Ok(self.buffer.len() >= head_end + 4 + length.trim().parse::<usize>()?),
            // A stream in chunks ends with an empty one.
            None => Ok(self.buffer.ends_with(b"0\r\n\r\n")),
        }
    }
}

/// Calls from some connections for a time; `request` makes the n-th request of a connection.
pub async fn run<F>(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    request: F,
) -> anyhow::Result<Load>
where
    F: Fn(usize, u64) -> Vec<u8> + Clone + Send + 'static,
{
    let mut callers = tokio::task::JoinSet::new();
    let started = Instant::now();
    for number in 0..connections {
        let request = request.clone();
        callers.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut times = Vec::new();
            while started.elapsed() < time {
                let request = request(number, times.len() as u64);
                let sent = Instant::now();
                connection.call(&request).await?;
                times.push(sent.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(caller) = callers.join_next().await {
        times.extend(caller??);
    }
    let rate = times.len() as f64 / started.elapsed().as_secs_f64();
    times.sort();
    Ok(Load { rate, answers: times.len() as u64, times })
}

/// The bytes of a POST of JSON.
pub fn post(path: &str, token: &str, key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
