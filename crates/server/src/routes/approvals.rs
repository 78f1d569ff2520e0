//! What waits for a second person: listed, approved, rejected.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::event::Pending;
use scrip_ledger::records::Approval;
use scrip_ledger::{AccountId, Command, Event, Minted, MintedKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::{LotPart, id};
use crate::app::Shared;
use crate::auth::Principal;
use crate::call::Call;
use crate::command::{Asked, At, Operation, minted};
use crate::format::Listing;
use crate::openapi::{KeyHeader, ListOf};
use crate::paging::{List, PageParams};
use crate::problem::{Code, Problem, Problems};
use crate::read::{Paged, When};
use crate::rights::Right;
use crate::values::{Amount, Id, MintedId, SourceOut, Time};

/// Approve.
struct Approve;
/// Reject.
struct Reject;

/// What waits, or did.
#[derive(Serialize, ToSchema)]
pub(crate) struct PendingWhat {
    /// `grant` or `adjustment`.
    kind: &'static str,
    /// Of an adjustment: above zero they are granted, below they are taken.
    credits: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Id>,
}

impl PendingWhat {
    fn of(what: &Pending) -> Self {
        match what {
            Pending::Grant { source, campaign, credits, expires_at, priority, reason } => Self {
                kind: "grant",
                credits: (*credits).into(),
                source: Some((*source).into()),
                campaign: campaign.clone().map(Id::from),
                expires_at: expires_at.map(Time::from),
                priority: *priority,
                reason: reason.clone().map(Id::from),
            },
            Pending::Adjustment { credits, reason } => Self {
                kind: "adjustment",
                credits: (*credits).into(),
                source: None,
                campaign: None,
                expires_at: None,
                priority: None,
                reason: Some(reason.clone().into()),
            },
        }
    }
}

/// The answer to what waits for a second person.
#[derive(Serialize, ToSchema)]
#[schema(as = PendingApproval)]
pub(crate) struct PendingAnswer {
    account_id: Id,
    approval_id: MintedId,
    /// `pending`.
    status: &'static str,
    /// It waits for a second person.
    pending: bool,
    #[serde(flatten)]
    what: PendingWhat,
    requested_by: Id,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

impl PendingAnswer {
    /// What was asked for and waits; nothing if it did not have to.
    pub(crate) fn of(done: &Accepted) -> Option<Self> {
        let (approval, requested) = done.find(|event| match event {
            Event::ApprovalRequested(requested) => Some(requested),
            _ => None,
        })?;
        Some(Self {
            account_id: done.account.clone().into(),
            approval_id: id(done, MintedKind::Approval, approval),
            status: "pending",
            pending: true,
            what: PendingWhat::of(&requested.what),
            requested_by: requested.by.clone().into(),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Something that waits for a second person, or did.
#[derive(Serialize, ToSchema)]
#[schema(as = Approval)]
pub(crate) struct ApprovalItem {
    approval_id: MintedId,
    /// `pending`, `approved` or `rejected`.
    status: &'static str,
    #[serde(flatten)]
    what: PendingWhat,
    requested_by: Id,
    requested_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Time>,
}

impl ApprovalItem {
    fn of(account: &AccountId, approval: &Approval) -> Self {
        let decision = approval.decision.as_ref();
        Self {
            approval_id: Minted::new(account, MintedKind::Approval, approval.revision).into(),
            status: match decision.map(|decision| decision.approved) {
                None => "pending",
                Some(true) => "approved",
                Some(false) => "rejected",
            },
            what: PendingWhat::of(&approval.what),
            requested_by: approval.requested_by.clone().into(),
            requested_at: approval.requested_at.into(),
            decided_by: decision.map(|decision| decision.by.clone().into()),
            decided_at: decision.map(|decision| decision.at.into()),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = DecideApproval)]
pub(crate) struct DecideBody {}

#[derive(Serialize, ToSchema)]
#[schema(as = DecidedApproval)]
pub(crate) struct DecidedAnswer {
    account_id: Id,
    approval_id: MintedId,
    /// `approved` or `rejected`.
    status: &'static str,
    by: Id,
    /// The lot that was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    lot_id: Option<MintedId>,
    /// What it brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<Amount>,
    /// What was taken of which lots.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<Vec<LotPart>>,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

impl Operation for Approve {
    const NAME: &'static str = "approve";
    const RIGHT: Right = Right::Approvals;
    type Body = DecideBody;
    type Answer<'a> = DecidedAnswer;

    fn ask(at: &At<'_>, _: DecideBody) -> Result<Asked, Problem> {
        let approval = minted(at.id, MintedKind::Approval, Code::APPROVAL_NOT_FOUND)?;
        let command = Command::Approve { approval: approval.revision, by: at.caller.subject.clone() };
        Ok(Asked::of(approval.account, command))
    }

    fn answer(done: &Accepted) -> Option<DecidedAnswer> {
        let (_, given) = done.find(|event| match event {
            Event::ApprovalGiven(given) => Some(given),
            _ => None,
        })?;
        let granted = done.find(|event| match event {
            Event::Granted(granted) => Some(granted.credits),
            _ => None,
        });
        let taken = done.find(|event| match event {
            Event::Adjusted(adjusted) => Some(&adjusted.lots),
            _ => None,
        });
        let part = |part| LotPart::of(&done.account, part);
        Some(DecidedAnswer {
            account_id: done.account.clone().into(),
            approval_id: id(done, MintedKind::Approval, given.approval),
            status: "approved",
            by: given.by.clone().into(),
            lot_id: granted.map(|(lot, _)| id(done, MintedKind::Lot, lot)),
            credits: granted.map(|(_, credits)| credits.into()),
            taken: taken.map(|(_, lots)| lots.iter().copied().map(part).collect()),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

impl Operation for Reject {
    const NAME: &'static str = "reject_approval";
    const RIGHT: Right = Right::Approvals;
    type Body = DecideBody;
    type Answer<'a> = DecidedAnswer;

    fn ask(at: &At<'_>, _: DecideBody) -> Result<Asked, Problem> {
        let approval = minted(at.id, MintedKind::Approval, Code::APPROVAL_NOT_FOUND)?;
        let command = Command::RejectApproval { approval: approval.revision, by: at.caller.subject.clone() };
        Ok(Asked::of(approval.account, command))
    }

    fn answer(done: &Accepted) -> Option<DecidedAnswer> {
        let (_, rejected) = done.find(|event| match event {
            Event::ApprovalRejected(rejected) => Some(rejected),
            _ => None,
        })?;
        Some(DecidedAnswer {
            account_id: done.account.clone().into(),
            approval_id: id(done, MintedKind::Approval, rejected.approval),
            status: "rejected",
            by: rejected.by.clone().into(),
            lot_id: None,
            credits: None,
            taken: None,
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Approve what waits for a second person; it takes effect in the same step.
#[utoipa::path(post, path = "/v1/approvals/{approval_id}/approve", tag = "approvals", operation_id = "approve",
    params(("approval_id" = String, Path, description = "What waits."), KeyHeader), request_body = DecideBody,
    responses((status = 200, body = DecidedAnswer), Problems))]
pub(crate) async fn approve(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Approve>(&id, call).await
}

/// Reject what waits for a second person, or give it up.
#[utoipa::path(post, path = "/v1/approvals/{approval_id}/reject", tag = "approvals", operation_id = "reject",
    params(("approval_id" = String, Path, description = "What waits."), KeyHeader), request_body = DecideBody,
    responses((status = 200, body = DecidedAnswer), Problems))]
pub(crate) async fn reject(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Reject>(&id, call).await
}

/// What waits for a second person, and what did, in the order it was asked for.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/approvals", tag = "approvals", operation_id = "listApprovals",
    params(("account_id" = String, Path, description = "The account."), PageParams, When),
    responses((status = 200, body = inline(ListOf<ApprovalItem>)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, when): Paged<When>,
) -> Result<List<ApprovalItem>, Problem> {
    let stand = app.stand(&caller, Right::ReadAll, &id, &when).await?;
    let account = &stand.account;
    let all = account.records().approvals.requests.iter().map(|request| (request.revision, request));
    let show = |_, request| ApprovalItem::of(account.id(), request);
    Ok(page.read(Listing::APPROVALS)?.cut(all, show, stand.position))
}
