//! Holds in flight of a book.

use axum::extract::{Path, State};
use scrip_ledger::{Minted, MintedKind, Token};
use scrip_projections::reports::queues::holds::OpenHold;
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
use crate::values::{Amount, MintedId, Time};

/// An open hold.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedHold)]
pub(crate) struct HoldItem {
    hold_id: MintedId,
    account_id: String,
    request_id: String,
    model: String,
    endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<MintedId>,
    amount: Amount,
    /// What of it leans on the credit line.
    on_credit: Amount,
    placed_at: Time,
    expires_at: Time,
}

/// As they are described.
#[derive(Serialize, ToSchema)]
#[schema(as = HoldsPage)]
pub(crate) struct HoldsShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<HoldItem>,
    #[serde(flatten)]
    about: OfBook,
}

impl HoldItem {
    fn of(hold: OpenHold) -> Option<Self> {
        let account = Token::new(&hold.account).ok()?;
        let id = |kind, revision| -> MintedId { Minted::new(&account, kind, revision).into() };
        Some(Self {
            hold_id: id(MintedKind::Hold, hold.hold),
            key_id: hold.key.map(|key| id(MintedKind::Key, key)),
            account_id: hold.account,
            request_id: hold.request_id,
            model: hold.model,
            endpoint: hold.endpoint,
            amount: hold.amount.into(),
            on_credit: hold.on_credit.into(),
            placed_at: time(hold.placed_at),
            expires_at: time(hold.expires_at),
        })
    }
}

/// Open holds of a book, oldest first. All of them are `open`.
#[utoipa::path(get, path = "/v1/books/{book}/holds", tag = "queues", operation_id = "queueHolds",
    params(("book" = String, Path, description = "The book."), PageParams, QueueParams),
    responses((status = 200, body = inline(HoldsShape)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<QueueParams>,
) -> Result<Report<HoldItem, OfBook>, Problem> {
    let statuses = [("open", "open")];
    let asked = app.queue((&caller, &id), (pager, params), Listing::QUEUED_HOLDS, &statuses).await?;
    let Asked { book, queue, page, mut reading } = asked;
    let told = reading.snapshot.holds(&queue).await?;
    let items = told.what.items.into_iter().filter_map(HoldItem::of).collect();
    Ok(reading.report(told.count, page, (items, told.what.next.map(key)), OfBook { book: book.into() }))
}
