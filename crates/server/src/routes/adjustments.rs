//! Adjustments: corrections of what was charged. One person asks, another approves (Z2).

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::Command;
use serde::Deserialize;
use utoipa::ToSchema;

use super::approvals::PendingAnswer;
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::openapi::KeyHeader;
use crate::problem::{Problem, Problems};
use crate::rights::Right;
use crate::values::{AmountIn, IdIn};

/// Adjust.
struct Adjust;

#[derive(Deserialize, ToSchema)]
#[schema(as = Adjust)]
pub(crate) struct AdjustBody {
    /// How many credits: above zero they are granted, below they are taken.
    #[serde(alias = "amount")]
    credits: AmountIn,
    /// A reason code.
    reason: IdIn,
}

impl Operation for Adjust {
    const NAME: &'static str = "adjust";
    const RIGHT: Right = Right::Approvals;
    const STATUS: StatusCode = StatusCode::ACCEPTED;
    type Body = AdjustBody;
    type Answer<'a> = PendingAnswer;

    fn ask(at: &At<'_>, body: AdjustBody) -> Result<Asked, Problem> {
        let credits = body.credits.get("credits")?;
        let (reason, by) = (body.reason.get("reason")?, at.caller.subject.clone());
        Ok(Asked::of(at.account()?, Command::Adjust { credits, reason, by }))
    }

    fn answer(done: &Accepted) -> Option<PendingAnswer> {
        PendingAnswer::of(done)
    }
}

/// Ask for a correction of what was charged; it waits for a second person.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/adjust", tag = "approvals", operation_id = "adjust",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = AdjustBody,
    responses((status = 202, body = PendingAnswer), Problems))]
pub(crate) async fn adjust(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Adjust>(&id, call).await
}
