//! Holds: placed before a call, extended while it runs, captured or voided at its end.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::command::{CaptureHold, PlaceHold, Size};
use scrip_ledger::event::{HoldExtended, HoldPlaced, HoldVoided};
use scrip_ledger::{Command, Event, MintedKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::calls::{ChargeAnswer, ChargeDone, ProviderBody, UsageIn, call, provider, size};
use super::lists::HoldItem;
use crate::answers::{BalanceAnswer, id};
use crate::app::Shared;
use crate::auth::Principal;
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::format::Listing;
use crate::openapi::{KeyHeader, ListOf};
use crate::paging::{List, PageParams};
use crate::problem::{Code, Problem, Problems};
use crate::read::{Paged, When};
use crate::rights::Right;
use crate::values::{Amount, AmountIn, Id, IdIn, MintedId, Name, OutcomeIn, OutcomeOut, Time};

/// Place a hold.
pub(crate) struct Place;
/// Extend one.
pub(crate) struct Extend;
/// Capture one.
pub(crate) struct Capture;
/// Void one.
pub(crate) struct Void;

#[derive(Deserialize, ToSchema)]
#[schema(as = PlaceHold)]
pub(crate) struct HoldBody {
    /// The caller's id of the call.
    request_id: IdIn,
    /// The model, as the caller names it.
    #[schema(value_type = String)]
    model: Name,
    /// Where it is called, such as `chat/completions`.
    #[schema(value_type = String)]
    endpoint: Name,
    /// What it is expected to use.
    estimate: Option<UsageIn>,
    /// Credits in place of an estimate, where the book allows it.
    amount: Option<AmountIn>,
    /// How long the hold lives; capped by the book, and given by it where this is left out.
    #[schema(minimum = 1)]
    ttl_seconds: Option<u64>,
    /// The account's key that the call is made with.
    key_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Hold)]
pub(crate) struct HoldAnswer {
    hold_id: MintedId,
    account_id: Id,
    request_id: Id,
    /// What is reserved.
    amount: Amount,
    /// When it frees itself.
    expires_at: Time,
    /// The balance with this hold in place.
    balance: BalanceAnswer,
    catalog_version: u32,
    policy_version: u32,
    position: u64,
    revision: u64,
}

/// How large a call is expected to be. An estimate of nothing would reserve nothing, and admit any call.
fn estimated(estimate: Option<UsageIn>, amount: Option<AmountIn>) -> Result<Size, Problem> {
    match size(estimate, amount, "estimate")? {
        Size::Usage(usage) if usage.is_empty() => {
            let detail = "an estimate names at least one unit and its quantity";
            Err(Problem::new(Code::INVALID_AMOUNT, detail).with("field", "estimate"))
        }
        size => Ok(size),
    }
}

/// How long a hold lives, in seconds: a while.
fn lives(seconds: u64) -> Result<u64, Problem> {
    if seconds > 0 {
        return Ok(seconds);
    }
    Err(Problem::new(Code::INVALID_AMOUNT, "a hold lives for at least 1 second").with("field", "ttl_seconds"))
}

impl Operation for Place {
    const NAME: &'static str = "hold";
    const RIGHT: Right = Right::Calls;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = HoldBody;
    type Answer<'a> = HoldAnswer;

    fn ask(at: &At<'_>, body: HoldBody) -> Result<Asked, Problem> {
        let account = at.account()?;
        let place = PlaceHold {
            call: call(&account, body.request_id, body.model, body.endpoint, body.key_id)?,
            size: estimated(body.estimate, body.amount)?,
            ttl_seconds: body.ttl_seconds.map(lives).transpose()?,
        };
        Ok(Asked::of(account, Command::PlaceHold(place)))
    }

    fn answer(done: &Accepted) -> Option<HoldAnswer> {
        let (hold, placed) = done.find(|event| match event {
            Event::HoldPlaced(placed) => Some(placed),
            _ => None,
        })?;
        let HoldPlaced { request_id, amount, expires_at, after, catalog, policy, .. } = placed;
        Some(HoldAnswer {
            hold_id: id(done, MintedKind::Hold, hold),
            account_id: done.account.clone().into(),
            request_id: request_id.clone().into(),
            amount: (*amount).into(),
            expires_at: (*expires_at).into(),
            balance: (*after).into(),
            catalog_version: *catalog,
            policy_version: *policy,
            position: done.position,
            revision: done.revision(),
        })
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ExtendHold)]
pub(crate) struct ExtendBody {
    /// What the call is expected to use in all.
    estimate: Option<UsageIn>,
    /// What the hold shall reserve in all, where the book allows an amount.
    amount: Option<AmountIn>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ExtendedHold)]
pub(crate) struct ExtendAnswer {
    hold_id: MintedId,
    account_id: Id,
    /// What it reserves from now on, in all.
    amount: Amount,
    /// When it frees itself.
    expires_at: Time,
    position: u64,
    revision: u64,
}

impl Operation for Extend {
    const NAME: &'static str = "extend";
    const RIGHT: Right = Right::Calls;
    type Body = ExtendBody;
    type Answer<'a> = ExtendAnswer;

    fn ask(at: &At<'_>, body: ExtendBody) -> Result<Asked, Problem> {
        let hold = at.hold()?;
        let size = estimated(body.estimate, body.amount)?;
        Ok(Asked::of(hold.account, Command::ExtendHold { hold: hold.revision, size }))
    }

    fn answer(done: &Accepted) -> Option<ExtendAnswer> {
        let (_, extended) = done.find(|event| match event {
            Event::HoldExtended(extended) => Some(extended),
            _ => None,
        })?;
        let HoldExtended { hold, amount, expires_at, .. } = extended;
        Some(ExtendAnswer {
            hold_id: id(done, MintedKind::Hold, *hold),
            account_id: done.account.clone().into(),
            amount: (*amount).into(),
            expires_at: (*expires_at).into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CaptureHold)]
pub(crate) struct CaptureBody {
    /// What was used.
    usage: Option<UsageIn>,
    /// Credits in place of a usage, where the book allows it.
    amount: Option<AmountIn>,
    /// How it ended; `completed` without it.
    outcome: Option<OutcomeIn>,
    provider: Option<ProviderBody>,
}

impl Operation for Capture {
    const NAME: &'static str = "capture";
    const RIGHT: Right = Right::Calls;
    type Body = CaptureBody;
    type Answer<'a> = ChargeDone<'a>;

    fn ask(at: &At<'_>, body: CaptureBody) -> Result<Asked, Problem> {
        let hold = at.hold()?;
        let capture = CaptureHold {
            hold: hold.revision,
            size: size(body.usage, body.amount, "usage")?,
            outcome: super::debits::outcome(body.outcome)?,
            provider: provider(body.provider)?,
            past: None,
        };
        Ok(Asked::of(hold.account, Command::CaptureHold(capture)))
    }

    fn answer(done: &Accepted) -> Option<ChargeDone<'_>> {
        let (debit, captured) = done.find(|event| match event {
            Event::HoldCaptured(captured) => Some(captured),
            _ => None,
        })?;
        let charge = ChargeAnswer::of(&done.account, debit, &captured.charge);
        Some(ChargeDone::of(done, charge.captured(captured.hold, captured.released, captured.late)))
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = VoidHold)]
pub(crate) struct VoidBody {
    /// How the call ended.
    outcome: OutcomeIn,
}

#[derive(Serialize, ToSchema)]
#[schema(as = VoidedHold)]
pub(crate) struct VoidAnswer {
    hold_id: MintedId,
    account_id: Id,
    outcome: OutcomeOut,
    /// What it had reserved.
    released: Amount,
    position: u64,
    revision: u64,
}

impl Operation for Void {
    const NAME: &'static str = "void";
    const RIGHT: Right = Right::Calls;
    type Body = VoidBody;
    type Answer<'a> = VoidAnswer;

    fn ask(at: &At<'_>, body: VoidBody) -> Result<Asked, Problem> {
        let hold = at.hold()?;
        let outcome = body.outcome.get("outcome")?;
        Ok(Asked::of(hold.account, Command::VoidHold { hold: hold.revision, outcome }))
    }

    fn answer(done: &Accepted) -> Option<VoidAnswer> {
        let (_, voided) = done.find(|event| match event {
            Event::HoldVoided(voided) => Some(voided),
            _ => None,
        })?;
        let HoldVoided { hold, outcome, released } = voided;
        Some(VoidAnswer {
            hold_id: id(done, MintedKind::Hold, *hold),
            account_id: done.account.clone().into(),
            outcome: (*outcome).into(),
            released: (*released).into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Reserve credits for a call.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/holds", tag = "calls", operation_id = "placeHold",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = HoldBody,
    responses((status = 201, body = HoldAnswer), Problems))]
pub(crate) async fn place(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Place>(&id, call).await
}

/// Reserve more for a call, or for longer.
#[utoipa::path(post, path = "/v1/holds/{hold_id}/extend", tag = "calls", operation_id = "extendHold",
    params(("hold_id" = String, Path, description = "The hold."), KeyHeader), request_body = ExtendBody,
    responses((status = 200, body = ExtendAnswer), Problems))]
pub(crate) async fn extend(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Extend>(&id, call).await
}

/// Charge a call that has a hold; what the hold reserved beyond that is released.
#[utoipa::path(post, path = "/v1/holds/{hold_id}/capture", tag = "calls", operation_id = "captureHold",
    params(("hold_id" = String, Path, description = "The hold."), KeyHeader), request_body = CaptureBody,
    responses((status = 200, body = ChargeDone), Problems))]
pub(crate) async fn capture(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Capture>(&id, call).await
}

/// Give up a hold.
#[utoipa::path(post, path = "/v1/holds/{hold_id}/void", tag = "calls", operation_id = "voidHold",
    params(("hold_id" = String, Path, description = "The hold."), KeyHeader), request_body = VoidBody,
    responses((status = 200, body = VoidAnswer), Problems))]
pub(crate) async fn void(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Void>(&id, call).await
}

/// The open holds of an account, in the order they were placed.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/holds", tag = "lists", operation_id = "listHolds",
    params(("account_id" = String, Path, description = "The account."), PageParams, When),
    responses((status = 200, body = inline(ListOf<HoldItem>)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, when): Paged<When>,
) -> Result<List<HoldItem>, Problem> {
    let stand = app.stand(&caller, Right::ReadAll, &id, &when).await?;
    let account = &stand.account;
    let show = |revision, hold| HoldItem::of(account.id(), revision, hold);
    Ok(page.read(Listing::HOLDS)?.cut(account.holds(), show, stand.position))
}
