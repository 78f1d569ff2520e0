//! Refund windows: until when the money of which order may be asked back, and by which clause.
//!
//! The terms decide that, so every order is judged by the rules themselves, on its account as it was then.

use axum::extract::{Path, State};
use compact_str::CompactString;
use scrip_ledger::{Account, Token};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::queues::OfBook;
use super::super::refund_lists::{CHANGE_OF_MIND, EligibilityItem};
use crate::app::Shared;
use crate::auth::Principal;
use crate::format::Listing;
use crate::paging::PageParams;
use crate::problem::{Problem, Problems};
use crate::read::{Paged, When, number};
use crate::report::{Report, ReportOf};
use crate::values::Value;

/// What is judged, and as of when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WindowParams {
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

/// As it is described.
#[derive(Serialize, ToSchema)]
#[schema(as = RefundWindowsPage)]
pub(crate) struct WindowsShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<EligibilityItem>,
    #[serde(flatten)]
    about: OfBook,
}

/// How a request for each order's money would be handled, and until when: in the order of accounts and orders. A page may
/// hold fewer orders than it has room for: those that were not there yet are left out.
#[utoipa::path(get, path = "/v1/books/{book}/reports/refund-windows", tag = "reports",
    operation_id = "reportRefundWindows",
    params(("book" = String, Path, description = "The book."), PageParams, WindowParams),
    responses((status = 200, body = inline(WindowsShape)), Problems))]
pub(crate) async fn show(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<WindowParams>,
) -> Result<Report<EligibilityItem, OfBook>, Problem> {
    let book = app.book(&caller, &id)?;
    let cause = params.cause.as_deref().unwrap_or(CHANGE_OF_MIND);
    let cause = Token::read(cause).map_err(|wrong| wrong.at("cause"))?;
    let when = When {
        as_of: params.as_of,
        known_at: params.known_at,
        as_of_position: params.as_of_position,
        min_position: None,
    };
    let now = app.engine.clock().now();
    let point = when.point(now)?.unwrap_or_default();
    let page = pager.keyed(Listing::REFUND_WINDOWS, cause.as_str(), 2)?;
    let after = page.after.as_ref().and_then(|key| match key.as_slice() {
        [account, order] => Some((CompactString::from(account), CompactString::from(order))),
        _ => None,
    });
    let mut reading =
        app.reading(number(params.min_position.as_deref(), "min_position")?, point.position).await?;
    let told = reading.snapshot.orders(&book.id, after.as_ref(), page.limit.saturating_add(1)).await?;
    let reading = reading.released();
    let mut orders = told.what;
    let more = orders.len() > page.limit;
    orders.truncate(page.limit);
    let next = orders.last().filter(|_| more).map(|(account, order)| vec![account.clone(), order.clone()]);
    let mut items = Vec::new();
    let mut known: Option<Account> = None;
    for (account, order) in &orders {
        let (Ok(id), Ok(order)) = (Token::new(account), Token::new(order)) else { continue };
        let folded = match known.take_if(|known| *known.id() == id) {
            Some(folded) => folded,
            None => app.read_side.account_as_of(&id, &point).await?.0,
        };
        let at = point.time.or(point.known_at);
        let judged_at =
            at.unwrap_or_else(|| if point.position.is_some() { folded.last_recorded_at() } else { now });
        let there = folded.lots_of_order(&order).next().is_some();
        let judged = there.then(|| folded.refund_eligibility(&book, &order, &cause, judged_at)).flatten();
        items.extend(judged.map(|judged| EligibilityItem::of(&folded, judged)));
        known = Some(folded);
    }
    let count = point.position.map_or(told.count, |position| position.saturating_add(1));
    Ok(reading.report(count, page, (items, next), OfBook { book: book.id.clone().into() }))
}
