//! What the terms say of an account's orders, and the refunds and withdrawals that there are.

use axum::Json;
use axum::extract::{Path, State};
use scrip_ledger::book::policy::{Advice, EvidenceRule};
use scrip_ledger::records::{Decision, Ending, Payout};
use scrip_ledger::{Account, AccountId, Eligibility, Minted, MintedKind, Money, Token};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::lists::MoneyItem;
use super::refund_answers::{channel, handling};
use crate::answers::LotPart;
use crate::app::Shared;
use crate::auth::Principal;
use crate::command::minted;
use crate::format::Listing;
use crate::openapi::ListOf;
use crate::paging::{List, PageParams};
use crate::problem::{Code, Problem, Problems};
use crate::read::{Paged, Params, Since, When};
use crate::rights::Right;
use crate::values::{Amount, Id, MintedId, Time, Value};

/// The cause where a query names none.
pub(super) const CHANGE_OF_MIND: &str = "change_of_mind";

/// What is asked about.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct About {
    /// One order; without it, all.
    order_id: Option<String>,
    /// The cause that would be given, as a code; without it, `change_of_mind`.
    cause: Option<String>,
    /// What had taken effect by this time, judged then. Not in the future.
    as_of: Option<String>,
    /// What had been recorded by this time. Not in the future.
    known_at: Option<String>,
    /// What the log held up to and including this position.
    #[param(value_type = Option<u64>)]
    as_of_position: Option<String>,
    /// A position that the answer must include: read your own writes. Waits, bounded.
    #[param(value_type = Option<u64>)]
    min_position: Option<String>,
}

/// How a request for an order's money would be handled.
#[derive(Serialize, ToSchema)]
#[schema(as = Eligibility)]
pub(crate) struct EligibilityItem {
    account_id: Id,
    order_id: Id,
    cause: Id,
    /// What was paid for its credits, before tax and fees.
    paid: MoneyItem,
    paid_at: Time,
    /// `automatic`, `review`, `negotiation` or `ineligible`.
    eligibility: &'static str,
    /// The clause of the terms that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<String>,
    /// The code that a request would be refused with.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// Why it would be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What a reviewer does without a reason to do otherwise: `approve` or `deny`.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'static str>,
    /// By which way the money would go back: `original` or `alternative`.
    channel: &'static str,
    /// The clause that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_clause: Option<String>,
    /// The last instant of a request whose money goes back by the way it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    original_until: Option<Time>,
    /// The last instant of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    window_until: Option<Time>,
    /// What could be refunded, before tax and fees.
    refundable: MoneyItem,
    /// What would go with it of the tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    refundable_tax: Option<MoneyItem>,
    /// What would go with it of the payment's fees.
    #[serde(skip_serializing_if = "Option::is_none")]
    refundable_fee: Option<MoneyItem>,
    /// The credits that would be voided for it.
    refundable_credits: Amount,
    /// What must be there before it can be approved.
    evidence: Vec<EvidenceItem>,
    /// A refund of the order that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<UnderWay>,
    policy_version: u32,
}

/// A kind of evidence that is required.
#[derive(Serialize, ToSchema)]
#[schema(as = RequiredEvidence)]
pub(crate) struct EvidenceItem {
    kind: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<String>,
}

/// A refund that is under way.
#[derive(Serialize, ToSchema)]
#[schema(as = RefundUnderWay)]
pub(crate) struct UnderWay {
    refund_id: MintedId,
    status: &'static str,
}

/// A refund of an order, or a withdrawal: what became of it, and who did what.
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct RefundItem {
    refund_id: MintedId,
    account_id: Id,
    /// `refund` or `withdrawal`.
    kind: &'static str,
    /// `requested`, `waiting` (approved, for holds on the order's lots), `approved`, `denied`, `paid` or `failed`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handling: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_version: Option<u32>,
    /// What was brought for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<Brought>,
    requested_at: Time,
    requested_by: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionItem>,
    /// What was agreed on, where the amount was negotiated.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed: Option<MoneyItem>,
    /// What is owed, before tax and fees; of a withdrawal, by currency.
    amounts: Vec<MoneyItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<MoneyItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<MoneyItem>,
    /// What was taken of which lots.
    lots: Vec<LotPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<EndingItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of_position: Option<u64>,
}

/// Evidence that was brought.
#[derive(Serialize, ToSchema)]
#[schema(as = Evidence)]
pub(crate) struct Brought {
    kind: Id,
    r#ref: Id,
}

/// How it was decided.
#[derive(Serialize, ToSchema)]
#[schema(as = RefundDecision)]
pub(crate) struct DecisionItem {
    /// Not there if it was decided by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Id>,
    at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Id>,
}

/// How it ended.
#[derive(Serialize, ToSchema)]
#[schema(as = RefundEnding)]
pub(crate) struct EndingItem {
    by: Id,
    at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<Id>,
}

/// Who may see refunds: who may ask for them, and who may see everything.
fn right(caller: &Principal) -> Right {
    if caller.rights.contain(Right::ReadAll) { Right::ReadAll } else { Right::RefundRequests }
}

fn order_refund(account: &AccountId, revision: u64) -> MintedId {
    Minted::new(account, MintedKind::OrderRefund, revision).into()
}

impl EligibilityItem {
    pub(super) fn of(account: &Account, judged: Eligibility) -> Self {
        let refund = judged.under_way.and_then(|revision| {
            let payout = account.records().orders.payouts.get(&revision)?;
            Some(UnderWay { refund_id: order_refund(account.id(), revision), status: payout.state.as_str() })
        });
        let evidence = |rule: &EvidenceRule| EvidenceItem {
            kind: rule.kind.clone().into(),
            clause: rule.clause.as_ref().map(ToString::to_string),
        };
        Self {
            account_id: account.id().clone().into(),
            order_id: judged.order_id.into(),
            cause: judged.cause.into(),
            paid: judged.paid.into(),
            paid_at: judged.paid_at.into(),
            eligibility: handling(judged.handling),
            clause: judged.clause.as_ref().map(ToString::to_string),
            code: judged.refused.as_ref().map(scrip_ledger::Refusal::code),
            detail: judged.refused.as_ref().map(ToString::to_string),
            default: judged.advice.map(|advice| match advice {
                Advice::Approve => "approve",
                Advice::Deny => "deny",
            }),
            channel: channel(judged.channel),
            channel_clause: judged.channel_clause.as_ref().map(ToString::to_string),
            original_until: judged.original_until.map(Time::from),
            window_until: judged.window_until.map(Time::from),
            refundable: judged.refundable.amount.into(),
            refundable_tax: judged.refundable.tax.map(MoneyItem::from),
            refundable_fee: judged.refundable.fee.map(MoneyItem::from),
            refundable_credits: judged.refundable.credits.into(),
            evidence: judged.required.iter().map(evidence).collect(),
            refund,
            policy_version: judged.policy,
        }
    }
}

impl From<&Decision> for DecisionItem {
    fn from(decision: &Decision) -> Self {
        Self {
            by: decision.by.clone().map(Id::from),
            at: decision.at.into(),
            reason: decision.reason.clone().map(Id::from),
        }
    }
}

impl From<&Ending> for EndingItem {
    fn from(ending: &Ending) -> Self {
        Self {
            by: ending.by.clone().into(),
            at: ending.at.into(),
            reason: ending.reason.clone().map(Id::from),
            r#ref: ending.reference.clone().map(Id::from),
        }
    }
}

impl RefundItem {
    fn of(account: &AccountId, revision: u64, payout: &Payout) -> Self {
        let of = payout.refund();
        let money = |money: &Money| MoneyItem::from(*money);
        let brought = of.map(|of| of.evidence.as_slice()).unwrap_or_default().iter();
        Self {
            refund_id: order_refund(account, revision),
            account_id: account.clone().into(),
            kind: if of.is_some() { "refund" } else { "withdrawal" },
            status: payout.state.as_str(),
            order_id: of.map(|of| of.order_id.clone().into()),
            cause: of.map(|of| of.cause.clone().into()),
            handling: of.map(|of| handling(of.handling)),
            channel: of.map(|of| channel(of.channel)),
            clause: of.and_then(|of| of.clause.as_ref()).map(ToString::to_string),
            policy_version: of.map(|of| of.policy),
            evidence: brought
                .map(|piece| Brought {
                    kind: piece.kind.clone().into(),
                    r#ref: piece.reference.clone().into(),
                })
                .collect(),
            requested_at: payout.requested_at.into(),
            requested_by: payout.requested_by.clone().into(),
            decision: payout.decision.as_ref().map(DecisionItem::from),
            agreed: of.and_then(|of| of.agreed.as_ref()).map(money),
            amounts: payout.amounts.iter().map(money).collect(),
            tax: payout.tax.as_ref().map(money),
            fee: payout.fee.as_ref().map(money),
            lots: payout.lots.iter().map(|part| LotPart::of(account, *part)).collect(),
            ending: payout.ending.as_ref().map(EndingItem::from),
            as_of_position: None,
        }
    }
}

/// How a request for an order's money would be handled, order by order.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/refund-eligibility", tag = "refunds",
    operation_id = "refundEligibility",
    params(("account_id" = String, Path, description = "The account."), PageParams, About),
    responses((status = 200, body = inline(ListOf<EligibilityItem>)), Problems))]
pub(crate) async fn eligibility(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, about): Paged<About>,
) -> Result<List<EligibilityItem>, Problem> {
    let when = When {
        as_of: about.as_of,
        known_at: about.known_at,
        as_of_position: about.as_of_position,
        min_position: about.min_position,
    };
    let read = |text: &str, field: &str| Token::read(text).map_err(|wrong| wrong.at(field));
    let cause = read(about.cause.as_deref().unwrap_or(CHANGE_OF_MIND), "cause")?;
    let order_id = about.order_id.as_deref().map(|order| read(order, "order_id")).transpose()?;
    let stand = app.stand(&caller, right(&caller), &id, &when).await?;
    let account = &stand.account;
    let not_found = |what| Problem::new(Code::BOOK_NOT_FOUND, what);
    let book = account.book().and_then(|book| app.engine.book(book));
    let book = book.ok_or_else(|| not_found("the account's book is not served here"))?;
    let now = stand.as_of.unwrap_or_else(|| account.last_recorded_at());
    let orders = match order_id {
        None => account.order_ids(),
        Some(order) if account.lots_of_order(&order).next().is_some() => vec![order],
        Some(_) => return Err(Problem::new(Code::ORDER_NOT_FOUND, "the account has no such order")),
    };
    let judged = orders.iter().filter_map(|order| account.refund_eligibility(&book, order, &cause, now));
    let all = (0u64..).zip(judged);
    let show = |_, judged| EligibilityItem::of(account, judged);
    Ok(page.read(Listing::ELIGIBILITY)?.cut(all, show, stand.position))
}

/// An account's refunds and withdrawals, in the order they were asked for.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/refunds", tag = "refunds", operation_id = "listRefunds",
    params(("account_id" = String, Path, description = "The account."), PageParams, When),
    responses((status = 200, body = inline(ListOf<RefundItem>)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, when): Paged<When>,
) -> Result<List<RefundItem>, Problem> {
    let stand = app.stand(&caller, right(&caller), &id, &when).await?;
    let account = stand.account.id();
    let all = stand.account.records().orders.payouts.iter().map(|(revision, payout)| (*revision, payout));
    let show = |revision, payout: &Payout| RefundItem::of(account, revision, payout);
    Ok(page.read(Listing::REFUNDS)?.cut(all, show, stand.position))
}

/// A refund, or a withdrawal.
#[utoipa::path(get, path = "/v1/refunds/{refund_id}", tag = "refunds", operation_id = "getRefund",
    params(("refund_id" = String, Path, description = "The refund."), Since),
    responses((status = 200, body = RefundItem), Problems))]
pub(crate) async fn show(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Params(since): Params<Since>,
) -> Result<Json<RefundItem>, Problem> {
    caller.may(right(&caller))?;
    let id = minted(&id, MintedKind::OrderRefund, Code::REFUND_NOT_FOUND)?;
    let missing = || Problem::new(Code::REFUND_NOT_FOUND, "there is no such refund");
    let stand = app.stand_now(&caller, right(&caller), id.account.as_str(), &since).await;
    let stand = stand.map_err(|problem| match problem.code() {
        Code::ACCOUNT_NOT_FOUND => missing(),
        _ => problem,
    })?;
    let payout = stand.account.records().orders.payouts.get(&id.revision).ok_or_else(missing)?;
    let mut item = RefundItem::of(&id.account, id.revision, payout);
    item.as_of_position = Some(stand.position);
    Ok(Json(item))
}
