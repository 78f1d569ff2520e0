//! Usage refunds: what a call was charged goes back to what had paid it.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::command::RefundDebit;
use scrip_ledger::event::LotAmount;
use scrip_ledger::{Command, Event, MintedKind, Token};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::{LotPart, LotParts, id};
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::rights::Right;
use crate::values::{Amount, AmountIn, Id, IdIn, MintedId, OutcomeIn, Value, optional};

/// Refund a debit.
pub(crate) struct Refund;

#[derive(Deserialize, ToSchema)]
#[schema(as = RefundDebit)]
pub(crate) struct RefundBody {
    /// How the call ended after all. This, or `reason`.
    outcome: Option<OutcomeIn>,
    /// A reason code. This, or `outcome`.
    reason: Option<IdIn>,
    /// How much of it; without it, all that is left.
    amount: Option<AmountIn>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = UsageRefund)]
pub(crate) struct RefundAnswer<'a> {
    refund_id: MintedId,
    debit_id: MintedId,
    account_id: Id,
    reason: Id,
    /// What returns: the sum of `lots`, `repaid` and `debt`.
    credits: Amount,
    /// What of it reduces the debt.
    debt: Amount,
    /// What of it goes back to which lots.
    #[schema(value_type = Vec<LotPart>)]
    lots: LotParts<'a>,
    /// What of it goes back to lots that had repaid the call's debt.
    #[schema(value_type = Vec<LotPart>)]
    repaid: LotParts<'a>,
    /// What of it expired at once, because its lot had.
    #[schema(value_type = Vec<LotPart>)]
    expired: Vec<LotPart>,
    position: u64,
    revision: u64,
}

impl Operation for Refund {
    const NAME: &'static str = "refund_debit";
    const RIGHT: Right = Right::UsageRefunds;
    type Body = RefundBody;
    type Answer<'a> = RefundAnswer<'a>;

    fn ask(at: &At<'_>, body: RefundBody) -> Result<Asked, Problem> {
        let debit = at.debit()?;
        let outcome = optional(body.outcome, "outcome")?;
        let reason = match (outcome, optional(body.reason, "reason")?) {
            (Some(outcome), None) => Token::read(outcome.as_str()).map_err(|wrong| wrong.at("outcome"))?,
            (None, Some(reason)) => reason,
            _ => {
                return Err(
                    Problem::new(Code::MALFORMED, "give either outcome or reason").with("field", "reason")
                );
            }
        };
        let amount = optional(body.amount, "amount")?;
        let refund = RefundDebit { debit: debit.revision, reason, amount, past: None };
        Ok(Asked::of(debit.account, Command::RefundDebit(refund)))
    }

    fn answer(done: &Accepted) -> Option<RefundAnswer<'_>> {
        let (at, refunded) = done.find(|event| match event {
            Event::UsageRefunded(refunded) => Some(refunded),
            _ => None,
        })?;
        // What follows the refund in the same step is what became of the credits that returned.
        let after = usize::try_from(at.saturating_sub(done.first_revision)).unwrap_or(usize::MAX);
        let expired = done.events.iter().skip(after).filter_map(|event| match event {
            Event::LotExpired(expired) => Some(LotAmount { lot: expired.lot, amount: expired.amount }),
            _ => None,
        });
        let parts = |parts| LotParts { account: &done.account, parts };
        Some(RefundAnswer {
            refund_id: id(done, MintedKind::Refund, at),
            debit_id: id(done, MintedKind::Debit, refunded.debit),
            account_id: done.account.clone().into(),
            reason: refunded.reason.clone().into(),
            credits: refunded.credits.into(),
            debt: refunded.debt.into(),
            lots: parts(&refunded.lots),
            repaid: parts(&refunded.repaid),
            expired: expired.map(|part| LotPart::of(&done.account, part)).collect(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Give back what a call was charged.
#[utoipa::path(post, path = "/v1/debits/{debit_id}/refund", tag = "calls", operation_id = "refundDebit",
    params(("debit_id" = String, Path, description = "The debit."), KeyHeader), request_body = RefundBody,
    responses((status = 200, body = RefundAnswer), Problems))]
pub(crate) async fn refund(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Refund>(&id, call).await
}
