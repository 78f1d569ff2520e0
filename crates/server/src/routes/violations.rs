//! Violations of the terms: recorded by hand, besides those that calls are, and listed.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::event::{LotAmount, ViolationRecorded};
use scrip_ledger::{Account, AccountId, Command, Event, Minted, MintedKind, Timestamp};
use scrip_store::Recorded;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reviews::ReviewItem;
use crate::answers::{LotPart, id};
use crate::app::Shared;
use crate::auth::Principal;
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::format::Listing;
use crate::openapi::{KeyHeader, ListOf};
use crate::paging::{List, PageParams};
use crate::problem::{Problem, Problems};
use crate::read::{Paged, Since};
use crate::rights::Right;
use crate::values::{Id, IdIn, MintedId, Time, optional};

/// Record a violation.
struct Record;

#[derive(Deserialize, ToSchema)]
#[schema(as = RecordViolation)]
pub(crate) struct ViolationBody {
    /// A reason code.
    #[serde(alias = "kind")]
    reason: IdIn,
    /// What describes it, kept elsewhere.
    #[serde(rename = "ref", alias = "reference")]
    reference: Option<IdIn>,
}

/// A violation.
#[derive(Serialize, ToSchema)]
#[schema(as = Violation)]
pub(crate) struct ViolationItem {
    violation_id: MintedId,
    /// A reason code; of a call, its outcome.
    reason: Id,
    /// The call that it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    debit_id: Option<MintedId>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<Id>,
    recorded_at: Time,
}

impl ViolationItem {
    fn of(account: &AccountId, revision: u64, violation: &ViolationRecorded, at: Timestamp) -> Self {
        let id = |kind, revision| -> MintedId { Minted::new(account, kind, revision).into() };
        Self {
            violation_id: id(MintedKind::Violation, revision),
            reason: violation.reason.clone().into(),
            debit_id: violation.call.map(|call| id(MintedKind::Debit, call)),
            reference: violation.reference.clone().map(Id::from),
            recorded_at: at.into(),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = ViolationRecorded)]
pub(crate) struct ViolationAnswer {
    account_id: Id,
    #[serde(flatten)]
    violation: ViolationItem,
    /// The review that it led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<ReviewItem>,
    /// The suspension that it led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    measure_id: Option<MintedId>,
    /// Whether it ended the account.
    terminated: bool,
    /// What of which lots that forfeited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    forfeited: Vec<LotPart>,
    position: u64,
    revision: u64,
}

impl Operation for Record {
    const NAME: &'static str = "violation";
    const RIGHT: Right = Right::Conduct;
    type Body = ViolationBody;
    type Answer<'a> = ViolationAnswer;

    fn ask(at: &At<'_>, body: ViolationBody) -> Result<Asked, Problem> {
        let command = Command::RecordViolation {
            reason: body.reason.get("reason")?,
            reference: optional(body.reference, "ref")?,
        };
        Ok(Asked::of(at.account()?, command))
    }

    fn answer(done: &Accepted) -> Option<ViolationAnswer> {
        let (revision, recorded) = done.find(|event| match event {
            Event::ViolationRecorded(recorded) => Some(recorded),
            _ => None,
        })?;
        let review = done.find(|event| match event {
            Event::ReviewOpened(opened) => Some(opened),
            _ => None,
        });
        let measure = done.find(|event| match event {
            Event::Frozen(frozen) => Some(frozen),
            _ => None,
        });
        let forfeited = done.events.iter().filter_map(|event| match event {
            Event::LotForfeited(lot) => {
                Some(LotPart::of(&done.account, LotAmount { lot: lot.lot, amount: lot.amount }))
            }
            _ => None,
        });
        Some(ViolationAnswer {
            account_id: done.account.clone().into(),
            violation: ViolationItem::of(&done.account, revision, recorded, done.recorded_at),
            review: review
                .map(|(at, opened)| ReviewItem::opened(&done.account, at, opened, done.recorded_at)),
            measure_id: measure.map(|(at, _)| id(done, MintedKind::Freeze, at)),
            terminated: done.events.iter().any(|event| matches!(event, Event::AccountClosed(_))),
            forfeited: forfeited.collect(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

fn violation(account: &AccountId, recorded: &Recorded, event: &Event) -> Option<ViolationItem> {
    let Event::ViolationRecorded(violation) = event else { return None };
    let at = Timestamp::from_micros(recorded.event.recorded_at);
    Some(ViolationItem::of(account, recorded.revision, violation, at))
}

/// Record a violation of the terms, and what the terms say that it leads to.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/violations", tag = "measures", operation_id = "recordViolation",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = ViolationBody,
    responses((status = 200, body = ViolationAnswer), Problems))]
pub(crate) async fn record(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Record>(&id, call).await
}

/// An account's violations, in the order they were recorded.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/violations", tag = "measures", operation_id = "listViolations",
    params(("account_id" = String, Path, description = "The account."), PageParams, Since),
    responses((status = 200, body = inline(ListOf<ViolationItem>)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, since): Paged<Since>,
) -> Result<List<ViolationItem>, Problem> {
    let page = page.read(Listing::VIOLATIONS)?;
    let show = |account: &Account, recorded: &_, event: &_| violation(account.id(), recorded, event);
    app.events_as(Right::ReadAll, &caller, (&id, page, &since), show).await
}
