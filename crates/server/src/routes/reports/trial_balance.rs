//! The trial balance: every account of the chart, debits and credits, which come to the same.

use axum::extract::{Path, State};
use scrip_ledger::accounting::{ChartAccount, Commodity};
use scrip_projections::reports::ledger::Movement;
use serde::Serialize;
use utoipa::ToSchema;

use super::amounts::text;
use super::ledger::cut;
use crate::app::Shared;
use crate::auth::Principal;
use crate::format::Listing;
use crate::paging::PageParams;
use crate::problem::{Problem, Problems};
use crate::read::{Paged, When, number};
use crate::report::{Report, ReportOf};
use crate::values::Id;

/// An account of the chart.
#[derive(Serialize, ToSchema)]
#[schema(as = TrialBalanceItem)]
pub(crate) struct TrialItem {
    /// Such as `liabilities:deferred-revenue`.
    account: String,
    /// `assets`, `liabilities`, `equity`, `revenue` or `expenses`.
    class: &'static str,
    /// `credits`, or a currency.
    commodity: String,
    /// What it was debited in all.
    debit: String,
    /// What it was credited in all.
    credit: String,
    /// debit − credit.
    balance: String,
}

/// What all accounts come to.
#[derive(Serialize, ToSchema)]
#[schema(as = TrialBalance)]
pub(crate) struct TrialAbout {
    book: Id,
    /// By commodity, over all pages: debits are credits.
    totals: Vec<TrialTotal>,
}

/// What all accounts come to in a commodity.
#[derive(Serialize, ToSchema)]
#[schema(as = TrialBalanceTotal)]
pub(crate) struct TrialTotal {
    commodity: String,
    debit: String,
    credit: String,
    /// debit − credit: nothing.
    balance: String,
}

/// As it is described: a page, and the totals.
#[derive(Serialize, ToSchema)]
#[schema(as = TrialBalancePage)]
pub(crate) struct TrialShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<TrialItem>,
    #[serde(flatten)]
    about: TrialAbout,
}

/// Sums of movements by something, in its order.
fn summed<K: Ord>(movements: &[Movement], key: impl Fn(&Movement) -> K) -> Vec<(K, i128, i128)> {
    let mut sums = std::collections::BTreeMap::<K, (i128, i128)>::new();
    for movement in movements {
        let (debit, credit) = sums.entry(key(movement)).or_default();
        *debit = debit.saturating_add(movement.debit);
        *credit = credit.saturating_add(movement.credit);
    }
    sums.into_iter().map(|(key, (debit, credit))| (key, debit, credit)).collect()
}

/// Every account of the chart as it stands at a time or a position.
#[utoipa::path(get, path = "/v1/books/{book}/reports/trial-balance", tag = "reports",
    operation_id = "reportTrialBalance",
    params(("book" = String, Path, description = "The book."), PageParams, When),
    responses((status = 200, body = inline(TrialShape)), Problems))]
pub(crate) async fn show(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, when): Paged<When>,
) -> Result<Report<TrialItem, TrialAbout>, Problem> {
    let book = app.book(&caller, &id)?;
    let point = when.point(app.engine.clock().now())?.unwrap_or_default();
    let page = pager.keyed(Listing::TRIAL_BALANCE, "", 2)?;
    let mut reading =
        app.reading(number(when.min_position.as_deref(), "min_position")?, point.position).await?;
    let told = reading.snapshot.standing(&book.id, &point).await?;
    let item =
        |((path, commodity, account), debit, credit): ((String, Commodity, ChartAccount), i128, i128)| {
            let item = TrialItem {
                class: account.class().as_str(),
                commodity: commodity.to_string(),
                debit: text(commodity, debit),
                credit: text(commodity, credit),
                balance: text(commodity, debit.saturating_sub(credit)),
                account: path.clone(),
            };
            (vec![path, commodity.to_string()], item)
        };
    let by_account =
        |movement: &Movement| (movement.account.to_string(), movement.commodity, movement.account.clone());
    let mut lines: Vec<_> = summed(&told.what, by_account).into_iter().map(item).collect();
    lines.sort_by(|one, other| one.0.cmp(&other.0));
    let total = |(commodity, debit, credit): (Commodity, i128, i128)| TrialTotal {
        commodity: commodity.to_string(),
        debit: text(commodity, debit),
        credit: text(commodity, credit),
        balance: text(commodity, debit.saturating_sub(credit)),
    };
    let totals = summed(&told.what, |movement| movement.commodity).into_iter().map(total).collect();
    let about = TrialAbout { book: book.id.clone().into(), totals };
    let cut = cut(lines, page.after.as_ref(), page.limit);
    Ok(reading.report(told.count, page, cut, about))
}
