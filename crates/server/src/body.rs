//! Bodies: read within bounds, parsed once.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use serde::Deserialize;

use crate::limits;
use crate::problem::{Code, Problem};

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut whole = pin!(collect(body, limit));
    // Nearly every body arrives with its head: only one that does not needs a timer.
    match poll_fn(|cx| Poll::Ready(whole.as_mut().poll(cx))).await {
        Poll::Ready(read) => read,
        Poll::Pending => tokio::time::timeout(limits::BODY_TIMEOUT, whole)
            .await
            .unwrap_or_else(|_| Err(Problem::new(Code::TIMEOUT, "the body did not arrive in time"))),
    }
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut seen = 0usize;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| Problem::new(Code::MALFORMED, "the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen > limit {
            // Read on, within a bound: a caller that is still writing would not see the answer otherwise.
            if seen > limits::DISCARD {
                break;
            }
        } else if first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    if seen > limit {
        return Err(Problem::new(Code::TOO_LARGE, "the body is too large").with("limit", limit));
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// Parses a body; an empty one counts as `{}`.
pub(crate) fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    let bytes = if bytes.is_empty() { &b"{}"[..] } else { bytes };
    let mut unknown: Option<String> = None;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_ignored::deserialize(&mut json, |path| {
        // A `?` stands for the optional field that the path goes through.
        unknown.get_or_insert_with(|| path.to_string().replace(".?", ""));
    })
    .and_then(|parsed: T| json.end().map(|()| parsed))
    .map_err(|error| Problem::new(Code::MALFORMED, without_values(&error.to_string())))?;
    match unknown {
        None => Ok(parsed),
        Some(field) => {
            Err(Problem::new(Code::UNKNOWN_FIELD, "this field is not known here").with("field", field))
        }
    }
}

/// What a parser says, without the value that it met: that may be a text which belongs to nobody else.
fn without_values(error: &str) -> String {
    error
        .rsplit_once(", expected ")
        .map_or_else(|| error.to_owned(), |(_, expected)| format!("expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read into")]
    struct Outer {
        name: String,
        inner: Option<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read into")]
    struct Inner {
        count: u32,
    }

    #[test]
    fn an_unknown_field_is_named_and_anything_else_is_malformed() {
        let code = |text: &str| parse::<Outer>(text.as_bytes()).err().map(|problem| problem.code().name);
        assert_eq!(code(r#"{"name":"a","inner":{"count":1}}"#), None);
        assert_eq!(code(r#"{"name":"a","inner":{"count":1,"more":[{}]}}"#), Some("unknown_field"));
        for text in
            ["", "{", "[]", "null", "1", r#"{"name":1}"#, r#"{"name":"a","name":"b"}"#, r#"{"name":"a"} x"#]
        {
            assert_eq!(code(text), Some("malformed"), "{text}");
        }
        let problem = parse::<Outer>(br#"{"name":"a","inner":"my name, expected, is Ada"}"#).unwrap_err();
        let told = serde_json::to_value(&problem).unwrap();
        assert_eq!(told["detail"], "expected struct Inner at line 1 column 47");
        let problem = parse::<Outer>(br#"{"name":"a","inner":{"count":1,"more":0}}"#).unwrap_err();
        assert_eq!(serde_json::to_value(&problem).unwrap()["field"], "inner.more");
    }
}
