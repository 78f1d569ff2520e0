//! Balances: what every account of a book has, or had.

use axum::extract::{Path, State};
use scrip_projections::reports::{AccountBalance, BalanceTotals};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answers::BalanceAnswer;
use crate::app::Shared;
use crate::auth::Principal;
use crate::format::Listing;
use crate::paging::PageParams;
use crate::problem::{Problem, Problems};
use crate::read::{Paged, When, number};
use crate::report::{Report, ReportOf};
use crate::values::Id;

/// What an account has.
#[derive(Serialize, ToSchema)]
#[schema(as = BalanceItem)]
pub(crate) struct BalanceItem {
    account_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// `open` or `closed`, as it is now.
    status: String,
    balance: BalanceAnswer,
    /// What is wrong with its history: its balance cannot be relied on then.
    #[serde(skip_serializing_if = "Option::is_none")]
    contradiction: Option<String>,
}

/// What all accounts have together.
#[derive(Serialize, ToSchema)]
#[schema(as = BalanceReport)]
pub(crate) struct BalanceAbout {
    book: Id,
    /// On the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<BalanceSum>,
}

/// What all accounts have together.
#[derive(Serialize, ToSchema)]
#[schema(as = BalanceTotals)]
pub(crate) struct BalanceSum {
    accounts: u64,
    balance: BalanceAnswer,
}

/// As it is described: a page, and the totals.
#[derive(Serialize, ToSchema)]
#[schema(as = BalancePage)]
pub(crate) struct BalanceShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<BalanceItem>,
    #[serde(flatten)]
    about: BalanceAbout,
}

impl From<AccountBalance> for BalanceItem {
    fn from(found: AccountBalance) -> Self {
        Self {
            account_id: found.account.into(),
            owner: found.owner,
            status: found.status,
            balance: found.balance.into(),
            contradiction: found.contradiction,
        }
    }
}

impl From<BalanceTotals> for BalanceSum {
    fn from(totals: BalanceTotals) -> Self {
        Self { accounts: totals.accounts, balance: totals.balance.into() }
    }
}

/// What every account of a book has, or had: in the order of their ids.
#[utoipa::path(get, path = "/v1/books/{book}/reports/balances", tag = "reports", operation_id = "reportBalances",
    params(("book" = String, Path, description = "The book."), PageParams, When),
    responses((status = 200, body = inline(BalanceShape)), Problems))]
pub(crate) async fn show(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, when): Paged<When>,
) -> Result<Report<BalanceItem, BalanceAbout>, Problem> {
    let book = app.book(&caller, &id)?;
    let point = when.point(app.engine.clock().now())?.unwrap_or_default();
    let page = pager.keyed(Listing::BALANCES, "", 1)?;
    let reading =
        app.reading(number(when.min_position.as_deref(), "min_position")?, point.position).await?.released();
    let after = page.after.as_ref().and_then(|key| key.first()).map(String::as_str);
    let found = app.read_side.balances(&book.id, &point, after, page.limit).await?;
    let totals = match after {
        None => Some(app.read_side.balance_totals(&book.id, &point).await?.into()),
        Some(_) => None,
    };
    let about = BalanceAbout { book: book.id.clone().into(), totals };
    let items = found.items.into_iter().map(BalanceItem::from).collect();
    Ok(reading.report(found.position, page, (items, found.next.map(|next| vec![next])), about))
}
