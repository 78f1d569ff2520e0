//! The one way of every command, over its own endpoint or in a batch: parse, check, submit, render.
//!
//! **Invariant**: an answer is a function of the accepted command's events and of nothing else, so that a repeated key
//! gets the same bytes again, also after a restart.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use compact_str::CompactString;
use scrip_engine::{Accepted, IdempotencyKey, Request, fingerprint};
use scrip_ledger::event::SecretHash;
use scrip_ledger::{AccountId, Command, Minted, MintedKind, Token};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::auth::Principal;
use crate::body;
use crate::call::Call;
use crate::problem::{Code, Problem};
use crate::rights::Right;
use crate::values::Value;

/// What a caller is told to whom the first answer is given again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A kind of command: how its body becomes a command, and its events an answer.
pub(crate) trait Operation: 'static {
    /// Its name: `op` in a batch, and a part of the scope of idempotency keys.
    const NAME: &'static str;
    /// Who may.
    const RIGHT: Right;
    /// The status of its answer, as a rule.
    const STATUS: StatusCode = StatusCode::OK;
    /// Its body.
    type Body: DeserializeOwned;
    /// Its answer.
    type Answer<'a>: Serialize;

    /// What is asked, of which account.
    fn ask(at: &At<'_>, body: Self::Body) -> Result<Asked, Problem>;

    /// The status of this answer: another one where what was asked waits for a second person.
    fn status(_: &Accepted) -> StatusCode {
        Self::STATUS
    }

    /// The answer, from the events alone; nothing if they are not this command's.
    fn answer(done: &Accepted) -> Option<Self::Answer<'_>>;
}

/// Where a command came in, and from whom.
pub(crate) struct At<'a> {
    /// The id in the path: of an account, a book, a hold, a debit.
    pub(crate) id: &'a str,
    /// A second id, where there is one: the key's in an account, the account's in a batch.
    pub(crate) part: Option<&'a str>,
    /// Who sends it.
    pub(crate) caller: &'a Principal,
    /// Under which key.
    pub(crate) key: Token,
    /// The hash of the secret that a new key will have.
    pub(crate) secret: Option<SecretHash>,
}

/// What is asked.
pub(crate) struct Asked {
    pub(crate) account: AccountId,
    pub(crate) command: Command,
    /// The caller left the account's id out and it was made up: it is no part of what was asked.
    pub(crate) made_up: bool,
}

impl Asked {
    /// A command for an account that the caller named.
    pub(crate) fn of(account: AccountId, command: Command) -> Self {
        Self { account, command, made_up: false }
    }
}

impl At<'_> {
    /// The account that the path names.
    pub(crate) fn account(&self) -> Result<AccountId, Problem> {
        account_id(self.id)
    }

    /// The hold that the path names.
    pub(crate) fn hold(&self) -> Result<Minted, Problem> {
        minted(self.id, MintedKind::Hold, Code::HOLD_NOT_FOUND)
    }

    /// The debit that the path names.
    pub(crate) fn debit(&self) -> Result<Minted, Problem> {
        minted(self.id, MintedKind::Debit, Code::DEBIT_NOT_FOUND)
    }
}

/// An account's id in a path.
pub(crate) fn account_id(text: &str) -> Result<AccountId, Problem> {
    AccountId::read(text).map_err(|wrong| wrong.at("account_id"))
}

/// A minted id of a kind; one that cannot be minted names nothing.
pub(crate) fn minted(text: &str, kind: MintedKind, not_found: Code) -> Result<Minted, Problem> {
    match text.parse::<Minted>() {
        Ok(id) if id.kind == kind => Ok(id),
        _ => Err(Problem::new(not_found, "there is nothing with this id")),
    }
}

/// The revision in an account's stream that a minted id names; another account's names nothing here.
pub(crate) fn minted_in(
    text: &str,
    kind: MintedKind,
    account: &AccountId,
    not_found: Code,
) -> Result<u64, Problem> {
    let id = minted(text, kind, not_found)?;
    if id.account == *account {
        Ok(id.revision)
    } else {
        Err(Problem::new(not_found, "the account has nothing with this id"))
    }
}

/// From a body to what the engine is asked.
pub(crate) fn prepare<O: Operation>(
    at: At<'_>,
    correlation: &CompactString,
    bytes: &[u8],
) -> Result<Request, Problem> {
    let asked = O::ask(&at, body::parse(bytes)?)?;
    let At { caller, key, .. } = at;
    caller.may_with(O::RIGHT, &asked.account)?;
    let target = if asked.made_up { "" } else { asked.account.as_str() };
    let fingerprint = fingerprint(target, &asked.command);
    Ok(Request {
        account: asked.account,
        command: asked.command,
        subject: caller.subject.clone(),
        books: caller.books.clone(),
        key: Some(IdempotencyKey { operation: O::NAME, key, fingerprint }),
        correlation: correlation.clone(),
    })
}

/// Writes an accepted command's answer.
pub(crate) fn render<O: Operation>(done: &Accepted, to: &mut Vec<u8>) -> Result<(), Problem> {
    let answer = O::answer(done).ok_or_else(|| Problem::internal("an answer's event is missing"))?;
    write(&answer, to)
}

/// Writes an answer.
pub(crate) fn write(answer: &impl Serialize, to: &mut Vec<u8>) -> Result<(), Problem> {
    serde_json::to_writer(to, answer).map_err(|_| Problem::internal("an answer cannot be written"))
}

/// An answer with a JSON body.
pub(crate) fn json(status: StatusCode, body: Vec<u8>, replayed: bool) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

impl App {
    /// Carries out one command that came in at its own endpoint.
    pub(crate) async fn run<O: Operation>(&self, id: &str, call: Call) -> Result<Response, Problem> {
        let done = self.submit::<O>(id, None, None, &call).await?;
        let mut body = Vec::with_capacity(512);
        render::<O>(&done, &mut body)?;
        Ok(json(O::status(&done), body, done.replayed))
    }

    /// Submits one command that came in at its own endpoint.
    pub(crate) async fn submit<O: Operation>(
        &self,
        id: &str,
        part: Option<&str>,
        secret: Option<SecretHash>,
        call: &Call,
    ) -> Result<Accepted, Problem> {
        // Who may not is told so before anything of the request is looked at.
        call.caller.may(O::RIGHT)?;
        let at = At { id, part, caller: &call.caller, key: call.key()?, secret };
        let request = prepare::<O>(at, &call.correlation, &call.body)?;
        Ok(self.engine.submit(request).await?)
    }
}
