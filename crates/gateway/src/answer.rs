//! What a provider answers, as far as it is billed by: usage, an id, whether it failed, and how much was written.
//! The shape is that of OpenAI's chat completions, whole and in chunks.

use std::fmt;

use scrip_ledger::Token;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::ask::text;
use crate::estimate::Written;

/// The usage of a chat completion. Everything in the details is a part of the two sums, never beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct ChatUsage {
    pub(crate) prompt_tokens: u64,
    #[serde(default)]
    pub(crate) completion_tokens: u64,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default)]
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
    #[serde(default)]
    cache_write_tokens: Option<u64>,
    /// The name that some proxies of Anthropic's models give it.
    #[serde(default)]
    cache_creation_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct CompletionDetails {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
}

impl ChatUsage {
    /// What of the prompt a cache served.
    pub(crate) fn cached(&self) -> u64 {
        self.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0)
    }

    /// What of the prompt was written to a cache.
    pub(crate) fn cache_written(&self) -> u64 {
        let details = self.prompt_tokens_details;
        details.and_then(|d| d.cache_write_tokens.max(d.cache_creation_tokens)).unwrap_or(0)
    }

    /// What of the completion was thought and not said.
    pub(crate) fn reasoning(&self) -> u64 {
        self.completion_tokens_details.and_then(|details| details.reasoning_tokens).unwrap_or(0)
    }
}

/// A completion, or a chunk of one.
#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(default)]
    choices: Option<Choices>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<IgnoredAny>,
}

/// How many choices there are and what was written in them.
#[derive(Clone, Copy, Debug, Default)]
struct Choices {
    count: usize,
    written: Written,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Written>,
    #[serde(default)]
    message: Option<Written>,
}

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Choices;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of choices")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Choices, A::Error> {
                let mut all = Choices::default();
                while let Some(Choice { delta, message }) = seq.next_element()? {
                    all.count += 1;
                    all.written =
                        all.written.plus(delta.unwrap_or_default()).plus(message.unwrap_or_default());
                }
                Ok(all)
            }

            /// Not a list: nothing is known of it.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Choices, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Choices::default())
            }
        }
        deserializer.deserialize_any(All)
    }
}

/// What is to become of a piece of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// It belongs to the answer.
    Content,
    /// It says what was used, and nothing else.
    UsageAlone,
    /// It says that the provider failed.
    Error,
    /// It is nothing that the gateway can read.
    Unreadable,
}

/// What is known of an answer so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    /// What has passed.
    pub(crate) written: Written,
    /// The last usage that the provider gave: in a stream a later one replaces an earlier one.
    pub(crate) usage: Option<ChatUsage>,
    /// The provider's id of the call, if it can stand in an event.
    pub(crate) id: Option<Token>,
}

impl Meter {
    /// Reads an answer or a chunk of one.
    pub(crate) fn read(&mut self, json: &[u8]) -> Piece {
        let Ok(read) = serde_json::from_slice::<Completion<'_>>(json) else { return Piece::Unreadable };
        if self.id.is_none() {
            self.id = read.id.and_then(text).and_then(|id| Token::new(&id).ok());
        }
        let usage = read.usage.and_then(|raw| serde_json::from_str::<ChatUsage>(raw.get()).ok());
        self.usage = usage.or(self.usage);
        let choices = read.choices.unwrap_or_default();
        self.written = self.written.plus(choices.written);
        match (read.error, usage) {
            (Some(_), _) => Piece::Error,
            (None, Some(_)) if choices.count == 0 => Piece::UsageAlone,
            (None, _) => Piece::Content,
        }
    }
}

/// The code of an OpenAI-shaped error, for what may be told apart by it.
pub(crate) fn error_code(json: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        error: Code,
    }
    #[derive(Deserialize)]
    struct Code {
        code: Option<String>,
    }
    serde_json::from_slice::<Answer>(json).ok()?.error.code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_parts_of_the_sums() {
        let mut meter = Meter::default();
        let piece = meter.read(
            br#"{"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
                "prompt_tokens_details":{"cached_tokens":80,"audio_tokens":null,"cache_creation_tokens":5},
                "completion_tokens_details":{"reasoning_tokens":30,"accepted_prediction_tokens":2}}}"#,
        );
        assert_eq!(piece, Piece::UsageAlone);
        let usage = meter.usage.unwrap();
        assert_eq!((usage.prompt_tokens, usage.completion_tokens), (100, 50));
        assert_eq!((usage.cached(), usage.cache_written(), usage.reasoning()), (80, 5, 30));
        assert_eq!(meter.id.unwrap().as_str(), "chatcmpl-1");
    }

    #[test]
    fn a_later_usage_replaces_an_earlier_one_and_null_does_not() {
        let mut meter = Meter::default();
        let chunk = |text: &str, usage: &str| {
            format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}],"usage":{usage}}}"#)
        };
        assert_eq!(
            meter.read(chunk("four", r#"{"prompt_tokens":9,"completion_tokens":1}"#).as_bytes()),
            Piece::Content
        );
        assert_eq!(
            meter.read(chunk("four", r#"{"prompt_tokens":9,"completion_tokens":2}"#).as_bytes()),
            Piece::Content
        );
        assert_eq!(meter.read(chunk("four", "null").as_bytes()), Piece::Content);
        assert_eq!(meter.usage.unwrap().completion_tokens, 2);
        assert_eq!(meter.written.tokens(), 3);
    }

    #[test]
    fn a_usage_that_cannot_be_read_is_none() {
        let mut meter = Meter::default();
        for usage in ["{}", r#"{"prompt_tokens":-1}"#, r#"{"prompt_tokens":1.5}"#, "7", "null"] {
            let answer = format!(r#"{{"choices":[{{"message":{{"content":"x"}}}}],"usage":{usage}}}"#);
            assert_eq!(meter.read(answer.as_bytes()), Piece::Content);
            assert_eq!(meter.usage, None, "{usage}");
        }
        assert_eq!(meter.read(br#"{"error":{"message":"no"}}"#), Piece::Error);
        assert_eq!(meter.read(b"<html>"), Piece::Unreadable);
        assert_eq!(error_code(br#"{"error":{"code":"content_filter"}}"#).as_deref(), Some("content_filter"));
    }
}
