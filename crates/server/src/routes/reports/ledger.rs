//! Revenue, breakage and receivables: what was posted to accounts of the chart, by time.

use axum::extract::{Path, State};
use scrip_ledger::accounting::{ChartAccount, Class, Commodity};
use scrip_projections::reports::calendar::Span;
use scrip_projections::reports::ledger::Movement;
use serde::Serialize;
use utoipa::ToSchema;

use super::amounts::{credit, debit, sums, text};
use super::when::{Period, PeriodParams};
use crate::app::{App, Shared};
use crate::auth::Principal;
use crate::format::Listing;
use crate::paging::{Key, PageParams, Pager};
use crate::problem::{Problem, Problems};
use crate::read::Paged;
use crate::report::{Report, ReportOf};
use crate::values::{Id, Time};

/// What was posted to an account of the chart.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerItem)]
pub(crate) struct LedgerItem {
    /// Of a span of time: when it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Time>,
    /// And when it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    /// The account of the chart, such as `revenue:usage`.
    account: String,
    /// `credits`, or a currency.
    commodity: String,
    /// Revenue is above zero, and so is what is owed to the service.
    amount: String,
    /// What of it adjusts periods that were closed before.
    adjustments: String,
}

/// What was asked, and what all of it came to.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerReport)]
pub(crate) struct LedgerAbout {
    book: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    /// By whose clocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    tz: Option<&'static str>,
    /// Over all pages, by commodity.
    totals: Vec<LedgerTotal>,
}

/// A sum of a commodity.
#[derive(Serialize, ToSchema)]
pub(crate) struct LedgerTotal {
    commodity: String,
    amount: String,
    adjustments: String,
}

/// As it is described: a page, and what was asked.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerPage)]
pub(crate) struct LedgerShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<LedgerItem>,
    #[serde(flatten)]
    about: LedgerAbout,
}

/// What a report of the ledger is of.
struct Subject {
    listing: &'static Listing,
    /// Whether an account belongs to it.
    wants: fn(&ChartAccount) -> bool,
    /// Which side of it counts.
    side: fn(&Movement) -> i128,
}

const REVENUE: Subject =
    Subject { listing: Listing::REVENUE, wants: |account| account.class() == Class::Revenue, side: credit };

/// Money that was kept for credits that ended unused, and those credits.
const BREAKAGE: Subject = Subject {
    listing: Listing::BREAKAGE,
    wants: |account| {
        use ChartAccount::{BreakageExpired, BreakageForfeited, Expired, Forfeited};
        matches!(account, BreakageExpired | BreakageForfeited | Expired | Forfeited)
    },
    side: credit,
};

/// What is owed to the service, and what nobody will pay.
const RECEIVABLES: Subject = Subject {
    listing: Listing::RECEIVABLES,
    wants: |account| {
        use ChartAccount::{Absorbed, Chargebacks, Claims, CreditsReceivable, UnpaidPeriods};
        matches!(account, UnpaidPeriods | Claims | CreditsReceivable | Absorbed | Chargebacks)
    },
    side: debit,
};

impl App {
    async fn ledger(
        &self,
        (caller, id): (&Principal, &str),
        subject: &Subject,
        (pager, params): (Pager, PeriodParams),
    ) -> Result<Report<LedgerItem, LedgerAbout>, Problem> {
        let book = self.book(caller, id)?;
        let (period, min_position) = params.read(&book, self.engine.clock().now())?;
        let (range, spans) = match &period {
            Period::Until(_) => (None, vec![None]),
            Period::During(range, spans) => (Some(*range), spans.iter().copied().map(Some).collect()),
        };
        let scope =
            range.map(|range| format!("{} {}", range.span.from, range.zone.name())).unwrap_or_default();
        let page = pager.keyed(subject.listing, &scope, 3)?;
        let point = match &period {
            Period::Until(as_of) => as_of.position,
            Period::During(..) => None,
        };
        let mut reading = self.reading(min_position, point).await?;
        let (count, movements) = match &period {
            Period::Until(as_of) => {
                let told = reading.snapshot.standing(&book.id, as_of).await?;
                (told.count, vec![told.what])
            }
            Period::During(_, spans) => {
                let told = reading.snapshot.movements(&book.id, spans, false).await?;
                (told.count, told.what)
            }
        };
        let mut lines = Vec::new();
        for (number, (span, of_span)) in spans.iter().zip(&movements).enumerate() {
            for (account, commodity, amount, late) in sums(of_span, subject.wants, subject.side) {
                let key = vec![format!("{number:04}"), account.to_string(), commodity.to_string()];
                lines.push((key, LedgerItem::of(*span, &account, commodity, (amount, late))));
            }
        }
        lines.sort_by(|one, other| one.0.cmp(&other.0));
        let all: Vec<Movement> = movements.into_iter().flatten().collect();
        let about = LedgerAbout {
            book: book.id.clone().into(),
            from: range.map(|range| range.span.from.into()),
            until: range.map(|range| range.span.until.into()),
            tz: range.map(|range| range.zone.name()),
            totals: totals(&all, subject),
        };
        let cut = cut(lines, page.after.as_ref(), page.limit);
        Ok(reading.report(count, page, cut, about))
    }
}

impl LedgerItem {
    fn of(
        span: Option<Span>,
        account: &ChartAccount,
        commodity: Commodity,
        (amount, late): (i128, i128),
    ) -> Self {
        Self {
            from: span.map(|span| span.from.into()),
            until: span.map(|span| span.until.into()),
            account: account.to_string(),
            commodity: commodity.to_string(),
            amount: text(commodity, amount),
            adjustments: text(commodity, late),
        }
    }
}

/// The page of lines that are all at hand, in the order of their keys.
pub(super) fn cut<T>(lines: Vec<(Key, T)>, after: Option<&Key>, limit: usize) -> (Vec<T>, Option<Key>) {
    let mut left =
        lines.into_iter().skip_while(|(key, _)| after.is_some_and(|after| key <= after)).peekable();
    let (mut items, mut last) = (Vec::new(), None);
    while items.len() < limit
        && let Some((key, item)) = left.next()
    {
        items.push(item);
        last = Some(key);
    }
    (items, last.filter(|_| left.peek().is_some()))
}

fn totals(movements: &[Movement], subject: &Subject) -> Vec<LedgerTotal> {
    let mut totals: Vec<(Commodity, i128, i128)> = Vec::new();
    for (_, commodity, amount, late) in sums(movements, subject.wants, subject.side) {
        match totals.iter_mut().find(|(known, ..)| *known == commodity) {
            Some((_, sum, of_late)) => {
                (*sum, *of_late) = (sum.saturating_add(amount), of_late.saturating_add(late));
            }
            None => totals.push((commodity, amount, late)),
        }
    }
    totals.sort_by_key(|(commodity, ..)| *commodity);
    let total = |(commodity, amount, late): (Commodity, i128, i128)| LedgerTotal {
        commodity: commodity.to_string(),
        amount: text(commodity, amount),
        adjustments: text(commodity, late),
    };
    totals.into_iter().map(total).collect()
}

/// What was earned: by usage, by credits that ended unused, and otherwise.
#[utoipa::path(get, path = "/v1/books/{book}/reports/revenue", tag = "reports", operation_id = "reportRevenue",
    params(("book" = String, Path, description = "The book."), PageParams, PeriodParams),
    responses((status = 200, body = inline(LedgerShape)), Problems))]
pub(crate) async fn revenue(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<PeriodParams>,
) -> Result<Report<LedgerItem, LedgerAbout>, Problem> {
    app.ledger((&caller, &id), &REVENUE, (pager, params)).await
}

/// What ended unused: credits that expired or were forfeited, and the money that was kept for them.
#[utoipa::path(get, path = "/v1/books/{book}/reports/breakage", tag = "reports", operation_id = "reportBreakage",
    params(("book" = String, Path, description = "The book."), PageParams, PeriodParams),
    responses((status = 200, body = inline(LedgerShape)), Problems))]
pub(crate) async fn breakage(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<PeriodParams>,
) -> Result<Report<LedgerItem, LedgerAbout>, Problem> {
    app.ledger((&caller, &id), &BREAKAGE, (pager, params)).await
}

/// What is owed to the service, and what calls used that nobody will pay.
#[utoipa::path(get, path = "/v1/books/{book}/reports/receivables", tag = "reports", operation_id = "reportReceivables",
    params(("book" = String, Path, description = "The book."), PageParams, PeriodParams),
    responses((status = 200, body = inline(LedgerShape)), Problems))]
pub(crate) async fn receivables(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<PeriodParams>,
) -> Result<Report<LedgerItem, LedgerAbout>, Problem> {
    app.ledger((&caller, &id), &RECEIVABLES, (pager, params)).await
}
