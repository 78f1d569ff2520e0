//! Refunds of orders and withdrawals of a book, with what is still missing.

use axum::extract::{Path, State};
use scrip_ledger::Currency;
use scrip_projections::reports::queues::payouts::Payout;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Asked, OfBook, QueueParams, key, time};
use crate::app::Shared;
use crate::auth::Principal;
use crate::format::Listing;
use crate::paging::PageParams;
use crate::problem::{Problem, Problems};
use crate::read::Paged;
use crate::report::{Report, ReportOf};
use crate::values::{Amount, Time};

const STATUSES: [(&str, &str); 6] = [
    ("requested", "requested"),
    ("waiting", "waiting"),
    ("approved", "approved"),
    ("denied", "denied"),
    ("paid", "paid"),
    ("failed", "failed"),
];

/// A refund of an order, or a withdrawal.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedRefund)]
pub(crate) struct RefundItem {
    refund_id: String,
    account_id: String,
    /// `refund` or `withdrawal`.
    kind: String,
    /// `requested`, `waiting` (approved, for holds on the order's lots), `approved`, `denied`, `paid` or `failed`.
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handling: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_version: Option<i64>,
    evidence: Vec<Brought>,
    /// Kinds of evidence that are still missing.
    missing: Vec<String>,
    requested_at: Time,
    requested_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
    /// What could be refunded when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    refundable: Option<Sum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed: Option<Sum>,
    /// What is owed, or was paid out, before tax and fees; of a withdrawal, by currency.
    amounts: Vec<Sum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<Sum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<Sum>,
    /// What was taken for it.
    credits: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<Ending>,
}

/// Evidence that was brought.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedEvidence)]
pub(crate) struct Brought {
    kind: String,
    r#ref: String,
}

/// How it was decided.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedDecision)]
pub(crate) struct Decision {
    /// Not there if it was decided by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// How it ended.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedEnding)]
pub(crate) struct Ending {
    by: String,
    at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<String>,
}

/// An amount of money.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedMoney)]
pub(crate) struct Sum {
    currency: String,
    amount: String,
}

/// As they are described.
#[derive(Serialize, ToSchema)]
#[schema(as = RefundsPage)]
pub(crate) struct RefundsShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<RefundItem>,
    #[serde(flatten)]
    about: OfBook,
}

/// Minor units of a currency.
fn sum(currency: Option<&str>, minor: Option<i64>) -> Option<Sum> {
    let currency: Currency = currency?.parse().ok()?;
    Some(Sum { currency: currency.code().to_owned(), amount: currency.decimal(minor?.into()) })
}

impl From<Payout> for RefundItem {
    fn from(payout: Payout) -> Self {
        let currency = payout.currency.as_deref();
        let of_refund = payout.amounts.first().filter(|_| payout.kind == "refund");
        let decision = payout.decided_at.map(|at| Decision {
            by: payout.decided_by,
            at: time(at),
            reason: payout.denial,
        });
        let ending = payout.ended_at.map(|at| Ending {
            by: payout.ended_by.unwrap_or_default(),
            at: time(at),
            reason: payout.failure,
            r#ref: payout.reference,
        });
        Self {
            refundable: sum(currency, payout.refundable),
            agreed: sum(currency, payout.agreed),
            tax: of_refund.and_then(|(currency, _, tax, _)| sum(Some(currency), *tax)),
            fee: of_refund.and_then(|(currency, _, _, fee)| sum(Some(currency), *fee)),
            amounts: payout
                .amounts
                .iter()
                .filter_map(|(of, amount, ..)| sum(Some(of), Some(*amount)))
                .collect(),
            refund_id: payout.id,
            account_id: payout.account,
            kind: payout.kind,
            status: payout.state,
            order_id: payout.order_id,
            cause: payout.cause,
            handling: payout.handling,
            channel: payout.channel,
            clause: payout.clause,
            policy_version: payout.policy,
            evidence: payout.evidence.into_iter().map(|(kind, r#ref)| Brought { kind, r#ref }).collect(),
            missing: payout.missing,
            requested_at: time(payout.requested_at),
            requested_by: payout.requested_by.unwrap_or_default(),
            decision,
            credits: payout.credits.into(),
            ending,
        }
    }
}

/// Refunds and withdrawals of a book, oldest first. `status` is `requested`, `waiting`, `approved`, `denied`, `paid` or
/// `failed`.
#[utoipa::path(get, path = "/v1/books/{book}/refunds", tag = "queues", operation_id = "queueRefunds",
    params(("book" = String, Path, description = "The book."), PageParams, QueueParams),
    responses((status = 200, body = inline(RefundsShape)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<QueueParams>,
) -> Result<Report<RefundItem, OfBook>, Problem> {
    let asked = app.queue((&caller, &id), (pager, params), Listing::QUEUED_REFUNDS, &STATUSES).await?;
    let Asked { book, queue, page, mut reading } = asked;
    let told = reading.snapshot.payouts(&queue).await?;
    let items = told.what.items.into_iter().map(RefundItem::from).collect();
    Ok(reading.report(told.count, page, (items, told.what.next.map(key)), OfBook { book: book.into() }))
}
