//! What the gateway is told: providers, limits and times.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::uri::Scheme;
use http::{HeaderValue, Uri};

/// Everything that can be set.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The providers. A call goes to the first that serves its model.
    pub upstreams: Vec<Upstream>,
    /// Sizes.
    pub limits: Limits,
    /// Times.
    pub times: Times,
}

/// A provider with an OpenAI-compatible API.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// What the logs call it.
    pub(crate) name: String,
    /// Where completions are asked for.
    pub(crate) completions: Uri,
    /// What it is to be called with.
    pub(crate) authorization: Option<HeaderValue>,
    models: Models,
}

/// Why a provider cannot be called.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpstreamError {
    /// Its address is not one.
    Address(String),
    /// Its address is not `http://`.
    Scheme(String),
    /// Its key has characters that no header may have.
    Key,
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(url) => write!(f, "{url:?} is not the address of an API"),
            Self::Scheme(url) => write!(f, "{url:?}: only http:// can be called"),
            Self::Key => f.write_str("the key has characters that no header may have"),
        }
    }
}

impl std::error::Error for UpstreamError {}

/// What a provider serves.
#[derive(Clone, Debug)]
pub enum Models {
    /// Whatever a book sells, under the name that the book gives it.
    All,
    /// These: by the book's name, the provider's.
    Named(BTreeMap<String, String>),
}

impl Upstream {
    /// A provider: what the logs call it, where its API begins (such as `http://127.0.0.1:9000/v1`), the key that it
    /// is called with, and what it serves.
    pub fn new(
        name: &str,
        base_url: &str,
        key: Option<&Secret>,
        models: Models,
    ) -> Result<Self, UpstreamError> {
        let completions = format!("{}/chat/completions", base_url.trim_end_matches('/'));
        let completions: Uri =
            completions.parse().map_err(|_| UpstreamError::Address(base_url.to_owned()))?;
        if completions.authority().is_none() {
            return Err(UpstreamError::Address(base_url.to_owned()));
        }
        // TLS comes with the connector: see `upstream`.
        if completions.scheme() != Some(&Scheme::HTTP) {
            return Err(UpstreamError::Scheme(base_url.to_owned()));
        }
        let authorization = key.map(|key| HeaderValue::try_from(format!("Bearer {}", key.0))).transpose();
        let mut authorization = authorization.map_err(|_| UpstreamError::Key)?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        Ok(Self { name: name.to_owned(), completions, authorization, models })
    }

    /// Whether it serves a model: its own name for it, where that differs.
    pub(crate) fn serves(&self, model: &str) -> Option<Option<&str>> {
        match &self.models {
            Models::All => Some(None),
            Models::Named(names) => names.get(model).map(|name| (name != model).then_some(name.as_str())),
        }
    }
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Sizes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest request body; pictures come inside it.
    pub request_bytes: usize,
    /// The largest answer that is not a stream.
    pub answer_bytes: usize,
    /// How much is read of a stream after its caller has left, for the usage at its end.
    pub read_on_bytes: usize,
    /// Output tokens that a hold has at least, for each answer asked for, when credits do not reach for the model's
    /// maximum and the stream is to begin with what is there.
    pub least_output: u64,
    /// The most output tokens of a model that neither its catalog nor the caller bounds.
    pub unbounded_output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 32 * 1024 * 1024,
            answer_bytes: 32 * 1024 * 1024,
            read_on_bytes: 4 * 1024 * 1024,
            least_output: 256,
            unbounded_output: 16_384,
        }
    }
}

/// Times. A hold is kept alive through all of them.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// For the body of a request to arrive.
    pub request: Duration,
    /// To connect to a provider.
    pub connect: Duration,
    /// From the request to the head of the answer: for an answer that is no stream, nearly all of it.
    pub first_byte: Duration,
    /// Between two pieces of an answer.
    pub between_bytes: Duration,
    /// A caller who takes nothing for so long has left.
    pub caller_stalls: Duration,
    /// After the caller has left, for the usage at the end.
    pub read_on: Duration,
    /// How often a waiting call looks after its hold, and whether the gateway is to stop.
    pub upkeep: Duration,
    /// How long a settlement is tried again before it is given up, and its hold left to expire.
    pub settle: Duration,
    /// An idle connection to a provider is closed after it.
    pub idle_connection: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(120),
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(600),
            between_bytes: Duration::from_secs(120),
            caller_stalls: Duration::from_secs(60),
            read_on: Duration::from_secs(60),
            upkeep: Duration::from_secs(1),
            settle: Duration::from_secs(30),
            idle_connection: Duration::from_secs(60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let key = Secret::new("sk-live-1234");
        let upstream = Upstream::new("one", "http://127.0.0.1:1/v1/", Some(&key), Models::All).unwrap();
        assert!(!format!("{key:?} {upstream:?}").contains("1234"));
        assert_eq!(upstream.completions, "http://127.0.0.1:1/v1/chat/completions");
    }

    #[test]
    fn an_address_that_cannot_be_called_is_refused() {
        let new = |url: &str| Upstream::new("one", url, None, Models::All).map(|_| ());
        assert_eq!(
            new("https://api.example/v1"),
            Err(UpstreamError::Scheme("https://api.example/v1".to_owned()))
        );
        assert!(new("/v1").is_err() && new("").is_err() && new("http://").is_err());
        let key = Secret::new("a\nb");
        assert!(Upstream::new("one", "http://a/v1", Some(&key), Models::All).is_err());
    }
}
