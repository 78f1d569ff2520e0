//! Claims for compensation: money that a holder owes, apart from credits.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::records::Claim as Claimed;
use scrip_ledger::{AccountId, Command, Event, Minted, MintedKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lists::MoneyItem;
use super::top_ups::{currency, money};
use crate::answers::id;
use crate::app::Shared;
use crate::auth::Principal;
use crate::call::Call;
use crate::command::{Asked, At, Operation, minted};
use crate::format::Listing;
use crate::openapi::{KeyHeader, ListOf};
use crate::paging::{List, PageParams};
use crate::problem::{Code, Problem, Problems};
use crate::read::{Paged, Since};
use crate::rights::Right;
use crate::values::{ClaimOutcome, ClaimOutcomeIn, Id, IdIn, MintedId, MoneyIn, Name, Time, optional};

/// Claim compensation.
struct Claim;
/// Settle a claim.
struct Settle;

#[derive(Deserialize, ToSchema)]
#[schema(as = CompensationClaim)]
pub(crate) struct ClaimBody {
    amount: AmountBody,
    /// A reason code.
    reason: IdIn,
    /// What supports it, kept elsewhere.
    #[serde(alias = "reference")]
    r#ref: Option<IdIn>,
}

/// An amount of money.
#[derive(Deserialize, ToSchema)]
#[schema(as = MoneyGiven)]
pub(crate) struct AmountBody {
    /// ISO 4217.
    #[schema(value_type = String, example = "USD")]
    currency: Name,
    /// With the currency's minor units.
    amount: MoneyIn,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = SettleClaim)]
pub(crate) struct SettleBody {
    outcome: ClaimOutcomeIn,
    /// The payment, kept elsewhere.
    #[serde(alias = "reference")]
    r#ref: Option<IdIn>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CompensationClaimed)]
pub(crate) struct ClaimAnswer {
    claim_id: MintedId,
    account_id: Id,
    amount: MoneyItem,
    reason: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<Id>,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CompensationSettled)]
pub(crate) struct SettleAnswer {
    claim_id: MintedId,
    account_id: Id,
    /// `paid` or `waived`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<Id>,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

/// A claim.
#[derive(Serialize, ToSchema)]
#[schema(as = ClaimItem)]
pub(crate) struct ClaimItem {
    claim_id: MintedId,
    amount: MoneyItem,
    reason: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<Id>,
    claimed_at: Time,
    /// `open`, `paid` or `waived`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<Time>,
}

const fn outcome(paid: bool) -> &'static str {
    if paid { "paid" } else { "waived" }
}

impl ClaimItem {
    fn of(account: &AccountId, claim: &Claimed) -> Self {
        Self {
            claim_id: Minted::new(account, MintedKind::Claim, claim.revision).into(),
            amount: claim.claimed.amount.into(),
            reason: claim.claimed.reason.clone().into(),
            r#ref: claim.claimed.reference.clone().map(Id::from),
            claimed_at: claim.claimed_at.into(),
            status: claim.settled.as_ref().map_or("open", |(_, settled)| outcome(settled.paid)),
            settled_at: claim.settled.as_ref().map(|(at, _)| (*at).into()),
        }
    }
}

impl Operation for Claim {
    const NAME: &'static str = "claim_compensation";
    const RIGHT: Right = Right::Compensation;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = ClaimBody;
    type Answer<'a> = ClaimAnswer;

    fn ask(at: &At<'_>, body: ClaimBody) -> Result<Asked, Problem> {
        let currency = currency(&body.amount.currency, "amount.currency")?;
        let command = Command::ClaimCompensation {
            amount: money(currency, body.amount.amount, "amount.amount")?,
            reason: body.reason.get("reason")?,
            reference: optional(body.r#ref, "ref")?,
        };
        Ok(Asked::of(at.account()?, command))
    }

    fn answer(done: &Accepted) -> Option<ClaimAnswer> {
        let (claim, claimed) = done.find(|event| match event {
            Event::CompensationClaimed(claimed) => Some(claimed),
            _ => None,
        })?;
        Some(ClaimAnswer {
            claim_id: id(done, MintedKind::Claim, claim),
            account_id: done.account.clone().into(),
            amount: claimed.amount.into(),
            reason: claimed.reason.clone().into(),
            r#ref: claimed.reference.clone().map(Id::from),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

impl Operation for Settle {
    const NAME: &'static str = "settle_claim";
    const RIGHT: Right = Right::Compensation;
    type Body = SettleBody;
    type Answer<'a> = SettleAnswer;

    fn ask(at: &At<'_>, body: SettleBody) -> Result<Asked, Problem> {
        let claim = minted(at.id, MintedKind::Claim, Code::CLAIM_NOT_FOUND)?;
        let command = Command::SettleCompensation {
            claim: claim.revision,
            paid: body.outcome.get("outcome")? == ClaimOutcome::Paid,
            reference: optional(body.r#ref, "ref")?,
        };
        Ok(Asked::of(claim.account, command))
    }

    fn answer(done: &Accepted) -> Option<SettleAnswer> {
        let (_, settled) = done.find(|event| match event {
            Event::CompensationSettled(settled) => Some(settled),
            _ => None,
        })?;
        Some(SettleAnswer {
            claim_id: id(done, MintedKind::Claim, settled.claim),
            account_id: done.account.clone().into(),
            outcome: outcome(settled.paid),
            r#ref: settled.reference.clone().map(Id::from),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Claim compensation from an account's holder: money, apart from credits.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/compensation-claims", tag = "accounts",
    operation_id = "claimCompensation",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = ClaimBody,
    responses((status = 201, body = ClaimAnswer), Problems))]
pub(crate) async fn claim(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Claim>(&id, call).await
}

/// Record that a claim was paid, or waived.
#[utoipa::path(post, path = "/v1/compensation-claims/{claim_id}/settle", tag = "accounts", operation_id = "settleClaim",
    params(("claim_id" = String, Path, description = "The claim."), KeyHeader), request_body = SettleBody,
    responses((status = 200, body = SettleAnswer), Problems))]
pub(crate) async fn settle(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Settle>(&id, call).await
}

/// The claims against an account's holder, in the order they were made.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/compensation-claims", tag = "accounts",
    operation_id = "listCompensationClaims",
    params(("account_id" = String, Path, description = "The account."), PageParams, Since),
    responses((status = 200, body = inline(ListOf<ClaimItem>)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, since): Paged<Since>,
) -> Result<List<ClaimItem>, Problem> {
    let stand = app.stand_now(&caller, Right::ReadAll, &id, &since).await?;
    let account = &stand.account;
    let all = account.records().billing.claims().iter().map(|claim| (claim.revision, claim));
    let show = |_, claim| ClaimItem::of(account.id(), claim);
    Ok(page.read(Listing::CLAIMS)?.cut(all, show, stand.position))
}
