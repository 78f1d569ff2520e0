//! Debits: a call charged in one step.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::book::Outcome;
use scrip_ledger::{Command, Event, command};
use serde::Deserialize;
use utoipa::ToSchema;

use super::calls::{ChargeAnswer, ChargeDone, ProviderBody, UsageIn, call, provider, size};
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::openapi::KeyHeader;
use crate::problem::{Problem, Problems};
use crate::rights::Right;
use crate::values::{AmountIn, IdIn, Name, OutcomeIn, optional};

/// Debit.
pub(crate) struct Debit;

#[derive(Deserialize, ToSchema)]
#[schema(as = Debit)]
pub(crate) struct DebitBody {
    /// The caller's id of the call.
    request_id: IdIn,
    /// The model, as the caller names it.
    #[schema(value_type = String)]
    model: Name,
    /// Where it was called, such as `chat/completions`.
    #[schema(value_type = String)]
    endpoint: Name,
    /// What was used.
    usage: Option<UsageIn>,
    /// Credits in place of a usage, where the book allows it.
    amount: Option<AmountIn>,
    /// How it ended; `completed` without it.
    outcome: Option<OutcomeIn>,
    /// The account's key that the call was made with.
    key_id: Option<String>,
    provider: Option<ProviderBody>,
}

/// How a call ended: as asked, if the caller does not say otherwise.
pub(crate) fn outcome(given: Option<OutcomeIn>) -> Result<Outcome, Problem> {
    Ok(optional(given, "outcome")?.unwrap_or(Outcome::Completed))
}

impl Operation for Debit {
    const NAME: &'static str = "debit";
    const RIGHT: Right = Right::Calls;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = DebitBody;
    type Answer<'a> = ChargeDone<'a>;

    fn ask(at: &At<'_>, body: DebitBody) -> Result<Asked, Problem> {
        let account = at.account()?;
        let debit = command::Debit {
            call: call(&account, body.request_id, body.model, body.endpoint, body.key_id)?,
            size: size(body.usage, body.amount, "usage")?,
            outcome: outcome(body.outcome)?,
            provider: provider(body.provider)?,
        };
        Ok(Asked::of(account, Command::Debit(debit)))
    }

    fn answer(done: &Accepted) -> Option<ChargeDone<'_>> {
        let (debit, debited) = done.find(|event| match event {
            Event::Debited(debited) => Some(debited),
            _ => None,
        })?;
        Some(ChargeDone::of(done, ChargeAnswer::of(&done.account, debit, &debited.charge)))
    }
}

/// Charge a call in one step.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/debits", tag = "calls", operation_id = "debitCall",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = DebitBody,
    responses((status = 201, body = ChargeDone), Problems))]
pub(crate) async fn debit(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Debit>(&id, call).await
}
