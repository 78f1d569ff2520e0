//! The log as a stream of server-sent events: what was recorded, and then what is, until the caller goes away.
//!
//! A stream reads the store in bounded pieces, as fast as its caller takes them; while there is nothing to read it only
//! waits for the end of the log to move. The engine knows nothing of it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use scrip_store::Recorded;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::events::Stored;
use crate::app::App;
use crate::format::Kind;
use crate::limits;
use crate::problem::{Code, Problem};
use crate::serve::Closing;
use crate::tail::End;

/// What a caller that lost its connection saw last.
const LAST_EVENT_ID: &str = "last-event-id";

/// A stream on its way.
struct Streaming {
    app: Arc<App>,
    /// The position of the event to send next.
    from: u64,
    end: watch::Receiver<End>,
    closing: Closing,
    _permit: OwnedSemaphorePermit,
}

/// The position that the caller saw last, where its headers say so: it has come back.
pub(super) fn last_seen(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(given) = headers.get(LAST_EVENT_ID).filter(|given| !given.is_empty()) else { return Ok(None) };
    let position = given.to_str().ok().and_then(|text| text.parse().ok());
    position.map(Some).ok_or_else(|| {
        Problem::new(Code::INVALID_CURSOR, "this is no id of an event here").with("field", "Last-Event-ID")
    })
}

/// Begins a stream with the event at a position.
pub(super) async fn begin(app: Arc<App>, from: u64, closing: Closing) -> Result<Response, Problem> {
    let permit = Arc::clone(&app.streams).try_acquire_owned().map_err(|_| {
        Problem::new(Code::OVERLOADED, "as many streams run as may").with("limit", limits::STREAMS)
    })?;
    let store = Arc::clone(app.engine.store());
    let end = app.blocking(move || store.head()).await??.next_position;
    if from > end {
        // It would wait for an event that it takes to have seen: the log is another one.
        return Err(Problem::new(Code::INVALID_CURSOR, "the log ends before this position").with("end", end));
    }
    let end = app.tail.follow();
    let streaming = Streaming { app, from, end, closing, _permit: permit };
    let greeting = Bytes::from(format!("retry: {}\n\n", limits::STREAM_RETRY.as_millis()));
    let pieces = stream::once(std::future::ready(greeting)).chain(stream::unfold(streaming, Streaming::next));
    let mut response = Response::new(Body::from_stream(pieces.map(Ok::<_, Infallible>)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Kind::EventStream.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

impl Streaming {
    /// The next piece: events, or a sign of life. Nothing ends the stream; the caller comes back with what it saw last.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            let end = (*self.end.borrow_and_update())?;
            if self.closing.is_closed() {
                return None;
            }
            if end > self.from {
                let (store, from) = (Arc::clone(self.app.engine.store()), self.from);
                let read = self.app.blocking(move || store.read_all(from, limits::STREAM_PIECE)).await;
                let events = read.ok()?.ok()?;
                if let Some(last) = events.last() {
                    self.from = last.position.saturating_add(1);
                    return Some((frames(events)?, self));
                }
            }
            tokio::select! {
                moved = self.end.changed() => moved.ok()?,
                () = self.closing.closed() => return None,
                () = tokio::time::sleep(limits::KEEP_ALIVE) => return Some((Bytes::from_static(b":\n\n"), self)),
            }
        }
    }
}

/// Events as a stream has them.
fn frames(events: Vec<Recorded>) -> Option<Bytes> {
    let mut text = String::new();
    for event in events {
        let (position, event_type) = (event.position, event.event.event_type.clone());
        let json = serde_json::to_string(&Stored::from(event)).ok()?;
        text.push_str(&format!("id: {position}\nevent: {event_type}\n"));
        // A stored payload may hold line ends between its members, where the JSON is the same with any other.
        for line in json.split(['\r', '\n']) {
            text.push_str("data: ");
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
    }
    Some(text.into())
}
