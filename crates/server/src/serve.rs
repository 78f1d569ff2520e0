//! Connections: bounded in number, in the size of a head and in the time it takes, drained at the end.
//!
//! `axum::serve` sets neither TCP_NODELAY nor any of these limits, so this is hyper's own server.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::limits;

/// How long to wait when the system gives no more connections (out of files, out of memory).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` is done, then takes no more connections and drains the requests that are under way, at
/// most for [`limits::DRAIN`]. Answers whether all of them were drained.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) -> bool {
    let permits = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let (closing, closed) = watch::channel(());
    let router = router.layer(Extension(Closing(Some(closed))));
    let mut connections = JoinSet::new();
    let http = builder();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &permits) => accepted,
        };
        match accepted {
            Ok((stream, permit)) => {
                let service = TowerToHyperService::new(router.clone());
                let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
                connections.spawn(async move {
                    // A caller that goes away, or is too slow, is no event of ours.
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection ended");
                    }
                    drop(permit);
                });
            }
            // One caller went away before it was served.
            Err(error)
                if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection could be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    // Answers without an end come to one.
    drop(closing);
    let drained = tokio::time::timeout(limits::DRAIN, graceful.shutdown()).await.is_ok();
    connections.shutdown().await;
    drained
}

/// Whether the server is going away: an answer without an end has to come to one, or it would be broken off.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closing(Option<watch::Receiver<()>>);

impl Closing {
    /// Whether it is.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.as_ref().is_some_and(|closing| closing.has_changed().is_err())
    }

    /// Waits until it is.
    pub(crate) async fn closed(&mut self) {
        match &mut self.0 {
            Some(closing) => while closing.changed().await.is_ok() {},
            None => std::future::pending().await,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Closing {
    type Rejection = Infallible;

    /// Of a router that is served by something else: never.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

fn builder() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        // Runs while a head is awaited, also the next one of an idle connection.
        .header_read_timeout(limits::HEAD_TIMEOUT)
        .max_header_size(limits::HEAD);
    http
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // A streamed answer waits 44 ms for the other side's acknowledgement without this.
    // It fails only for a connection that is gone, and hyper will see that.
    let _gone = stream.set_nodelay(true);
    Ok((stream, permit))
}
