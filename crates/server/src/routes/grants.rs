//! Credits without a payment: a lot of its own.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::book::ClaimsSoFar;
use scrip_ledger::event::Granted;
use scrip_ledger::{Command, Event, MintedKind, command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::approvals::PendingAnswer;
use crate::answers::id;
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::openapi::KeyHeader;
use crate::problem::{Problem, Problems};
use crate::rights::Right;
use crate::values::{Amount, AmountIn, Id, IdIn, MintedId, SourceIn, SourceOut, Time, TimeIn, optional};

/// Grant.
pub(crate) struct Grant;

#[derive(Deserialize, ToSchema)]
#[schema(as = Grant)]
pub(crate) struct GrantBody {
    source: SourceIn,
    /// The campaign that it belongs to.
    campaign: Option<IdIn>,
    credits: AmountIn,
    /// When they expire; without it, by the book's rule for the source.
    expires_at: Option<TimeIn>,
    /// Their place in a burn order by priority; without it, by the book's rule for the source.
    priority: Option<u16>,
    /// A reason code.
    reason: Option<IdIn>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = GrantedLot)]
pub(crate) struct LotAnswer {
    account_id: Id,
    lot_id: MintedId,
    source: SourceOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign: Option<Id>,
    credits: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
    priority: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Id>,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

/// What came of a grant: a lot, or that it waits for a second person.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum GrantAnswer {
    Granted(Box<LotAnswer>),
    Waits(Box<PendingAnswer>),
}

impl Operation for Grant {
    const NAME: &'static str = "grant";
    const RIGHT: Right = Right::Credits;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = GrantBody;
    type Answer<'a> = GrantAnswer;

    fn ask(at: &At<'_>, body: GrantBody) -> Result<Asked, Problem> {
        let grant = command::Grant {
            source: body.source.get("source")?,
            campaign: optional(body.campaign, "campaign")?,
            credits: body.credits.get("credits")?,
            expires_at: optional(body.expires_at, "expires_at")?,
            priority: body.priority,
            reason: optional(body.reason, "reason")?,
            by: at.caller.subject.clone(),
            so_far: ClaimsSoFar::default(),
        };
        Ok(Asked::of(at.account()?, Command::Grant(grant)))
    }

    fn status(done: &Accepted) -> StatusCode {
        if PendingAnswer::of(done).is_some() { StatusCode::ACCEPTED } else { Self::STATUS }
    }

    fn answer(done: &Accepted) -> Option<GrantAnswer> {
        if let Some(waits) = PendingAnswer::of(done) {
            return Some(GrantAnswer::Waits(Box::new(waits)));
        }
        let (lot, granted) = done.find(|event| match event {
            Event::Granted(granted) => Some(granted),
            _ => None,
        })?;
        let Granted { source, campaign, credits, expires_at, priority, reason, .. } = granted.clone();
        Some(GrantAnswer::Granted(Box::new(LotAnswer {
            account_id: done.account.clone().into(),
            lot_id: id(done, MintedKind::Lot, lot),
            source: source.into(),
            campaign: campaign.map(Id::from),
            credits: credits.into(),
            expires_at: expires_at.map(Time::from),
            priority,
            reason: reason.map(Id::from),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })))
    }
}

/// Credits without a payment.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/grants", tag = "credits", operation_id = "grantCredits",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = GrantBody,
    responses((status = 201, body = LotAnswer), (status = 202, body = PendingAnswer), Problems))]
pub(crate) async fn grant(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Grant>(&id, call).await
}
