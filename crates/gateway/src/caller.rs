//! The other end of a call: who asked, for as long as they are there.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::response::Response;
use bytes::Bytes;
use http_body::Frame;
use tokio::sync::{mpsc, oneshot};

/// Pieces of a stream that wait for a slow caller.
const PIECES: usize = 32;

/// Who asked.
#[derive(Debug)]
pub(crate) enum Caller {
    /// Waits for an answer.
    Waiting(oneshot::Sender<Response>),
    /// Reads a stream.
    Streaming(mpsc::Sender<Bytes>),
    /// Has left, or has all there is.
    Gone,
}

impl Caller {
    /// Resolves when the caller leaves; never again afterwards.
    pub(crate) async fn leaves(&mut self) {
        match self {
            Self::Waiting(answer) => answer.closed().await,
            Self::Streaming(pieces) => pieces.closed().await,
            Self::Gone => std::future::pending().await,
        }
    }

    /// Whether the caller has left.
    pub(crate) fn has_left(&self) -> bool {
        match self {
            Self::Waiting(answer) => answer.is_closed(),
            Self::Streaming(pieces) => pieces.is_closed(),
            Self::Gone => true,
        }
    }

    /// Answers.
    pub(crate) fn answer(&mut self, response: Response) {
        if let Self::Waiting(answer) = std::mem::replace(self, Self::Gone) {
            // Whoever has left is not told.
            let _left = answer.send(response);
        }
    }

    /// Answers with a body that follows.
    pub(crate) fn stream(&mut self, head: http::response::Parts) {
        let (pieces, body) = mpsc::channel(PIECES);
        if let Self::Waiting(answer) = std::mem::replace(self, Self::Streaming(pieces)) {
            let _left = answer.send(Response::from_parts(head, axum::body::Body::new(Pieces(body))));
        }
    }

    /// Passes a piece of a stream on. False if the caller has left, or takes nothing for too long.
    pub(crate) async fn pass(&mut self, piece: Bytes, patience: Duration) -> bool {
        let Self::Streaming(pieces) = self else { return false };
        match pieces.try_send(piece) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(piece)) => pieces.send_timeout(piece, patience).await.is_ok(),
        }
    }
}

/// A body of pieces as they come.
struct Pieces(mpsc::Receiver<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
