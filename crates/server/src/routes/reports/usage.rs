//! Usage: what calls came to, by time and by what they were.

use axum::extract::{Path, State};
use compact_str::CompactString;
use scrip_ledger::BookId;
use scrip_projections::reports::calendar::Span;
use scrip_projections::reports::usage::{Dimension, UsageLine, UsageQuery, UsageSum};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::group;
use crate::app::{App, Shared};
use crate::auth::Principal;
use crate::format::Listing;
use crate::paging::{Key, PageParams, Pager};
use crate::problem::{Code, Problem, Problems};
use crate::range::Asked;
use crate::read::{Paged, Since, number};
use crate::report::{Report, ReportOf};
use crate::rights::Right;
use crate::values::{Amount, Id, Time};

/// What is told apart where a query does not say.
const BY_DAY: &str = "day";

/// What can be told apart of a book; of an account, all but the account.
const KNOWN: [(&str, Dimension); 5] = [
    ("account", Dimension::Account),
    ("model", Dimension::Model),
    ("endpoint", Dimension::Endpoint),
    ("key", Dimension::Key),
    ("outcome", Dimension::Outcome),
];

/// Which usage.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageParams {
    /// The first day, or the first instant (on a quarter of an hour). Without it, 366 days before the end; by hours, 31.
    from: Option<String>,
    /// The day, or the instant, that is not part of it any more. Without it, tomorrow.
    until: Option<String>,
    /// The time zone by whose clocks days begin, such as `Europe/Berlin`; the book's without it.
    tz: Option<String>,
    /// What is told apart, with commas between: `hour`, `day` or `month`; `account`, `model`, `endpoint`, `key`, `outcome`.
    /// By day without it; empty for one sum.
    group: Option<String>,
    /// Only calls of this model.
    model: Option<String>,
    /// Only calls of this endpoint.
    endpoint: Option<String>,
    /// Only calls with this key.
    key_id: Option<String>,
    /// Only calls that ended so.
    outcome: Option<String>,
    /// A position that the answer must include: read your own writes. Waits, bounded.
    #[param(value_type = Option<u64>)]
    min_position: Option<String>,
}

/// What calls came to in a span of time.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageItem)]
pub(crate) struct UsageItem {
    from: Time,
    until: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// Empty for calls without a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(flatten)]
    sums: Sums,
}

/// Sums over calls.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageSums)]
pub(crate) struct Sums {
    /// How many calls ended, charged or not.
    calls: u64,
    /// What they were charged.
    charged: Amount,
    /// What was given back in that time, of calls of whatever time.
    refunded: Amount,
    /// charged − refunded.
    net: Amount,
    /// What of the charges was owed.
    on_debt: Amount,
    /// What the operator carries besides the charges.
    absorbed: Amount,
}

/// What was asked, and what all of it came to.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageReport)]
pub(crate) struct UsageAbout {
    book: Id,
    from: Time,
    until: Time,
    /// By whose clocks.
    tz: &'static str,
    /// What is told apart.
    group: Vec<&'static str>,
    /// Over all pages.
    total: Sums,
}

/// As it is described: a page, and what was asked.
#[derive(Serialize, ToSchema)]
#[schema(as = UsagePage)]
pub(crate) struct UsageShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<UsageItem>,
    #[serde(flatten)]
    about: UsageAbout,
}

impl From<UsageSum> for Sums {
    fn from(sum: UsageSum) -> Self {
        let net = sum.charged.nanos().saturating_sub(sum.refunded.nanos());
        Self {
            calls: u64::try_from(sum.calls).unwrap_or_default(),
            charged: sum.charged.into(),
            refunded: sum.refunded.into(),
            net: scrip_ledger::Credits::from_nanos(net).into(),
            on_debt: sum.on_debt.into(),
            absorbed: sum.absorbed.into(),
        }
    }
}

impl UsageItem {
    fn of(line: &UsageLine, span: Span, group: &[Dimension]) -> Self {
        let value = |wanted: Dimension| {
            let at = group.iter().position(|dimension| *dimension == wanted)?;
            line.values.get(at).map(ToString::to_string)
        };
        Self {
            from: span.from.into(),
            until: span.until.into(),
            account_id: value(Dimension::Account),
            model: value(Dimension::Model),
            endpoint: value(Dimension::Endpoint),
            key_id: value(Dimension::Key),
            outcome: value(Dimension::Outcome),
            sums: line.sum.into(),
        }
    }
}

/// A place in the order of the lines.
fn place(line: &UsageLine) -> Key {
    std::iter::once(line.span.to_string()).chain(line.values.iter().map(ToString::to_string)).collect()
}

fn line_of(key: &Key) -> Option<(usize, Vec<CompactString>)> {
    let (span, values) = key.split_first()?;
    Some((span.parse().ok()?, values.iter().map(CompactString::from).collect()))
}

impl App {
    async fn usage(
        &self,
        book: BookId,
        account: Option<&str>,
        listing: &'static Listing,
        (pager, params): (Pager, UsageParams),
    ) -> Result<Report<UsageItem, UsageAbout>, Problem> {
        let known = if account.is_some() { KNOWN.get(1..).unwrap_or_default() } else { &KNOWN };
        let group = group::read(params.group.as_deref().unwrap_or(BY_DAY), known)?;
        let terms = self.engine.book(&book);
        let terms = terms.ok_or_else(|| Problem::new(Code::BOOK_NOT_FOUND, "there is no such book"))?;
        let asked = Asked {
            from: params.from.as_deref(),
            until: params.until.as_deref(),
            tz: params.tz.as_deref(),
            unit: group.unit,
        };
        let range = asked.read(&terms, self.engine.clock().now())?;
        let spans = range.cut(group.unit)?;
        let scope = format!("{} {} {}", group.names.join(","), range.span.from, range.zone.name());
        let page = pager.keyed(listing, &scope, group.by.len().saturating_add(1))?;
        let only = [
            (Dimension::Account, account),
            (Dimension::Model, params.model.as_deref()),
            (Dimension::Endpoint, params.endpoint.as_deref()),
            (Dimension::Key, params.key_id.as_deref()),
            (Dimension::Outcome, params.outcome.as_deref()),
        ];
        let only = only.into_iter().filter_map(|(of, value)| Some((of, CompactString::from(value?))));
        let query = UsageQuery {
            book,
            spans,
            group: group.by,
            only: only.collect(),
            after: page.after.as_ref().and_then(line_of),
            limit: page.limit,
        };
        let mut reading = self.reading(number(params.min_position.as_deref(), "min_position")?, None).await?;
        let told = reading.snapshot.usage(&query).await?;
        let usage = told.what;
        let next = usage.lines.last().filter(|_| usage.more).map(place);
        let item = |line: &UsageLine| Some(UsageItem::of(line, *query.spans.get(line.span)?, &query.group));
        let items: Vec<_> = usage.lines.iter().filter_map(item).collect();
        let about = UsageAbout {
            book: query.book.clone().into(),
            from: range.span.from.into(),
            until: range.span.until.into(),
            tz: range.zone.name(),
            group: group.names,
            total: usage.total.into(),
        };
        Ok(reading.report(told.count, page, (items, next), about))
    }
}

/// What calls of a book came to, by time and by what they were.
#[utoipa::path(get, path = "/v1/books/{book}/reports/usage", tag = "reports", operation_id = "reportUsage",
    params(("book" = String, Path, description = "The book."), PageParams, UsageParams),
    responses((status = 200, body = inline(UsageShape)), Problems))]
pub(crate) async fn of_book(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<UsageParams>,
) -> Result<Report<UsageItem, UsageAbout>, Problem> {
    let book = app.book(&caller, &id)?.id.clone();
    app.usage(book, None, Listing::USAGE, (pager, params)).await
}

/// What an account's calls came to, by time and by what they were.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/usage", tag = "reports", operation_id = "accountUsage",
    params(("account_id" = String, Path, description = "The account."), PageParams, UsageParams),
    responses((status = 200, body = inline(UsageShape)), Problems))]
pub(crate) async fn of_account(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<UsageParams>,
) -> Result<Report<UsageItem, UsageAbout>, Problem> {
    let stand = app.stand_now(&caller, Right::ReadUsage, &id, &Since::default()).await?;
    let missing = || Problem::new(Code::ACCOUNT_NOT_FOUND, "there is no such account");
    let book = stand.account.book().cloned().ok_or_else(missing)?;
    app.usage(book, Some(stand.account.id().as_str()), Listing::ACCOUNT_USAGE, (pager, params)).await
}
