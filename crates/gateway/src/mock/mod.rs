//! A provider that does what it is told: for the demo, for tests and for benchmarks. Never for production.
//!
//! Without a script it answers every call by itself ([`Manner`]). A [`Script`] is for one call, in the order of the
//! calls; a [`Gate`] hands its pieces out one by one, so that a test decides what has happened before what.

mod script;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use script::Body;
pub use script::Step;
pub use script::{Gate, Release, Script, chunk, completion, usage_chunk};

/// Requests that are remembered; later ones are answered and forgotten.
const REMEMBERED: usize = 10_000;

/// How a mock answers by itself: a completion of so many words, one word a chunk.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Words of an answer: its output tokens, unless the call allows fewer.
    pub words: u64,
    /// Before each chunk of a stream.
    pub pause: Duration,
    /// Whether requests are remembered.
    pub remember: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self { words: 20, pause: Duration::ZERO, remember: true }
    }
}

/// What a mock received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// A running mock provider. It stops when it is dropped.
#[derive(Debug)]
pub struct Mock {
    address: SocketAddr,
    state: Arc<State>,
    _stop: DropGuard,
}

#[derive(Debug)]
struct State {
    manner: Manner,
    scripts: Mutex<VecDeque<Script>>,
    received: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
}

impl Mock {
    /// Starts one on a free port of the loopback.
    pub async fn start(manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            manner,
            scripts: Mutex::default(),
            received: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let stop = CancellationToken::new();
        let owner = TaskTracker::new();
        owner.spawn(serve(listener, Arc::clone(&state), stop.clone(), owner.clone()));
        Ok(Self { address, state, _stop: stop.drop_guard() })
    }

    /// Where its API begins: `http://127.0.0.1:…/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Says what the next call that has no script yet is answered.
    pub fn script(&self, script: Script) {
        self.state.scripts.lock().unwrap_or_else(PoisonError::into_inner).push_back(script);
    }

    /// What it received, in order.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many calls it received.
    pub fn count(&self) -> usize {
        *self.state.count.borrow()
    }

    /// Waits until it has received so many calls.
    pub async fn received_in_all(&self, count: usize) {
        // The state, and the sender in it, live as long as this mock.
        let mut counted = self.state.count.subscribe();
        let _alive = counted.wait_for(|received| *received >= count).await;
    }
}

async fn serve(listener: TcpListener, state: Arc<State>, stop: CancellationToken, owner: TaskTracker) {
    loop {
        let connection = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((socket, _)) = connection else { continue };
        let _slower = socket.set_nodelay(true);
        let (state, stop) = (Arc::clone(&state), stop.clone());
        owner.spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&state), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(socket), service);
            tokio::select! {
                () = stop.cancelled() => {}
                // A connection that breaks off is what some scripts are about.
                _over = connection => {}
            }
        });
    }
}

/// An error closes the connection without an answer.
async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let script = state.scripts.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    if state.manner.remember {
        let mut received = state.received.lock().unwrap_or_else(PoisonError::into_inner);
        if received.len() < REMEMBERED {
            received.push(Received {
                path: head.uri.path().to_owned(),
                headers: head.headers,
                body: body.clone(),
            });
        }
    }
    state.count.send_modify(|count| *count += 1);
    let mut script = script.unwrap_or_else(|| script::by_itself(state.manner, &body));
    loop {
        script = match script {
            Script::After(release, script) => {
                let _released_or_dropped: Result<(), _> = release.await;
                *script
            }
            Script::Close => return Err(io::Error::other("told to close")),
            Script::Answer { status, headers, body } => {
                let mut response = Response::new(Body::Full(Some(body)));
                *response.status_mut() = status;
                *response.headers_mut() = headers;
                return Ok(response);
            }
            Script::Stream(steps) => {
                let mut response = Response::new(Body::Steps(steps));
                response.headers_mut().insert(header::CONTENT_TYPE, script::EVENT_STREAM);
                return Ok(response);
            }
            Script::Paced(pieces) => {
                let mut response = Response::new(Body::paced(pieces, state.manner.pause));
                response.headers_mut().insert(header::CONTENT_TYPE, script::EVENT_STREAM);
                return Ok(response);
            }
        };
    }
}
