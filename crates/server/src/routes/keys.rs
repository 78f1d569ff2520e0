//! An account's keys. A secret is shown once, in the answer that made it, and is known by its hash from then on.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::event::SecretHash;
use scrip_ledger::{Command, Event, KeyState, Minted, MintedKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::id;
use crate::app::{App, Shared};
use crate::auth::{KEY_PREFIX, Principal};
use crate::call::Call;
use crate::command::{Asked, At, Operation, json, minted_in, write};
use crate::format::Listing;
use crate::openapi::KeyHeader;
use crate::paging::{List, PageParams};
use crate::problem::{Code, Problem, Problems};
use crate::read::{Paged, When};
use crate::rights::Right;
use crate::values::{Id, IdIn, MintedId};

/// Issue a key.
struct Issue;
/// Give a key a new secret.
struct Rotate;
/// Refuse a key from now on.
struct Revoke;
/// The same as a measure against the holder, which can be appealed.
struct RevokeFor;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Nothing {}

#[derive(Deserialize, ToSchema)]
#[schema(as = RevokeKey)]
pub(crate) struct RevokeBody {
    /// A reason code.
    reason: IdIn,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct KeyAnswer {
    account_id: Id,
    key_id: MintedId,
    /// The secret. Shown once: not when the answer is given again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// `active` or `revoked`.
    state: &'static str,
    /// Where it is a measure that can be appealed: its id, which is the key's.
    #[serde(skip_serializing_if = "Option::is_none")]
    measure_id: Option<MintedId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Id>,
    position: u64,
    revision: u64,
}

impl KeyAnswer {
    fn of(done: &Accepted, key: u64, state: &'static str) -> Self {
        Self {
            account_id: done.account.clone().into(),
            key_id: id(done, MintedKind::Key, key),
            secret: None,
            state,
            measure_id: None,
            reason: None,
            position: done.position,
            revision: done.revision(),
        }
    }
}

fn secret(at: &At<'_>) -> Result<SecretHash, Problem> {
    at.secret.ok_or_else(|| Problem::internal("a key has no secret"))
}

/// The key that the path names.
fn key(at: &At<'_>) -> Result<u64, Problem> {
    minted_in(at.part.unwrap_or_default(), MintedKind::Key, &at.account()?, Code::KEY_NOT_FOUND)
}

impl Operation for Issue {
    const NAME: &'static str = "issue_key";
    const RIGHT: Right = Right::Keys;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = Nothing;
    type Answer<'a> = KeyAnswer;

    fn ask(at: &At<'_>, Nothing {}: Nothing) -> Result<Asked, Problem> {
        Ok(Asked::of(at.account()?, Command::IssueKey { secret: secret(at)? }))
    }

    fn answer(done: &Accepted) -> Option<KeyAnswer> {
        let (key, ()) = done.find(|event| matches!(event, Event::KeyIssued(_)).then_some(()))?;
        Some(KeyAnswer::of(done, key, "active"))
    }
}

impl Operation for Rotate {
    const NAME: &'static str = "rotate_key";
    const RIGHT: Right = Right::Keys;
    type Body = Nothing;
    type Answer<'a> = KeyAnswer;

    fn ask(at: &At<'_>, Nothing {}: Nothing) -> Result<Asked, Problem> {
        Ok(Asked::of(at.account()?, Command::RotateKey { key: key(at)?, secret: secret(at)? }))
    }

    fn answer(done: &Accepted) -> Option<KeyAnswer> {
        let (_, key) = done.find(|event| match event {
            Event::KeyRotated(rotated) => Some(rotated.key),
            _ => None,
        })?;
        Some(KeyAnswer::of(done, key, "active"))
    }
}

impl Operation for Revoke {
    const NAME: &'static str = "revoke_key";
    const RIGHT: Right = Right::Keys;
    type Body = Nothing;
    type Answer<'a> = KeyAnswer;

    fn ask(at: &At<'_>, Nothing {}: Nothing) -> Result<Asked, Problem> {
        Ok(Asked::of(at.account()?, Command::RevokeKey { key: key(at)?, reason: None }))
    }

    fn answer(done: &Accepted) -> Option<KeyAnswer> {
        let (_, key) = done.find(|event| match event {
            Event::KeyRevoked(revoked) => Some(revoked.key),
            _ => None,
        })?;
        Some(KeyAnswer::of(done, key, "revoked"))
    }
}

impl Operation for RevokeFor {
    const NAME: &'static str = "revoke_key_for";
    const RIGHT: Right = Right::Keys;
    type Body = RevokeBody;
    type Answer<'a> = KeyAnswer;

    fn ask(at: &At<'_>, body: RevokeBody) -> Result<Asked, Problem> {
        let reason = Some(body.reason.get("reason")?);
        Ok(Asked::of(at.account()?, Command::RevokeKey { key: key(at)?, reason }))
    }

    fn answer(done: &Accepted) -> Option<KeyAnswer> {
        let (_, revoked) = done.find(|event| match event {
            Event::KeyRevoked(revoked) => Some(revoked.clone()),
            _ => None,
        })?;
        let answer = KeyAnswer::of(done, revoked.key, "revoked");
        let measure_id = Some(id(done, MintedKind::Key, revoked.key));
        Some(KeyAnswer { measure_id, reason: revoked.reason.map(Id::from), ..answer })
    }
}

/// `sk-` and 32 bytes of the system's randomness in base64url.
fn new_secret() -> Result<String, Problem> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Problem::internal("the system gives no random bytes"))?;
    let mut secret = String::with_capacity(KEY_PREFIX.len() + 43);
    secret.push_str(KEY_PREFIX);
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for sextet in 0..=three.len() {
            let at = bits >> (18 - 6 * sextet) & 63;
            secret.push(char::from(ALPHABET.get(at as usize).copied().unwrap_or(b'A')));
        }
    }
    Ok(secret)
}

impl App {
    /// Carries out a command on a key; a new secret is in the answer unless the answer is given again.
    async fn run_key<O>(&self, account: &str, key: Option<&str>, call: Call) -> Result<Response, Problem>
    where
        O: for<'a> Operation<Answer<'a> = KeyAnswer>,
    {
        let secret = new_secret()?;
        let done = self.submit::<O>(account, key, Some(SecretHash::of(&secret)), &call).await?;
        let mut answer = O::answer(&done).ok_or_else(|| Problem::internal("an answer's event is missing"))?;
        answer.secret = (!done.replayed && answer.state == "active").then_some(secret);
        let mut body = Vec::with_capacity(256);
        write(&answer, &mut body)?;
        Ok(json(O::STATUS, body, done.replayed))
    }
}

/// Issue a key. Its secret is in this answer and never again.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/keys", tag = "keys", operation_id = "issueKey",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = Nothing,
    responses((status = 201, body = KeyAnswer), Problems))]
pub(crate) async fn issue(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run_key::<Issue>(&id, None, call).await
}

/// Give a key a new secret; the old one is refused from now on.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/keys/{key_id}/rotate", tag = "keys", operation_id = "rotateKey",
    params(("account_id" = String, Path, description = "The account."), ("key_id" = String, Path, description = "The key."), KeyHeader),
    request_body = Nothing, responses((status = 200, body = KeyAnswer), Problems))]
pub(crate) async fn rotate(
    State(app): Shared,
    Path((id, key)): Path<(String, String)>,
    call: Call,
) -> Result<Response, Problem> {
    app.run_key::<Rotate>(&id, Some(&key), call).await
}

/// Refuse a key from now on.
#[utoipa::path(delete, path = "/v1/accounts/{account_id}/keys/{key_id}", tag = "keys", operation_id = "revokeKey",
    params(("account_id" = String, Path, description = "The account."), ("key_id" = String, Path, description = "The key."), KeyHeader),
    responses((status = 200, body = KeyAnswer), Problems))]
pub(crate) async fn revoke(
    State(app): Shared,
    Path((id, key)): Path<(String, String)>,
    call: Call,
) -> Result<Response, Problem> {
    app.run_key::<Revoke>(&id, Some(&key), call).await
}

/// Refuse a key from now on, as a measure against the holder, who may appeal.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/keys/{key_id}/revoke", tag = "keys", operation_id = "revokeKeyFor",
    params(("account_id" = String, Path, description = "The account."), ("key_id" = String, Path, description = "The key."), KeyHeader),
    request_body = RevokeBody, responses((status = 200, body = KeyAnswer), Problems))]
pub(crate) async fn revoke_for(
    State(app): Shared,
    Path((id, key)): Path<(String, String)>,
    call: Call,
) -> Result<Response, Problem> {
    app.run_key::<RevokeFor>(&id, Some(&key), call).await
}

#[derive(Serialize, ToSchema)]
#[schema(as = KeyState)]
pub(crate) struct KeyItem {
    key_id: MintedId,
    /// `active`, `frozen` or `revoked`.
    state: &'static str,
}

/// The state of an account's keys, in the order they were issued.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/keys", tag = "keys", operation_id = "listKeys",
    params(("account_id" = String, Path, description = "The account."), PageParams, When),
    responses((status = 200, body = inline(crate::openapi::ListOf<KeyItem>)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, when): Paged<When>,
) -> Result<List<KeyItem>, Problem> {
    let stand = app.stand(&caller, Right::ReadKeys, &id, &when).await?;
    let account = &stand.account;
    let keys = account.keys().iter().map(|key| (key.revision, account.key_state(key)));
    let show = |key, state| KeyItem {
        key_id: Minted::new(account.id(), MintedKind::Key, key).into(),
        state: match state {
            KeyState::Active => "active",
            KeyState::Frozen => "frozen",
            KeyState::Revoked => "revoked",
        },
    };
    Ok(page.read(Listing::KEYS)?.cut(keys, show, stand.position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_43_letters_of_base64url_and_never_the_same() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(one, other);
        let letters = one.strip_prefix("sk-").unwrap();
        assert_eq!(letters.len(), 43);
        assert!(letters.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
    }
}
