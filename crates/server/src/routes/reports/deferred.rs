//! Deferred revenue: what was paid for credits that are left, and how that came to be.

use axum::extract::{Path, State};
use scrip_ledger::accounting::{ChartAccount, Commodity};
use scrip_projections::reports::calendar::Span;
use scrip_projections::reports::ledger::Movement;
use serde::Serialize;
use utoipa::ToSchema;

use super::amounts::text;
use super::ledger::cut;
use super::when::{Period, PeriodParams};
use crate::app::{App, Shared};
use crate::auth::Principal;
use crate::format::Listing;
use crate::paging::{PageParams, Pager};
use crate::problem::{Problem, Problems};
use crate::read::Paged;
use crate::report::{Report, ReportOf};
use crate::values::{Id, Time};

/// Deferred revenue of a currency.
#[derive(Serialize, ToSchema)]
#[schema(as = DeferredItem)]
pub(crate) struct DeferredItem {
    /// Of a span of time: when it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Time>,
    /// And when it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    currency: String,
    /// What was deferred at the beginning.
    opening: String,
    /// What was paid for credits that came in, and for those that were given back.
    added: String,
    /// What was paid for credits that left: used, ended or taken back.
    released: String,
    /// opening + added − released.
    closing: String,
    /// What of added − released adjusts periods that were closed before.
    adjustments: String,
}

/// What was asked.
#[derive(Serialize, ToSchema)]
#[schema(as = DeferredReport)]
pub(crate) struct DeferredAbout {
    book: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    /// By whose clocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    tz: Option<&'static str>,
}

/// As it is described: a page, and what was asked.
#[derive(Serialize, ToSchema)]
#[schema(as = DeferredPage)]
pub(crate) struct DeferredShape {
    #[serde(flatten)]
    #[schema(inline)]
    page: ReportOf<DeferredItem>,
    #[serde(flatten)]
    about: DeferredAbout,
}

/// What happened to what is deferred, in minor units of a currency, as they are stored.
#[derive(Clone, Copy, Default)]
struct Flow {
    added: i128,
    released: i128,
    late: i128,
}

impl Flow {
    fn of(movements: &[Movement], commodity: Commodity) -> Self {
        let mut flow = Self::default();
        let deferred = |movement: &&Movement| {
            movement.account == ChartAccount::DeferredRevenue && movement.commodity == commodity
        };
        for movement in movements.iter().filter(deferred) {
            flow.added = flow.added.saturating_add(movement.credit);
            flow.released = flow.released.saturating_add(movement.debit);
            if movement.late {
                flow.late = flow.late.saturating_add(movement.credit).saturating_sub(movement.debit);
            }
        }
        flow
    }

    const fn net(self) -> i128 {
        self.added.saturating_sub(self.released)
    }
}

impl App {
    async fn deferred(
        &self,
        (caller, id): (&Principal, &str),
        (pager, params): (Pager, PeriodParams),
    ) -> Result<Report<DeferredItem, DeferredAbout>, Problem> {
        let book = self.book(caller, id)?;
        let (period, min_position) = params.read(&book, self.engine.clock().now())?;
        let range = match &period {
            Period::Until(_) => None,
            Period::During(range, _) => Some(*range),
        };
        let scope =
            range.map(|range| format!("{} {}", range.span.from, range.zone.name())).unwrap_or_default();
        let page = pager.keyed(Listing::DEFERRED, &scope, 2)?;
        let point = match &period {
            Period::Until(as_of) => as_of.position,
            Period::During(..) => None,
        };
        let mut reading = self.reading(min_position, point).await?;
        let (count, mut movements, spans) = match &period {
            Period::Until(as_of) => {
                let told = reading.snapshot.standing(&book.id, as_of).await?;
                (told.count, vec![Vec::new(), told.what], vec![None])
            }
            Period::During(_, spans) => {
                let told = reading.snapshot.movements(&book.id, spans, true).await?;
                (told.count, told.what, spans.iter().copied().map(Some).collect())
            }
        };
        let before = if movements.is_empty() { Vec::new() } else { movements.remove(0) };
        let mut commodities: Vec<Commodity> = std::iter::once(&before)
            .chain(&movements)
            .flatten()
            .filter(|movement| movement.account == ChartAccount::DeferredRevenue)
            .map(|movement| movement.commodity)
            .collect();
        commodities.sort();
        commodities.dedup();
        let mut lines = Vec::new();
        for commodity in commodities {
            let mut opening = Flow::of(&before, commodity).net();
            for (number, (span, of_span)) in spans.iter().zip(&movements).enumerate() {
                let flow = Flow::of(of_span, commodity);
                let key = vec![format!("{number:04}"), commodity.to_string()];
                lines.push((key, DeferredItem::of(*span, commodity, opening, flow)));
                opening = opening.saturating_add(flow.net());
            }
        }
        lines.sort_by(|one, other| one.0.cmp(&other.0));
        let about = DeferredAbout {
            book: book.id.clone().into(),
            from: range.map(|range| range.span.from.into()),
            until: range.map(|range| range.span.until.into()),
            tz: range.map(|range| range.zone.name()),
        };
        let cut = cut(lines, page.after.as_ref(), page.limit);
        Ok(reading.report(count, page, cut, about))
    }
}

impl DeferredItem {
    fn of(span: Option<Span>, commodity: Commodity, opening: i128, flow: Flow) -> Self {
        Self {
            from: span.map(|span| span.from.into()),
            until: span.map(|span| span.until.into()),
            currency: commodity.to_string(),
            opening: text(commodity, opening),
            added: text(commodity, flow.added),
            released: text(commodity, flow.released),
            closing: text(commodity, opening.saturating_add(flow.net())),
            adjustments: text(commodity, flow.late),
        }
    }
}

/// What was paid for credits that are left: as of a time, or what was added and released in spans of time.
#[utoipa::path(get, path = "/v1/books/{book}/reports/deferred-revenue", tag = "reports",
    operation_id = "reportDeferredRevenue",
    params(("book" = String, Path, description = "The book."), PageParams, PeriodParams),
    responses((status = 200, body = inline(DeferredShape)), Problems))]
pub(crate) async fn show(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(pager, params): Paged<PeriodParams>,
) -> Result<Report<DeferredItem, DeferredAbout>, Problem> {
    app.deferred((&caller, &id), (pager, params)).await
}
