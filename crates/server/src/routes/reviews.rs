//! Reviews: a person has to look at an account, and has.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::event::ReviewOpened;
use scrip_ledger::records::Review;
use scrip_ledger::{AccountId, Command, Event, Minted, MintedKind, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::id;
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation, minted};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::rights::Right;
use crate::values::{Id, IdIn, MintedId, Time};

/// Close a review.
struct Close;

/// A review of an account.
#[derive(Serialize, ToSchema)]
#[schema(as = Review)]
pub(crate) struct ReviewItem {
    review_id: MintedId,
    /// `open` or `closed`.
    status: &'static str,
    /// Why, as a code.
    reason: Id,
    /// How many violations led to it.
    count: u32,
    /// The clause of the terms that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<String>,
    opened_at: Time,
    /// What came of it, as a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Id>,
}

impl ReviewItem {
    pub(crate) fn of(account: &AccountId, review: &Review) -> Self {
        Self {
            review_id: Minted::new(account, MintedKind::Review, review.revision).into(),
            status: if review.decision.is_some() { "closed" } else { "open" },
            reason: review.reason.clone().into(),
            count: review.count,
            clause: review.clause.clone().map(String::from),
            opened_at: review.opened_at.into(),
            decision: review.decision.clone().map(Id::from),
        }
    }

    /// One that an event has just opened.
    pub(crate) fn opened(account: &AccountId, revision: u64, event: &ReviewOpened, at: Timestamp) -> Self {
        Self {
            review_id: Minted::new(account, MintedKind::Review, revision).into(),
            status: "open",
            reason: event.reason.clone().into(),
            count: event.count,
            clause: event.clause.clone().map(String::from),
            opened_at: at.into(),
            decision: None,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CloseReview)]
pub(crate) struct CloseBody {
    /// What came of it, as a code.
    #[serde(alias = "outcome")]
    decision: IdIn,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ReviewClosed)]
pub(crate) struct CloseAnswer {
    account_id: Id,
    review_id: MintedId,
    /// `closed`.
    status: &'static str,
    decision: Id,
    by: Id,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

impl Operation for Close {
    const NAME: &'static str = "close_review";
    const RIGHT: Right = Right::Conduct;
    type Body = CloseBody;
    type Answer<'a> = CloseAnswer;

    fn ask(at: &At<'_>, body: CloseBody) -> Result<Asked, Problem> {
        let review = minted(at.id, MintedKind::Review, Code::REVIEW_NOT_FOUND)?;
        let command = Command::CloseReview {
            review: review.revision,
            decision: body.decision.get("decision")?,
            by: at.caller.subject.clone(),
        };
        Ok(Asked::of(review.account, command))
    }

    fn answer(done: &Accepted) -> Option<CloseAnswer> {
        let (_, closed) = done.find(|event| match event {
            Event::ReviewClosed(closed) => Some(closed),
            _ => None,
        })?;
        Some(CloseAnswer {
            account_id: done.account.clone().into(),
            review_id: id(done, MintedKind::Review, closed.review),
            status: "closed",
            decision: closed.decision.clone().into(),
            by: closed.by.clone().into(),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// End a review.
#[utoipa::path(post, path = "/v1/reviews/{review_id}/close", tag = "measures", operation_id = "closeReview",
    params(("review_id" = String, Path, description = "The review."), KeyHeader), request_body = CloseBody,
    responses((status = 200, body = CloseAnswer), Problems))]
pub(crate) async fn close(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Close>(&id, call).await
}
