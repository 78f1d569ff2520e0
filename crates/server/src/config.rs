//! What the server is told at its start.

use scrip_ledger::event::SecretHash;
use scrip_ledger::{BookId, Token};
use serde::Deserialize;

use crate::{Scope, auth};

/// How to serve.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Who may call.
    pub tokens: Vec<TokenConfig>,
    /// Secrets that payment providers sign their webhooks with.
    pub webhooks: Vec<WebhookConfig>,
    /// Serve for trial and test: `POST /v1/dev/clock` is there if the clock is manual.
    pub dev: bool,
    /// Serve `/v1/noop`: the same server and middleware without the engine, to measure against.
    pub bench: bool,
}

/// A webhook of a payment provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// The provider: `stripe`.
    pub provider: Token,
    /// The book whose payments it tells of; without it, every book that has none of its own.
    #[serde(default)]
    pub book: Option<BookId>,
    /// The secrets that it may sign with: two while one takes the place of the other.
    pub secrets: Vec<WebhookSecret>,
}

/// A secret that a provider signs with. It is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// From its text.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether there is nothing in it: everybody could sign with that.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// A token: known only by its hash.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// Who it is: the actor of the events that it leads to, and a part of the scope of idempotency keys.
    pub subject: Token,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The books that it may act on; without it, all.
    #[serde(default)]
    pub books: Option<Vec<BookId>>,
    /// SHA-256 of the token, in hex.
    pub sha256: SecretHash,
}

impl TokenConfig {
    /// Whether its subject is one that the program acts as itself: the engine, the gateway, a payment provider, or the
    /// holder of an account. A token of that name would share their actor, and their idempotency keys.
    pub fn is_reserved(&self) -> bool {
        let subject = self.subject.as_str();
        matches!(subject, "gateway" | "system" | "webhook-stripe") || subject.starts_with(auth::HOLDER)
    }

    /// A token for all books, from its text: for trials and tests.
    pub fn of(subject: Token, scopes: &[Scope], token: &str) -> Self {
        Self { subject, scopes: scopes.to_vec(), books: None, sha256: SecretHash::of(token) }
    }
}
