//! Accounts: opened, and shown.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use compact_str::CompactString;
use scrip_engine::Accepted;
use scrip_ledger::event::{self, AccountOpened};
use scrip_ledger::{Account, AccountId, Balance, BookId, Command, Event, MintedKind, Status, Token, command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::measures::MeasureAnswer;
use super::reviews::ReviewItem;
use super::standing::Standing;
use crate::answers::BalanceAnswer;
use crate::app::Shared;
use crate::auth::{Principal, short_hash};
use crate::call::Call;
use crate::command::{Asked, At, Operation, json, write};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::read::{Params, When};
use crate::rights::Right;
use crate::values::{Id, IdIn, MintedId, Name, Time, Value, optional};

/// Open an account.
pub(crate) struct Open;

#[derive(Deserialize, ToSchema)]
pub(crate) struct OpenAccount {
    /// Without it, one is made up; the same request with the same key leads to the same account.
    account_id: Option<IdIn>,
    /// The book; needed in a batch, given by the path otherwise.
    book: Option<IdIn>,
    /// The service's own opaque id of who holds it.
    owner: Option<IdIn>,
    /// Where the holder is, ISO 3166-1 alpha-2.
    #[schema(value_type = Option<String>, example = "DE")]
    region: Option<Name>,
    /// What the holder attests.
    attestations: Option<Attestations>,
    /// The version of the terms that the holder accepts.
    terms_version: Option<IdIn>,
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
pub(crate) struct Attestations {
    /// Years of age that the holder has at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_at_least: Option<u8>,
    /// What was given is accurate.
    #[serde(default)]
    accurate_information: bool,
    /// The holder is under no sanctions.
    #[serde(default)]
    not_sanctioned: Option<bool>,
}

/// How many violations there were.
#[derive(Serialize, ToSchema)]
pub(crate) struct ViolationCount {
    count: u32,
    /// When the latest one was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_at: Option<Time>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountAnswer {
    account_id: Id,
    book: Id,
    /// `open`, `frozen` or `closed`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attestations: Option<Attestations>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms_version: Option<Id>,
    balance: BalanceAnswer,
    /// It owes since too long: calls are refused until it owes nothing.
    overdue: bool,
    /// By when what it owes had to be repaid, if it is overdue.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Time>,
    /// The freezes that stand, oldest first.
    measures: Vec<MeasureAnswer>,
    /// Of a query's answer: what is announced, in dispute, or has ended.
    #[serde(flatten)]
    standing: Option<Standing>,
    /// Its violations of the terms.
    violations: ViolationCount,
    /// Its reviews, in the order they were opened.
    reviews: Vec<ReviewItem>,
    /// Of the account's stream: its last event's.
    revision: u64,
    /// Of a command's answer: its last event's.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    /// Of a query's answer: as of when.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Time>,
    /// Of a query's answer: the last position that was taken into account.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of_position: Option<u64>,
}

impl Operation for Open {
    const NAME: &'static str = "open";
    const RIGHT: Right = Right::Accounts;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = OpenAccount;
    type Answer<'a> = AccountAnswer;

    fn ask(at: &At<'_>, body: OpenAccount) -> Result<Asked, Problem> {
        let in_body = optional(body.book, "book")?;
        let book = one_of(path_book(at.id)?, in_body, "book")?
            .ok_or_else(|| Problem::new(Code::MALFORMED, "name the book").with("field", "book"))?;
        let in_path =
            at.part.map(|id| AccountId::read(id).map_err(|wrong| wrong.at("account_id"))).transpose()?;
        let named = one_of(in_path, optional(body.account_id, "account_id")?, "account_id")?;
        let open = command::Open {
            owner: optional(body.owner, "owner")?,
            region: body.region.map(region).transpose()?,
            attestations: body.attestations.map(Into::into),
            terms_version: optional(body.terms_version, "terms_version")?,
            frozen: None,
            book,
        };
        let (account, made_up) = match named {
            Some(account) => (account, false),
            None => (made_up(&open.book, at.caller, &at.key)?, true),
        };
        Ok(Asked { account, command: Command::Open(open), made_up })
    }

    fn answer(done: &Accepted) -> Option<AccountAnswer> {
        let (_, opened) = done.find(|event| match event {
            Event::AccountOpened(opened) => Some(opened),
            _ => None,
        })?;
        let AccountOpened { book, owner, region, attestations, terms_version } = opened.clone();
        Some(AccountAnswer {
            account_id: done.account.clone().into(),
            book: book.into(),
            status: "open",
            owner: owner.map(Id::from),
            region: region.map(String::from),
            attestations: attestations.map(Attestations::from),
            terms_version: terms_version.map(Id::from),
            balance: Balance::default().into(),
            overdue: false,
            due_at: None,
            measures: Vec::new(),
            standing: None,
            violations: ViolationCount { count: 0, last_at: None },
            reviews: Vec::new(),
            revision: done.revision(),
            position: Some(done.position),
            as_of: None,
            as_of_position: None,
        })
    }
}

fn path_book(id: &str) -> Result<Option<BookId>, Problem> {
    let unknown = |_| Problem::new(Code::BOOK_NOT_FOUND, "there is no such book");
    if id.is_empty() { Ok(None) } else { BookId::new(id).map(Some).map_err(unknown) }
}

/// What was said in two places, if both say the same.
fn one_of<T: PartialEq>(one: Option<T>, other: Option<T>, field: &'static str) -> Result<Option<T>, Problem> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => {
            Err(Problem::new(Code::MALFORMED, "two places name different ones").with("field", field))
        }
        (one, other) => Ok(one.or(other)),
    }
}

/// Reads a region.
pub(super) fn region(text: CompactString) -> Result<CompactString, Problem> {
    if text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_uppercase()) {
        Ok(text)
    } else {
        let detail = "a region is two capital letters (ISO 3166-1 alpha-2)";
        Err(Problem::new(Code::INVALID_ID, detail).with("field", "region"))
    }
}

/// An id that depends on the book, the subject and the key alone: a retry means the same account.
fn made_up(book: &BookId, caller: &Principal, key: &Token) -> Result<AccountId, Problem> {
    let hash = short_hash(&[book.as_str(), caller.subject.as_str(), key.as_str()]);
    AccountId::new(&format!("acc_{hash}")).map_err(|_| Problem::internal("an account's id cannot be made up"))
}

impl From<Attestations> for event::Attestations {
    fn from(given: Attestations) -> Self {
        let Attestations { age_at_least, accurate_information, not_sanctioned } = given;
        Self { age_at_least, accurate_information, not_sanctioned }
    }
}

impl From<event::Attestations> for Attestations {
    fn from(stored: event::Attestations) -> Self {
        let event::Attestations { age_at_least, accurate_information, not_sanctioned } = stored;
        Self { age_at_least, accurate_information, not_sanctioned }
    }
}

impl AccountAnswer {
    fn of(account: &Account, book: &BookId) -> Self {
        let id =
            |kind, revision| -> MintedId { scrip_ledger::Minted::new(account.id(), kind, revision).into() };
        let conduct = &account.records().conduct;
        Self {
            account_id: account.id().clone().into(),
            book: book.clone().into(),
            status: match account.status() {
                Status::Closed => "closed",
                _ if account.account_freeze().is_some() => "frozen",
                _ => "open",
            },
            owner: account.owner().cloned().map(Id::from),
            region: account.region().map(str::to_owned),
            attestations: account.attestations().copied().map(Attestations::from),
            terms_version: account.terms_version().cloned().map(Id::from),
            balance: account.balance().into(),
            overdue: account.overdue().is_some(),
            due_at: account.overdue().map(Time::from),
            measures: account
                .freezes()
                .iter()
                .map(|freeze| MeasureAnswer {
                    measure_id: id(MintedKind::Freeze, freeze.revision),
                    reason: freeze.reason.clone().into(),
                    since: freeze.since.into(),
                    scope: super::measures::ScopeAnswer::of(account.id(), &freeze.scope, freeze.owner_wide),
                    origin: MeasureAnswer::origin(freeze.origin.as_ref()),
                })
                .collect(),
            standing: Some(Standing::of(account)),
            violations: ViolationCount {
                count: conduct.violations,
                last_at: conduct.latest.last().copied().map(Time::from),
            },
            reviews: conduct.reviews.iter().map(|review| ReviewItem::of(account.id(), review)).collect(),
            revision: account.next_revision().saturating_sub(1),
            position: None,
            as_of: None,
            as_of_position: None,
        }
    }
}

/// Open an account.
#[utoipa::path(post, path = "/v1/books/{book}/accounts", tag = "accounts", operation_id = "openAccount",
    params(("book" = String, Path, description = "The book."), KeyHeader), request_body = OpenAccount,
    responses((status = 201, body = AccountAnswer), Problems))]
pub(crate) async fn open(
    State(app): Shared,
    Path(book): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Open>(&book, call).await
}

/// An account: strongly consistent, or as it stood.
#[utoipa::path(get, path = "/v1/accounts/{account_id}", tag = "accounts", operation_id = "getAccount",
    params(("account_id" = String, Path, description = "The account."), When),
    responses((status = 200, body = AccountAnswer), Problems))]
pub(crate) async fn show(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Params(when): Params<When>,
) -> Result<Response, Problem> {
    let stand = app.stand(&caller, Right::ReadBalance, &id, &when).await?;
    let book = stand.account.book().ok_or_else(|| Problem::internal("an account has no book"))?;
    let answer = AccountAnswer {
        as_of: stand.as_of.map(Time::from),
        as_of_position: Some(stand.position),
        ..AccountAnswer::of(&stand.account, book)
    };
    let mut body = Vec::with_capacity(512);
    write(&answer, &mut body)?;
    Ok(json(StatusCode::OK, body, false))
}
