//! Appeals against measures: freezes, revoked keys, closings by the service.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::event::{LotAmount, MeasureKind};
use scrip_ledger::{Command, Event, Minted, MintedKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::{LotPart, id};
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation, minted, minted_in};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::rights::Right;
use crate::values::{Id, IdIn, MintedId, Verdict, VerdictIn, VerdictOut, optional};

/// File one.
struct File;
/// Decide one.
struct Decide;

#[derive(Deserialize, ToSchema)]
#[schema(as = FileAppeal)]
pub(crate) struct FileBody {
    /// The measure: a freeze, a key that was revoked for a reason, or the closing of the account by the service.
    measure_id: String,
    /// What the holder says, kept elsewhere.
    #[serde(rename = "ref")]
    reference: Option<IdIn>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = DecideAppeal)]
pub(crate) struct DecideBody {
    /// `upheld` undoes the measure; `rejected` leaves it, and is final.
    #[serde(alias = "outcome")]
    decision: VerdictIn,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AppealFiled)]
pub(crate) struct FileAnswer {
    account_id: Id,
    appeal_id: MintedId,
    /// The measure. It stands until the appeal is decided.
    measure_id: MintedId,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<Id>,
    /// `pending`.
    state: &'static str,
    position: u64,
    revision: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AppealDecided)]
pub(crate) struct DecideAnswer {
    account_id: Id,
    appeal_id: MintedId,
    decision: VerdictOut,
    /// The freeze that was lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    thawed: Option<MintedId>,
    /// The key that is good again.
    #[serde(skip_serializing_if = "Option::is_none")]
    reinstated_key: Option<MintedId>,
    /// Whether the account is open again.
    reopened: bool,
    /// What came back of forfeited credits.
    reinstated: Vec<LotPart>,
    /// What of that expired at once, because its lot had.
    expired: Vec<LotPart>,
    position: u64,
    revision: u64,
}

const fn minted_kind(kind: MeasureKind) -> MintedKind {
    match kind {
        MeasureKind::Freeze => MintedKind::Freeze,
        MeasureKind::Key => MintedKind::Key,
        MeasureKind::Closure => MintedKind::Closure,
    }
}

/// The id of a measure.
pub(crate) fn measure_id(account: &scrip_ledger::AccountId, kind: MeasureKind, measure: u64) -> MintedId {
    Minted::new(account, minted_kind(kind), measure).into()
}

impl Operation for File {
    const NAME: &'static str = "file_appeal";
    const RIGHT: Right = Right::Appeals;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = FileBody;
    type Answer<'a> = FileAnswer;

    fn ask(at: &At<'_>, body: FileBody) -> Result<Asked, Problem> {
        let account = at.account()?;
        let given = body.measure_id.parse::<Minted>().ok().map(|id| id.kind);
        let kinds = [MeasureKind::Freeze, MeasureKind::Key, MeasureKind::Closure];
        let kind = kinds.into_iter().find(|kind| Some(minted_kind(*kind)) == given);
        let not_found = || Problem::new(Code::MEASURE_NOT_FOUND, "there is no measure with this id");
        let kind = kind.ok_or_else(not_found)?;
        let measure = minted_in(&body.measure_id, minted_kind(kind), &account, Code::MEASURE_NOT_FOUND)?;
        let (reference, by) = (optional(body.reference, "ref")?, at.caller.subject.clone());
        Ok(Asked::of(account, Command::FileAppeal { kind, measure, reference, by }))
    }

    fn answer(done: &Accepted) -> Option<FileAnswer> {
        let (at, filed) = done.find(|event| match event {
            Event::AppealFiled(filed) => Some(filed.clone()),
            _ => None,
        })?;
        Some(FileAnswer {
            account_id: done.account.clone().into(),
            appeal_id: id(done, MintedKind::Appeal, at),
            measure_id: measure_id(&done.account, filed.kind, filed.measure),
            reference: filed.reference.map(Id::from),
            state: "pending",
            position: done.position,
            revision: done.revision(),
        })
    }
}

impl Operation for Decide {
    const NAME: &'static str = "decide_appeal";
    const RIGHT: Right = Right::Appeals;
    type Body = DecideBody;
    type Answer<'a> = DecideAnswer;

    fn ask(at: &At<'_>, body: DecideBody) -> Result<Asked, Problem> {
        let appeal = minted(at.id, MintedKind::Appeal, Code::APPEAL_NOT_FOUND)?;
        let upheld = body.decision.get("decision")? == Verdict::Upheld;
        let by = at.caller.subject.clone();
        Ok(Asked::of(appeal.account, Command::DecideAppeal { appeal: appeal.revision, upheld, by }))
    }

    fn answer(done: &Accepted) -> Option<DecideAnswer> {
        let (at, decided) = done.find(|event| match event {
            Event::AppealDecided(decided) => Some(decided),
            _ => None,
        })?;
        let mut answer = DecideAnswer {
            account_id: done.account.clone().into(),
            appeal_id: id(done, MintedKind::Appeal, decided.appeal),
            decision: if decided.upheld { Verdict::Upheld } else { Verdict::Rejected }.into(),
            thawed: None,
            reinstated_key: None,
            reopened: false,
            reinstated: Vec::new(),
            expired: Vec::new(),
            position: done.position,
            revision: done.revision(),
        };
        let part = |lot, amount| LotPart::of(&done.account, LotAmount { lot, amount });
        // What came before the decision in the same step had been due.
        let before = usize::try_from(at.saturating_sub(done.first_revision)).unwrap_or(usize::MAX);
        for event in done.events.iter().skip(before) {
            match event {
                Event::Thawed(thawed) => answer.thawed = Some(id(done, MintedKind::Freeze, thawed.freeze)),
                Event::KeyReinstated(key) => answer.reinstated_key = Some(id(done, MintedKind::Key, key.key)),
                Event::AccountReopened(_) => answer.reopened = true,
                Event::LotReinstated(lot) => answer.reinstated.push(part(lot.lot, lot.amount)),
                Event::LotExpired(lot) => answer.expired.push(part(lot.lot, lot.amount)),
                _ => {}
            }
        }
        Some(answer)
    }
}

/// Appeal against a measure, in the holder's name.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/appeals", tag = "measures", operation_id = "fileAppeal",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = FileBody,
    responses((status = 201, body = FileAnswer), Problems))]
pub(crate) async fn file(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<File>(&id, call).await
}

/// Decide an appeal: upheld, the measure is undone in the same step.
#[utoipa::path(post, path = "/v1/appeals/{appeal_id}/decide", tag = "measures", operation_id = "decideAppeal",
    params(("appeal_id" = String, Path, description = "The appeal."), KeyHeader), request_body = DecideBody,
    responses((status = 200, body = DecideAnswer), Problems))]
pub(crate) async fn decide(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Decide>(&id, call).await
}
