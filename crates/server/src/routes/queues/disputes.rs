//! Disputes of a book: of calls and statements by holders, and of payments at their providers.

use axum::extract::{Path, State};
use scrip_projections::reports::queues::disputes::Dispute;
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

const STATUSES: [(&str, &str); 5] =
    [("open", "open"), ("credited", "credited"), ("rejected", "rejected"), ("won", "won"), ("lost", "lost")];

/// Why a payment is disputed is its provider's to know.
const PAYMENT: &str = "payment_dispute";

/// A dispute.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedDispute)]
pub(crate) struct DisputeItem {
    /// Of a payment: the provider's.
    dispute_id: String,
    account_id: String,
    /// `call`, `statement` or `payment`.
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    debit_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_id: Option<String>,
    /// Of a payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    reason: String,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// `open`, `credited` or `rejected`; of a payment `open`, `won` or `lost`.
    status: String,
    opened_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_by: Option<String>,
    /// What was credited; of a payment, taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<Amount>,
    /// Of a payment: what of that was spent, and is owed.
    #[serde(skip_serializing_if = "Option::is_none")]
    debt: Option<Amount>,
}

/// As they are described.
#[derive(Serialize, ToSchema)]
#[schema(as = DisputesPage)]
pub(crate) struct DisputesShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<DisputeItem>,
    #[serde(flatten)]
    about: OfBook,
}

impl From<Dispute> for DisputeItem {
    fn from(dispute: Dispute) -> Self {
        let subject = |kind: &str| (dispute.kind == kind).then(|| dispute.subject.clone());
        let closed = dispute.outcome.is_some();
        let of_payment = dispute.kind == "payment";
        Self {
            debit_id: subject("call"),
            statement_id: subject("statement"),
            order_id: subject("payment"),
            dispute_id: dispute.id,
            account_id: dispute.account,
            kind: dispute.kind,
            reason: dispute.reason.unwrap_or_else(|| PAYMENT.to_owned()),
            reference: dispute.reference,
            status: dispute.outcome.unwrap_or_else(|| "open".to_owned()),
            opened_at: time(dispute.opened_at),
            opened_by: dispute.opened_by,
            resolved_at: dispute.closed_at.map(time),
            resolved_by: dispute.closed_by,
            credits: closed.then(|| dispute.credits.into()),
            debt: (closed && of_payment).then(|| dispute.debt.into()),
        }
    }
}

/// Disputes of a book, oldest first. `status` is `open`, `credited`, `rejected`, `won` or `lost`.
#[utoipa::path(get, path = "/v1/books/{book}/disputes", tag = "queues", operation_id = "queueDisputes",
    params(("book" = String, Path, description = "The book."), PageParams, QueueParams),
    responses((status = 200, body = inline(DisputesShape)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<QueueParams>,
) -> Result<Report<DisputeItem, OfBook>, Problem> {
    let asked = app.queue((&caller, &id), (pager, params), Listing::QUEUED_DISPUTES, &STATUSES).await?;
    let Asked { book, queue, page, mut reading } = asked;
    let told = reading.snapshot.disputes(&queue).await?;
    let items = told.what.items.into_iter().map(DisputeItem::from).collect();
    Ok(reading.report(told.count, page, (items, told.what.next.map(key)), OfBook { book: book.into() }))
}
