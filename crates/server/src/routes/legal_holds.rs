//! Legal holds: nothing that is kept of the account is purged while one stands.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::{Command, Event, MintedKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::id;
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation, minted};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::rights::Right;
use crate::values::{Id, IdIn, MintedId, optional};

/// Place one.
struct Place;
/// Release one.
struct Release;

#[derive(Deserialize, ToSchema)]
#[schema(as = PlaceLegalHold)]
pub(crate) struct PlaceBody {
    /// A reason code.
    reason: IdIn,
    /// What orders it, kept elsewhere.
    #[serde(rename = "ref")]
    reference: Option<IdIn>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ReleaseLegalHold)]
pub(crate) struct ReleaseBody {
    /// A reason code.
    reason: IdIn,
}

#[derive(Serialize, ToSchema)]
#[schema(as = LegalHoldPlaced)]
pub(crate) struct LegalHoldAnswer {
    account_id: Id,
    legal_hold_id: MintedId,
    /// `placed` or `released`.
    state: &'static str,
    reason: Id,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<Id>,
    position: u64,
    revision: u64,
}

impl Operation for Place {
    const NAME: &'static str = "place_legal_hold";
    const RIGHT: Right = Right::Conduct;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = PlaceBody;
    type Answer<'a> = LegalHoldAnswer;

    fn ask(at: &At<'_>, body: PlaceBody) -> Result<Asked, Problem> {
        let (reason, reference) = (body.reason.get("reason")?, optional(body.reference, "ref")?);
        Ok(Asked::of(at.account()?, Command::PlaceLegalHold { reason, reference }))
    }

    fn answer(done: &Accepted) -> Option<LegalHoldAnswer> {
        let (at, placed) = done.find(|event| match event {
            Event::LegalHoldPlaced(placed) => Some(placed.clone()),
            _ => None,
        })?;
        Some(LegalHoldAnswer {
            account_id: done.account.clone().into(),
            legal_hold_id: id(done, MintedKind::LegalHold, at),
            state: "placed",
            reason: placed.reason.into(),
            reference: placed.reference.map(Id::from),
            position: done.position,
            revision: done.revision(),
        })
    }
}

impl Operation for Release {
    const NAME: &'static str = "release_legal_hold";
    const RIGHT: Right = Right::Conduct;
    type Body = ReleaseBody;
    type Answer<'a> = LegalHoldAnswer;

    fn ask(at: &At<'_>, body: ReleaseBody) -> Result<Asked, Problem> {
        let held = minted(at.id, MintedKind::LegalHold, Code::LEGAL_HOLD_NOT_FOUND)?;
        let reason = body.reason.get("reason")?;
        Ok(Asked::of(held.account, Command::ReleaseLegalHold { legal_hold: held.revision, reason }))
    }

    fn answer(done: &Accepted) -> Option<LegalHoldAnswer> {
        let (_, released) = done.find(|event| match event {
            Event::LegalHoldReleased(released) => Some(released.clone()),
            _ => None,
        })?;
        Some(LegalHoldAnswer {
            account_id: done.account.clone().into(),
            legal_hold_id: id(done, MintedKind::LegalHold, released.legal_hold),
            state: "released",
            reason: released.reason.into(),
            reference: None,
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Let nothing that is kept of an account be purged.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/legal-holds", tag = "measures", operation_id = "placeLegalHold",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = PlaceBody,
    responses((status = 201, body = LegalHoldAnswer), Problems))]
pub(crate) async fn place(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Place>(&id, call).await
}

/// Let what is kept of an account be purged again when its time has come.
#[utoipa::path(post, path = "/v1/legal-holds/{legal_hold_id}/release", tag = "measures", operation_id = "releaseLegalHold",
    params(("legal_hold_id" = String, Path, description = "The legal hold."), KeyHeader), request_body = ReleaseBody,
    responses((status = 200, body = LegalHoldAnswer), Problems))]
pub(crate) async fn release(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Release>(&id, call).await
}
