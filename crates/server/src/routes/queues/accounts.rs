//! The accounts of a book.

use axum::extract::{Path, State};
use scrip_projections::reports::queues::accounts::{AccountLine, AccountQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{OfBook, time, unknown};
use crate::answers::BalanceAnswer;
use crate::app::Shared;
use crate::auth::Principal;
use crate::format::Listing;
use crate::paging::PageParams;
use crate::problem::{Problem, Problems};
use crate::read::{Paged, number};
use crate::report::{Report, ReportOf};
use crate::values::{Amount, Time};

const STATUSES: [(&str, &str); 3] = [("open", "open"), ("frozen", "frozen"), ("closed", "closed")];

/// Which accounts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountParams {
    /// What the id, or the owner's, begins with.
    prefix: Option<String>,
    /// Only accounts of this owner.
    owner: Option<String>,
    /// `open`, `frozen` or `closed`.
    status: Option<String>,
    /// Only those that owe.
    #[serde(default)]
    #[param(inline)]
    owing: Owing,
    /// A position that the answer must include: read your own writes. Waits, bounded.
    #[param(value_type = Option<u64>)]
    min_position: Option<String>,
}

/// Whether only accounts that owe are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Owing {
    /// All.
    #[default]
    False,
    /// Only those.
    True,
}

/// An account of a book.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountOfBook)]
pub(crate) struct AccountItem {
    account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// `open`, `frozen` (the whole account) or `closed`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_at: Option<Time>,
    /// When it last called or was topped up.
    active_at: Time,
    balance: BalanceAnswer,
    /// What calls were charged in all, net of refunds.
    charged: Amount,
    /// How many calls were charged.
    calls: u64,
    /// What is wrong with its history, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    contradiction: Option<String>,
}

/// As it is described.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountsPage)]
pub(crate) struct AccountsShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<AccountItem>,
    #[serde(flatten)]
    about: OfBook,
}

impl From<AccountLine> for AccountItem {
    fn from(line: AccountLine) -> Self {
        Self {
            account_id: line.account,
            owner: line.owner,
            region: line.region,
            status: line.status,
            opened_at: line.opened_at.map(time),
            active_at: time(line.active_at),
            balance: line.balance.into(),
            charged: line.charged.into(),
            calls: u64::try_from(line.calls).unwrap_or_default(),
            contradiction: line.contradiction,
        }
    }
}

/// The accounts of a book, in the order of their ids.
#[utoipa::path(get, path = "/v1/books/{book}/accounts", tag = "queues", operation_id = "listAccounts",
    params(("book" = String, Path, description = "The book."), PageParams, AccountParams),
    responses((status = 200, body = inline(AccountsShape)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<AccountParams>,
) -> Result<Report<AccountItem, OfBook>, Problem> {
    let book = app.book(&caller, &id)?.id.clone();
    if params.status.as_ref().is_some_and(|status| STATUSES.iter().all(|(known, _)| known != status)) {
        return Err(unknown(&STATUSES));
    }
    let page = pager.keyed(Listing::ACCOUNTS, "", 1)?;
    let query = AccountQuery {
        book: book.clone(),
        prefix: params.prefix.map(Into::into),
        owner: params.owner.map(Into::into),
        status: params.status.map(Into::into),
        owing: params.owing == Owing::True,
        after: page.after.as_ref().and_then(|key| key.first()).map(Into::into),
        limit: page.limit,
    };
    let mut reading = app.reading(number(params.min_position.as_deref(), "min_position")?, None).await?;
    let told = reading.snapshot.accounts(&query).await?;
    let (lines, more) = told.what;
    let next = lines.last().filter(|_| more).map(|last| vec![last.account.clone()]);
    let items = lines.into_iter().map(AccountItem::from).collect();
    Ok(reading.report(told.count, page, (items, next), OfBook { book: book.into() }))
}
