//! What a mock answers: fixed, gated, or by itself.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Frame;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Sleep;

use super::Manner;

pub(super) const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

/// What one call is answered.
#[derive(Debug)]
pub enum Script {
    /// An answer in one piece.
    Answer {
        /// Its status.
        status: StatusCode,
        /// Its headers.
        headers: HeaderMap,
        /// Its body.
        body: Bytes,
    },
    /// A stream, piece by piece as its gate lets them.
    Stream(mpsc::UnboundedReceiver<Step>),
    /// A stream, piece by piece with a pause before each.
    Paced(VecDeque<Bytes>),
    /// The connection is closed before the first byte.
    Close,
    /// Another script, once it is released.
    After(oneshot::Receiver<()>, Box<Script>),
}

/// One step of a stream.
#[derive(Debug)]
pub enum Step {
    /// These bytes, as one chunk.
    Bytes(Bytes),
    /// The connection breaks off.
    BreakOff,
}

/// Lets the pieces of a stream through, one by one. Dropped, it ends the stream as it should end.
#[derive(Debug)]
pub struct Gate(mpsc::UnboundedSender<Step>);

/// Lets a script begin; so does dropping it.
#[derive(Debug)]
pub struct Release(oneshot::Sender<()>);

impl Script {
    /// A JSON answer.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::Answer { status, headers, body: body.into() }
    }

    /// A stream in one piece.
    pub fn sse(body: impl Into<Bytes>) -> Self {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, EVENT_STREAM)]);
        Self::Answer { status: StatusCode::OK, headers, body: body.into() }
    }

    /// A stream whose pieces a gate lets through.
    pub fn gated() -> (Self, Gate) {
        let (sender, steps) = mpsc::unbounded_channel();
        (Self::Stream(steps), Gate(sender))
    }

    /// The same, but not before it is released.
    pub fn held_back(self) -> (Self, Release) {
        let (sender, release) = oneshot::channel();
        (Self::After(release, Box::new(self)), Release(sender))
    }
}

impl Gate {
    /// Lets a piece through.
    pub fn send(&self, bytes: impl Into<Bytes>) {
        // A stream that nobody reads any more takes nothing.
        let _gone = self.0.send(Step::Bytes(bytes.into()));
    }

    /// Breaks the connection off.
    pub fn break_off(self) {
        let _gone = self.0.send(Step::BreakOff);
    }

    /// Waits until whoever reads the stream has hung up.
    pub async fn hung_up(&self) {
        self.0.closed().await;
    }
}

impl Release {
    /// Lets it begin.
    pub fn release(self) {
        let _gone = self.0.send(());
    }
}

/// A chunk of a stream with some content: an event.
pub fn chunk(content: &str) -> String {
    let content = serde_json::Value::from(content);
    format!(
        "data: {{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1767225600,\"model\":\"mock\",\
         \"choices\":[{{\"index\":0,\"delta\":{{\"content\":{content}}},\"finish_reason\":null}}],\"usage\":null}}\n\n"
    )
}

/// The chunk at the end of a stream that says what was used: an event.
pub fn usage_chunk(prompt: u64, completion: u64) -> String {
    let total = prompt.saturating_add(completion);
    format!(
        "data: {{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1767225600,\"model\":\"mock\",\
         \"choices\":[],\"usage\":{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\
         \"total_tokens\":{total}}}}}\n\n"
    )
}

/// A completion in one piece.
pub fn completion(content: &str, prompt: u64, completion: u64) -> String {
    let (content, total) = (serde_json::Value::from(content), prompt.saturating_add(completion));
    format!(
        "{{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion\",\"created\":1767225600,\"model\":\"mock\",\
         \"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":{content}}},\
         \"logprobs\":null,\"finish_reason\":\"stop\"}}],\
         \"usage\":{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\"total_tokens\":{total}}}}}"
    )
}

/// What a call without a script is answered: words, and a usage of a token for four bytes asked and a token a word.
pub(super) fn by_itself(manner: Manner, asked: &[u8]) -> Script {
    #[derive(Default, Deserialize)]
    struct Asked {
        #[serde(default)]
        stream: bool,
        max_tokens: Option<u64>,
        max_completion_tokens: Option<u64>,
    }
    let prompt = asked.len() as u64 / 4;
    let asked: Asked = serde_json::from_slice(asked).unwrap_or_default();
    let words =
        [Some(manner.words), asked.max_tokens, asked.max_completion_tokens].into_iter().flatten().min();
    let words = words.unwrap_or(0);
    let said = |words: u64| "word ".repeat(usize::try_from(words).unwrap_or(0));
    if !asked.stream {
        return Script::json(200, completion(&said(words), prompt, words));
    }
    let done = "data: [DONE]\n\n".to_owned();
    let pieces = (0..words).map(|_| chunk("word ")).chain([usage_chunk(prompt, words), done]);
    Script::Paced(pieces.map(Bytes::from).collect())
}

/// A body as a script has it.
pub(super) enum Body {
    Full(Option<Bytes>),
    Steps(mpsc::UnboundedReceiver<Step>),
    Paced { pieces: VecDeque<Bytes>, pause: Duration, sleep: Option<Pin<Box<Sleep>>> },
}

impl Body {
    pub(super) fn paced(pieces: VecDeque<Bytes>, pause: Duration) -> Self {
        Self::Paced { pieces, pause, sleep: None }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Full(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Steps(steps) => steps.poll_recv(cx).map(|step| {
                step.map(|step| match step {
                    Step::Bytes(bytes) => Ok(Frame::data(bytes)),
                    Step::BreakOff => Err(io::Error::other("told to break off")),
                })
            }),
            Self::Paced { pieces, pause, sleep } => {
                if !pause.is_zero() && !pieces.is_empty() {
                    let pausing = sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(*pause)));
                    std::task::ready!(pausing.as_mut().poll(cx));
                    *sleep = None;
                }
                Poll::Ready(pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
            }
        }
    }
}
