//! What a caller asks for: the few fields that the gateway reads, and the few bytes that it changes.
//!
//! The body is parsed once, borrowing from it. What is not read here is not looked at, and passes through byte by
//! byte: the edits below replace or insert the values they must and touch nothing else.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use compact_str::CompactString;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::estimate::Prompt;

/// What is read of a body. A field that stands twice is refused: who bills by one must not forward another.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: &'a RawValue,
    #[serde(default)]
    messages: Prompt,
    #[serde(default)]
    tools: Prompt,
    #[serde(default)]
    functions: Prompt,
    #[serde(default)]
    response_format: Prompt,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(borrow, default, deserialize_with = "present")]
    stream_options: Option<&'a RawValue>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    max_completion_tokens: Option<u64>,
    #[serde(default)]
    n: Option<u64>,
}

#[derive(Deserialize)]
struct StreamOptions<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    include_usage: Option<&'a RawValue>,
}

/// A field that is there, `null` included.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// A call, as its caller asked for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// The model, by the name that the catalog knows.
    pub(crate) model: CompactString,
    /// Whether the answer is to be a stream.
    pub(crate) stream: bool,
    /// Whether the caller wants the usage at the end of the stream.
    pub(crate) wants_usage: bool,
    /// A fair guess of the input tokens.
    pub(crate) input: u64,
    /// The most output tokens of one answer, where the caller set a limit.
    pub(crate) limit: Option<u64>,
    /// How many answers are asked for.
    pub(crate) answers: u64,
    edits: Edits,
}

/// Where the body is to be changed.
#[derive(Debug, PartialEq, Eq)]
struct Edits {
    model: Range<usize>,
    usage: Option<(Range<usize>, &'static str)>,
}

/// Why a body cannot be understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotUnderstood(pub(crate) String);

impl Ask {
    /// Reads a body.
    pub(crate) fn read(body: &[u8]) -> Result<Self, NotUnderstood> {
        // The message names a place, a field and a type, never what stands there.
        let wrong = |error: serde_json::Error| match error.classify() {
            serde_json::error::Category::Data => NotUnderstood(format!(
                "a field is missing, stands twice, or has a wrong type (line {}, column {})",
                error.line(),
                error.column()
            )),
            _ => NotUnderstood(format!("not JSON (line {}, column {})", error.line(), error.column())),
        };
        let read: Body<'_> = serde_json::from_slice(body).map_err(wrong)?;
        let model = text(read.model).ok_or_else(|| NotUnderstood("model must be a string".to_owned()))?;
        let stream = read.stream.unwrap_or(false);
        let (wants_usage, usage) = match (stream, read.stream_options) {
            (false, _) => (false, None),
            (true, options) => usage_edit(body, options).map_err(wrong)?,
        };
        let input = [read.tools, read.functions, read.response_format];
        Ok(Self {
            model: CompactString::from(model),
            stream,
            wants_usage,
            input: input.into_iter().fold(read.messages, Prompt::plus).tokens(),
            limit: read.max_completion_tokens.max(read.max_tokens),
            answers: read.n.unwrap_or(1).max(1),
            edits: Edits { model: span(body, read.model), usage },
        })
    }

    /// The body as the provider gets it: the same bytes if nothing is to be changed.
    pub(crate) fn forwarded(&self, body: Bytes, upstream_model: Option<&str>) -> Bytes {
        let model = upstream_model.map(|name| {
            let quoted = serde_json::Value::from(name).to_string();
            (self.edits.model.clone(), Cow::Owned(quoted))
        });
        let usage = self.edits.usage.clone().map(|(at, text)| (at, Cow::Borrowed(text)));
        let mut edits: Vec<(Range<usize>, Cow<'_, str>)> = model.into_iter().chain(usage).collect();
        if edits.is_empty() {
            return body;
        }
        edits.sort_by_key(|(at, _)| at.start);
        let mut out = BytesMut::with_capacity(body.len() + 64);
        let mut done = 0;
        for (at, text) in edits {
            out.extend_from_slice(body.get(done..at.start).unwrap_or_default());
            out.extend_from_slice(text.as_bytes());
            done = at.end;
        }
        out.extend_from_slice(body.get(done..).unwrap_or_default());
        out.freeze()
    }
}

/// Whether the caller asked for usage, and what to change so that the provider sends it.
#[expect(clippy::type_complexity, reason = "an edit is a place and a text")]
fn usage_edit(
    body: &[u8],
    options: Option<&RawValue>,
) -> Result<(bool, Option<(Range<usize>, &'static str)>), serde_json::Error> {
    let Some(options) = options else {
        // The body is an object: it was read as one.
        let first = body.iter().position(|byte| *byte == b'{').map_or(0, |at| at + 1);
        return Ok((false, Some((first..first, r#""stream_options":{"include_usage":true},"#))));
    };
    let at = span(body, options);
    if options.get() == "null" {
        return Ok((false, Some((at, r#"{"include_usage":true}"#))));
    }
    let read: StreamOptions<'_> = serde_json::from_str(options.get())?;
    Ok(match read.include_usage {
        Some(wanted) if wanted.get() == "true" => (true, None),
        Some(other) => (false, Some((span(body, other), "true"))),
        None => {
            let empty =
                options.get().bytes().all(|byte| matches!(byte, b'{' | b'}') || byte.is_ascii_whitespace());
            let text = if empty { r#""include_usage":true"# } else { r#""include_usage":true,"# };
            (false, Some((at.start + 1..at.start + 1, text)))
        }
    })
}

/// Where a value that was borrowed from the body stands in it.
fn span(body: &[u8], value: &RawValue) -> Range<usize> {
    let start = (value.get().as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
    start..start + value.get().len()
}

/// A JSON string's text.
pub(crate) fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(value.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(body: &str, model: Option<&str>) -> (Ask, String) {
        let ask = Ask::read(body.as_bytes()).unwrap();
        let sent = ask.forwarded(Bytes::copy_from_slice(body.as_bytes()), model);
        (ask, String::from_utf8(sent.to_vec()).unwrap())
    }

    #[test]
    fn a_call_without_a_stream_passes_unchanged() {
        let body = r#" { "model":"gpt-5.2","messages":[], "x_unknown": 1e400,"temperature":0.10 ,"stream":false,
            "stream_options":{"include_usage":false}}"#;
        let (ask, sent) = forwarded(body, None);
        assert_eq!(sent, body);
        assert!(!ask.stream && !ask.wants_usage);
    }

    #[test]
    fn usage_is_asked_for_wherever_the_caller_did_not() {
        for (body, sent) in [
            (
                r#"{"model":"m","stream":true}"#,
                r#"{"stream_options":{"include_usage":true},"model":"m","stream":true}"#,
            ),
            (
                r#"{"stream":true,"stream_options":null,"model":"m"}"#,
                r#"{"stream":true,"stream_options":{"include_usage":true},"model":"m"}"#,
            ),
            (
                r#"{"stream":true,"stream_options":{ },"model":"m"}"#,
                r#"{"stream":true,"stream_options":{"include_usage":true },"model":"m"}"#,
            ),
            (
                r#"{"stream":true,"stream_options":{"x":1},"model":"m"}"#,
                r#"{"stream":true,"stream_options":{"include_usage":true,"x":1},"model":"m"}"#,
            ),
            (
                r#"{"stream":true,"stream_options":{"include_usage": false, "x":[1]},"model":"m"}"#,
                r#"{"stream":true,"stream_options":{"include_usage": true, "x":[1]},"model":"m"}"#,
            ),
            (
                r#"{"stream":true,"stream_options":{"include_usage":null},"model":"m"}"#,
                r#"{"stream":true,"stream_options":{"include_usage":true},"model":"m"}"#,
            ),
        ] {
            let (ask, got) = forwarded(body, None);
            assert_eq!(got, sent);
            assert!(!ask.wants_usage, "{body}");
        }
        let body = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
        let (ask, sent) = forwarded(body, None);
        assert!(ask.wants_usage);
        assert_eq!(sent, body);
    }

    #[test]
    fn a_model_gets_its_upstream_name_and_nothing_else_changes() {
        let body = r#"{"messages":[{"role":"user","content":"my \"model\":\"m\" ü"}], "model" : "\u006d" ,"stream":true}"#;
        let (ask, sent) = forwarded(body, Some("vendor/m\"2"));
        assert_eq!(ask.model, "m");
        assert_eq!(
            sent,
            r#"{"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"my \"model\":\"m\" ü"}], "model" : "vendor/m\"2" ,"stream":true}"#
        );
    }

    #[test]
    fn limits_are_read_and_a_field_that_stands_twice_is_refused() {
        let ask = Ask::read(br#"{"model":"m","max_tokens":5,"max_completion_tokens":7,"n":3}"#).unwrap();
        assert_eq!((ask.limit, ask.answers), (Some(7), 3));
        for body in [
            r#"{"model":"m","model":"n"}"#,
            r#"{"model":7}"#,
            r#"{"messages":[]}"#,
            r#"{"model":"m","n":-1}"#,
            r#"{"model":"m","stream":"yes"}"#,
            r#"{"model":"m"} x"#,
            r#"[]"#,
            "",
        ] {
            assert!(Ask::read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
