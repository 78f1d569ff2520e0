//! Material breaches: notified, and cured in time.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::{Command, Event, MintedKind, command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::id;
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation, minted};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::rights::Right;
use crate::values::{ClosedByIn, ClosedByOut, Id, IdIn, MintedId, Time, optional};

/// Give notice of one.
struct Notify;
/// Record that one was cured.
struct Cure;

#[derive(Deserialize, ToSchema)]
#[schema(as = NotifyBreach)]
pub(crate) struct NotifyBody {
    /// Who is in breach.
    by: ClosedByIn,
    /// A reason code.
    reason: IdIn,
    /// What describes it, kept elsewhere.
    #[serde(rename = "ref")]
    reference: Option<IdIn>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CureBreach)]
pub(crate) struct CureBody {
    /// What shows it, kept elsewhere.
    #[serde(rename = "ref")]
    reference: Option<IdIn>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BreachNotified)]
pub(crate) struct BreachAnswer {
    account_id: Id,
    breach_id: MintedId,
    /// Who is in breach.
    by: ClosedByOut,
    reason: Id,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<Id>,
    /// Until when it can be cured, this instant included; then the account closes.
    cure_until: Time,
    position: u64,
    revision: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BreachCured)]
pub(crate) struct CureAnswer {
    account_id: Id,
    breach_id: MintedId,
    /// `cured`.
    state: &'static str,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<Id>,
    position: u64,
    revision: u64,
}

impl Operation for Notify {
    const NAME: &'static str = "notify_breach";
    const RIGHT: Right = Right::Conduct;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = NotifyBody;
    type Answer<'a> = BreachAnswer;

    fn ask(at: &At<'_>, body: NotifyBody) -> Result<Asked, Problem> {
        let notify = command::NotifyBreach {
            by: body.by.get("by")?,
            reason: body.reason.get("reason")?,
            reference: optional(body.reference, "ref")?,
        };
        Ok(Asked::of(at.account()?, Command::NotifyBreach(notify)))
    }

    fn answer(done: &Accepted) -> Option<BreachAnswer> {
        let (at, notified) = done.find(|event| match event {
            Event::BreachNotified(notified) => Some(notified.clone()),
            _ => None,
        })?;
        Some(BreachAnswer {
            account_id: done.account.clone().into(),
            breach_id: id(done, MintedKind::Breach, at),
            by: notified.by.into(),
            reason: notified.reason.into(),
            reference: notified.reference.map(Id::from),
            cure_until: notified.cure_until.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

impl Operation for Cure {
    const NAME: &'static str = "cure_breach";
    const RIGHT: Right = Right::Conduct;
    type Body = CureBody;
    type Answer<'a> = CureAnswer;

    fn ask(at: &At<'_>, body: CureBody) -> Result<Asked, Problem> {
        let breach = minted(at.id, MintedKind::Breach, Code::BREACH_NOT_FOUND)?;
        let reference = optional(body.reference, "ref")?;
        Ok(Asked::of(breach.account, Command::CureBreach { breach: breach.revision, reference }))
    }

    fn answer(done: &Accepted) -> Option<CureAnswer> {
        let (_, cured) = done.find(|event| match event {
            Event::BreachCured(cured) => Some(cured.clone()),
            _ => None,
        })?;
        Some(CureAnswer {
            account_id: done.account.clone().into(),
            breach_id: id(done, MintedKind::Breach, cured.breach),
            state: "cured",
            reference: cured.reference.map(Id::from),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Give notice of a material breach: it ends the account unless it is cured in time.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/breaches", tag = "measures", operation_id = "notifyBreach",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = NotifyBody,
    responses((status = 201, body = BreachAnswer), Problems))]
pub(crate) async fn notify(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Notify>(&id, call).await
}

/// Record that a breach was cured: its notice lapses.
#[utoipa::path(post, path = "/v1/breaches/{breach_id}/cure", tag = "measures", operation_id = "cureBreach",
    params(("breach_id" = String, Path, description = "The breach."), KeyHeader), request_body = CureBody,
    responses((status = 200, body = CureAnswer), Problems))]
pub(crate) async fn cure(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Cure>(&id, call).await
}
