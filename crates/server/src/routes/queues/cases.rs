//! Cases of a book: appeals, reviews, and what waits for a second person.

use axum::extract::{Path, State};
use scrip_projections::reports::queues::cases::Case;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Asked, OfBook, QueueParams, key, time};
use crate::app::{App, Shared};
use crate::auth::Principal;
use crate::format::Listing;
use crate::paging::{PageParams, Pager};
use crate::problem::{Problem, Problems};
use crate::read::Paged;
use crate::report::{Report, ReportOf};
use crate::values::{Amount, Time};

/// An appeal against a measure.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedAppeal)]
pub(crate) struct AppealItem {
    appeal_id: String,
    account_id: String,
    measure_id: String,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// `pending`, `upheld` or `rejected`.
    state: String,
    filed_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    filed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
}

/// A review of an account's violations.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedReview)]
pub(crate) struct ReviewItem {
    review_id: String,
    account_id: String,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<String>,
    /// `open` or `closed`.
    status: &'static str,
    /// The violations that led to it.
    count: u64,
    opened_at: Time,
    /// How it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_by: Option<String>,
}

/// Something that waits for a second person, or did.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedApproval)]
pub(crate) struct ApprovalItem {
    approval_id: String,
    account_id: String,
    /// `pending`, `approved` or `rejected`.
    status: String,
    /// `grant` or `adjustment`.
    kind: String,
    /// Of an adjustment: above zero they are granted, below they are taken.
    credits: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    requested_by: String,
    requested_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Time>,
}

/// As they are described.
#[derive(Serialize, ToSchema)]
#[schema(as = AppealsPage)]
pub(crate) struct AppealsShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<AppealItem>,
    #[serde(flatten)]
    about: OfBook,
}

/// As they are described.
#[derive(Serialize, ToSchema)]
#[schema(as = ReviewsPage)]
pub(crate) struct ReviewsShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<ReviewItem>,
    #[serde(flatten)]
    about: OfBook,
}

/// As they are described.
#[derive(Serialize, ToSchema)]
#[schema(as = ApprovalsPage)]
pub(crate) struct ApprovalsShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<ApprovalItem>,
    #[serde(flatten)]
    about: OfBook,
}

impl From<Case> for AppealItem {
    fn from(case: Case) -> Self {
        Self {
            appeal_id: case.id,
            account_id: case.account,
            measure_id: case.subject.unwrap_or_default(),
            reference: case.reference,
            state: case.outcome.unwrap_or_else(|| "pending".to_owned()),
            filed_at: time(case.opened_at),
            filed_by: case.opened_by,
            decided_at: case.closed_at.map(time),
            decided_by: case.closed_by,
        }
    }
}

impl From<Case> for ReviewItem {
    fn from(case: Case) -> Self {
        Self {
            review_id: case.id,
            account_id: case.account,
            reason: case.reason.unwrap_or_default(),
            clause: case.clause,
            status: if case.closed_at.is_some() { "closed" } else { "open" },
            count: case.count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default(),
            opened_at: time(case.opened_at),
            decision: case.outcome,
            closed_at: case.closed_at.map(time),
            closed_by: case.closed_by,
        }
    }
}

impl From<Case> for ApprovalItem {
    fn from(case: Case) -> Self {
        Self {
            approval_id: case.id,
            account_id: case.account,
            status: case.outcome.unwrap_or_else(|| "pending".to_owned()),
            kind: case.subject.unwrap_or_default(),
            credits: case.credits.into(),
            reason: case.reason,
            requested_by: case.opened_by.unwrap_or_default(),
            requested_at: time(case.opened_at),
            decided_by: case.closed_by,
            decided_at: case.closed_at.map(time),
        }
    }
}

/// A kind of cases: what the read models call it, its list, and what its items may be narrowed to.
struct Kind {
    name: &'static str,
    listing: &'static Listing,
    statuses: &'static [(&'static str, &'static str)],
}

const APPEALS: Kind = Kind {
    name: "appeal",
    listing: Listing::QUEUED_APPEALS,
    statuses: &[("pending", "open"), ("upheld", "upheld"), ("rejected", "rejected")],
};
const REVIEWS: Kind = Kind {
    name: "review",
    listing: Listing::QUEUED_REVIEWS,
    statuses: &[("open", "open"), ("closed", "closed")],
};
const APPROVALS: Kind = Kind {
    name: "approval",
    listing: Listing::QUEUED_APPROVALS,
    statuses: &[("pending", "open"), ("approved", "approved"), ("rejected", "rejected")],
};

impl App {
    async fn cases<T: From<Case>>(
        &self,
        of: (&Principal, &str),
        asked: (Pager, QueueParams),
        kind: &Kind,
    ) -> Result<Report<T, OfBook>, Problem> {
        let Asked { book, queue, page, mut reading } =
            self.queue(of, asked, kind.listing, kind.statuses).await?;
        let told = reading.snapshot.cases(kind.name, &queue).await?;
        let items = told.what.items.into_iter().map(T::from).collect();
        Ok(reading.report(told.count, page, (items, told.what.next.map(key)), OfBook { book: book.into() }))
    }
}

/// Appeals of a book, oldest first. `status` is `pending`, `upheld` or `rejected`.
#[utoipa::path(get, path = "/v1/books/{book}/appeals", tag = "queues", operation_id = "queueAppeals",
    params(("book" = String, Path, description = "The book."), PageParams, QueueParams),
    responses((status = 200, body = inline(AppealsShape)), Problems))]
pub(crate) async fn appeals(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<QueueParams>,
) -> Result<Report<AppealItem, OfBook>, Problem> {
    app.cases((&caller, &id), (pager, params), &APPEALS).await
}

/// Reviews of a book, oldest first. `status` is `open` or `closed`.
#[utoipa::path(get, path = "/v1/books/{book}/reviews", tag = "queues", operation_id = "queueReviews",
    params(("book" = String, Path, description = "The book."), PageParams, QueueParams),
    responses((status = 200, body = inline(ReviewsShape)), Problems))]
pub(crate) async fn reviews(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<QueueParams>,
) -> Result<Report<ReviewItem, OfBook>, Problem> {
    app.cases((&caller, &id), (pager, params), &REVIEWS).await
}

/// What waits in a book for a second person, or did, oldest first. `status` is `pending`, `approved` or `rejected`.
#[utoipa::path(get, path = "/v1/books/{book}/approvals", tag = "queues", operation_id = "queueApprovals",
    params(("book" = String, Path, description = "The book."), PageParams, QueueParams),
    responses((status = 200, body = inline(ApprovalsShape)), Problems))]
pub(crate) async fn approvals(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<QueueParams>,
) -> Result<Report<ApprovalItem, OfBook>, Problem> {
    app.cases((&caller, &id), (pager, params), &APPROVALS).await
}
