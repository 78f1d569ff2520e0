//! Disputes of calls and statements.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::event::{DisputeKind, DisputeOpened, Resolution};
use scrip_ledger::records::Dispute;
use scrip_ledger::{AccountId, Command, Event, Minted, MintedKind, command};
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
use crate::read::{Paged, Since};
use crate::rights::Right;
use crate::values::{Amount, AmountIn, Id, IdIn, MintedId, ResolutionIn, ResolutionOut, Time, optional};

/// Open a dispute.
struct Open;
/// Resolve one.
struct Resolve;

#[derive(Deserialize, ToSchema)]
#[schema(as = Dispute)]
pub(crate) struct OpenBody {
    /// The call. This, or `statement_id`.
    debit_id: Option<String>,
    /// The statement. This, or `debit_id`.
    statement_id: Option<String>,
    /// A reason code.
    reason: IdIn,
    /// What the holder says, kept elsewhere.
    #[serde(alias = "reference")]
    r#ref: Option<IdIn>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ResolveDispute)]
pub(crate) struct ResolveBody {
    outcome: ResolutionIn,
    /// How many credits come back; of a call, all that is left of its charge without it.
    #[serde(alias = "amount")]
    credits: Option<AmountIn>,
}

/// What is disputed: a call or a statement.
#[derive(Serialize, ToSchema)]
pub(crate) struct Subject {
    #[serde(skip_serializing_if = "Option::is_none")]
    debit_id: Option<MintedId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_id: Option<MintedId>,
}

impl Subject {
    fn of(account: &AccountId, opened: &DisputeOpened) -> Self {
        let id = |kind| Some(Minted::new(account, kind, opened.subject).into());
        match opened.kind {
            DisputeKind::Call => Self { debit_id: id(MintedKind::Debit), statement_id: None },
            DisputeKind::Statement => Self { debit_id: None, statement_id: id(MintedKind::Statement) },
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = DisputeOpened)]
pub(crate) struct OpenAnswer {
    dispute_id: MintedId,
    account_id: Id,
    #[serde(flatten)]
    subject: Subject,
    reason: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<Id>,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DisputeResolved)]
pub(crate) struct ResolveAnswer {
    dispute_id: MintedId,
    account_id: Id,
    outcome: ResolutionOut,
    /// What was credited.
    credits: Amount,
    /// Of a call: what went back to which lots.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lots: Vec<LotPart>,
    /// Of a statement: the lot of the compensation.
    #[serde(skip_serializing_if = "Option::is_none")]
    lot_id: Option<MintedId>,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

/// A dispute.
#[derive(Serialize, ToSchema)]
#[schema(as = DisputeItem)]
pub(crate) struct DisputeItem {
    dispute_id: MintedId,
    #[serde(flatten)]
    subject: Subject,
    reason: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<Id>,
    opened_at: Time,
    /// `open`, `credited` or `rejected`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<Time>,
    /// What was credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<Amount>,
}

impl DisputeItem {
    fn of(account: &AccountId, dispute: &Dispute) -> Self {
        let Dispute { revision, opened_at, opened, resolved } = dispute;
        Self {
            dispute_id: Minted::new(account, MintedKind::Dispute, *revision).into(),
            subject: Subject::of(account, opened),
            reason: opened.reason.clone().into(),
            r#ref: opened.reference.clone().map(Id::from),
            opened_at: (*opened_at).into(),
            status: match resolved.as_ref().map(|(_, resolved)| resolved.outcome) {
                None => "open",
                Some(Resolution::Credited) => "credited",
                Some(Resolution::Rejected) => "rejected",
            },
            resolved_at: resolved.as_ref().map(|(at, _)| (*at).into()),
            credits: resolved.as_ref().map(|(_, resolved)| resolved.credits.into()),
        }
    }
}

impl Operation for Open {
    const NAME: &'static str = "open_dispute";
    const RIGHT: Right = Right::Disputes;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = OpenBody;
    type Answer<'a> = OpenAnswer;

    fn ask(at: &At<'_>, body: OpenBody) -> Result<Asked, Problem> {
        let (kind, subject) = match (&body.debit_id, &body.statement_id) {
            (Some(debit), None) => {
                (DisputeKind::Call, minted(debit, MintedKind::Debit, Code::DEBIT_NOT_FOUND)?)
            }
            (None, Some(statement)) => {
                (DisputeKind::Statement, minted(statement, MintedKind::Statement, Code::STATEMENT_NOT_FOUND)?)
            }
            (None, None) | (Some(_), Some(_)) => {
                let detail = "give either debit_id or statement_id";
                return Err(Problem::new(Code::MALFORMED, detail).with("field", "debit_id"));
            }
        };
        let open = command::OpenDispute {
            subject: subject.revision,
            kind,
            reason: body.reason.get("reason")?,
            reference: optional(body.r#ref, "ref")?,
            by: at.caller.subject.clone(),
            charged_at: None,
        };
        Ok(Asked::of(subject.account, Command::OpenDispute(open)))
    }

    fn answer(done: &Accepted) -> Option<OpenAnswer> {
        let (dispute, opened) = done.find(|event| match event {
            Event::DisputeOpened(opened) => Some(opened),
            _ => None,
        })?;
        Some(OpenAnswer {
            dispute_id: id(done, MintedKind::Dispute, dispute),
            account_id: done.account.clone().into(),
            subject: Subject::of(&done.account, opened),
            reason: opened.reason.clone().into(),
            r#ref: opened.reference.clone().map(Id::from),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

impl Operation for Resolve {
    const NAME: &'static str = "resolve_dispute";
    const RIGHT: Right = Right::Disputes;
    type Body = ResolveBody;
    type Answer<'a> = ResolveAnswer;

    fn ask(at: &At<'_>, body: ResolveBody) -> Result<Asked, Problem> {
        let dispute = minted(at.id, MintedKind::Dispute, Code::DISPUTE_NOT_FOUND)?;
        let resolve = command::ResolveDispute {
            dispute: dispute.revision,
            outcome: body.outcome.get("outcome")?,
            credits: optional(body.credits, "credits")?,
            by: at.caller.subject.clone(),
            past: None,
        };
        Ok(Asked::of(dispute.account, Command::ResolveDispute(resolve)))
    }

    fn answer(done: &Accepted) -> Option<ResolveAnswer> {
        let (_, resolved) = done.find(|event| match event {
            Event::DisputeResolved(resolved) => Some(resolved),
            _ => None,
        })?;
        let refunded = done.find(|event| match event {
            Event::UsageRefunded(refunded) => Some(refunded.lots.iter().chain(&refunded.repaid)),
            _ => None,
        });
        let granted = done.find(|event| match event {
            Event::Granted(granted) => granted.dispute.filter(|dispute| *dispute == resolved.dispute),
            _ => None,
        });
        Some(ResolveAnswer {
            dispute_id: id(done, MintedKind::Dispute, resolved.dispute),
            account_id: done.account.clone().into(),
            outcome: resolved.outcome.into(),
            credits: resolved.credits.into(),
            lots: refunded
                .into_iter()
                .flat_map(|(_, parts)| parts)
                .map(|part| LotPart::of(&done.account, *part))
                .collect(),
            lot_id: granted.map(|(lot, _)| id(done, MintedKind::Lot, lot)),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Dispute a call or a statement.
#[utoipa::path(post, path = "/v1/disputes", tag = "statements", operation_id = "openDispute",
    params(KeyHeader), request_body = OpenBody,
    responses((status = 201, body = OpenAnswer), Problems))]
pub(crate) async fn open(State(app): Shared, call: Call) -> Result<Response, Problem> {
    app.run::<Open>("", call).await
}

/// Resolve a dispute: credit it or reject it.
#[utoipa::path(post, path = "/v1/disputes/{dispute_id}/resolve", tag = "statements", operation_id = "resolveDispute",
    params(("dispute_id" = String, Path, description = "The dispute."), KeyHeader), request_body = ResolveBody,
    responses((status = 200, body = ResolveAnswer), Problems))]
pub(crate) async fn resolve(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Resolve>(&id, call).await
}

/// An account's disputes, in the order they were opened.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/disputes", tag = "statements", operation_id = "listDisputes",
    params(("account_id" = String, Path, description = "The account."), PageParams, Since),
    responses((status = 200, body = inline(ListOf<DisputeItem>)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, since): Paged<Since>,
) -> Result<List<DisputeItem>, Problem> {
    let stand = app.stand_now(&caller, Right::ReadUsage, &id, &since).await?;
    let account = &stand.account;
    let all = account.records().billing.disputes().iter().map(|dispute| (dispute.revision, dispute));
    let show = |_, dispute| DisputeItem::of(account.id(), dispute);
    Ok(page.read(Listing::DISPUTES)?.cut(all, show, stand.position))
}
