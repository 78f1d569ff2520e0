//! Who is calling. Tokens and keys are known by their hashes only; nothing here keeps or logs a secret.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use scrip_engine::BookScope;
use scrip_ledger::event::SecretHash;
use scrip_ledger::{AccountId, Token};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::problem::{Code, Problem};
use crate::rights::{Right, Rights};

/// What the secret of an account's key begins with.
pub(crate) const KEY_PREFIX: &str = "sk-";

/// What the subject of an account's holder begins with.
pub(crate) const HOLDER: &str = "holder-";

/// Somebody who may do something.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    /// Who: the actor of events, and a part of the scope of idempotency keys.
    pub(crate) subject: Token,
    /// What it may do.
    pub(crate) rights: Rights,
    /// In which books.
    pub(crate) books: BookScope,
    /// The one account that it may act on, and the key it came with; nothing for a token.
    pub(crate) own: Option<(AccountId, u64)>,
}

impl Principal {
    /// Whether it may do something at all.
    pub(crate) fn may(&self, right: Right) -> Result<(), Problem> {
        if self.rights.contain(right) { Ok(()) } else { Err(forbidden()) }
    }

    /// Whether it may do something with an account; the account's book is checked by who reads the account.
    pub(crate) fn may_with(&self, right: Right, account: &AccountId) -> Result<(), Problem> {
        self.may(right)?;
        match &self.own {
            Some((own, _)) if own != account => Err(forbidden()),
            _ => Ok(()),
        }
    }
}

fn forbidden() -> Problem {
    Problem::new(Code::FORBIDDEN_SCOPE, "the scopes of this token, or of this key, do not allow this")
}

/// Somebody who is signed in to the console, as this process says it to itself: it is never read from a connection.
#[derive(Clone)]
pub(crate) struct SignedIn(pub(crate) Arc<Principal>);

/// Finds out who sent this request.
pub(crate) fn authenticate(app: &App, request: &Parts) -> Result<Arc<Principal>, Problem> {
    if let Some(SignedIn(principal)) = request.extensions.get() {
        return Ok(principal.clone());
    }
    let given = request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = given.and_then(bearer).ok_or_else(unknown)?;
    holder_of(app, secret)
}

fn unknown() -> Problem {
    Problem::new(Code::UNAUTHENTICATED, "send a known token: Authorization: Bearer <token>")
}

/// Finds out who has a token, or the secret of an account's key.
pub(crate) fn holder_of(app: &App, secret: &str) -> Result<Arc<Principal>, Problem> {
    let hash = SecretHash::of(secret);
    if let Some(principal) = app.tokens.get(&hash) {
        return Ok(principal.clone());
    }
    if !secret.starts_with(KEY_PREFIX) {
        return Err(unknown());
    }
    let owner = app.engine.key_owner(&hash).ok_or_else(unknown)?;
    if owner.revoked {
        return Err(Problem::new(Code::KEY_REVOKED, "this key was revoked, or it has a new secret"));
    }
    let subject = holder(&owner.account).ok_or_else(unknown)?;
    let own = Some((owner.account, owner.key));
    Ok(Arc::new(Principal { subject, rights: Rights::OF_A_KEY, books: BookScope::All, own }))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Who acts with a key: the account's holder, under a name of the account's own.
fn holder(account: &AccountId) -> Option<Token> {
    Token::new(&format!("{HOLDER}{account}"))
        .or_else(|_| Token::new(&format!("{HOLDER}{}", short_hash(&[account.as_str()]))))
        .ok()
}

/// 100 bits of a hash over texts, in 20 characters of base32.
pub(crate) fn short_hash(parts: &[&str]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let letter = |byte: &u8| char::from(ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'a'));
    hasher.finalize().iter().take(20).map(letter).collect()
}

impl FromRequestParts<Arc<App>> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        authenticate(app, parts).map(Arc::unwrap_or_clone)
    }
}
