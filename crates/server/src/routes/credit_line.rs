//! Credit lines: what an account may owe.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::{Command, Event};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::openapi::KeyHeader;
use crate::problem::{Problem, Problems};
use crate::rights::Right;
use crate::values::{Amount, AmountIn, Id, IdIn, optional};

/// Set a credit line.
struct Set;

#[derive(Deserialize, ToSchema)]
#[schema(as = CreditLine)]
pub(crate) struct LineBody {
    /// What may be owed; zero for nothing.
    #[serde(alias = "limit", alias = "amount")]
    credit_limit: AmountIn,
    /// A reason code.
    reason: Option<IdIn>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CreditLineSet)]
pub(crate) struct LineAnswer {
    account_id: Id,
    credit_limit: Amount,
    position: u64,
    revision: u64,
}

impl Operation for Set {
    const NAME: &'static str = "credit_line";
    const RIGHT: Right = Right::CreditLines;
    type Body = LineBody;
    type Answer<'a> = LineAnswer;

    fn ask(at: &At<'_>, body: LineBody) -> Result<Asked, Problem> {
        let limit = body.credit_limit.get("credit_limit")?;
        // Checked, and not kept: the event has no place for it yet.
        optional(body.reason, "reason")?;
        Ok(Asked::of(at.account()?, Command::SetCreditLine { limit }))
    }

    fn answer(done: &Accepted) -> Option<LineAnswer> {
        let (_, limit) = done.find(|event| match event {
            Event::CreditLineSet(set) => Some(set.limit),
            _ => None,
        })?;
        Some(LineAnswer {
            account_id: done.account.clone().into(),
            credit_limit: limit.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Let an account owe up to so much.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/credit-line", tag = "accounts", operation_id = "setCreditLine",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = LineBody,
    responses((status = 200, body = LineAnswer), Problems))]
pub(crate) async fn set(State(app): Shared, Path(id): Path<String>, call: Call) -> Result<Response, Problem> {
    app.run::<Set>(&id, call).await
}
