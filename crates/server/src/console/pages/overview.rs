//! The overview of a book: what is owed, what was earned, what ended unused, what is held; and how that came about by day.

use std::collections::BTreeMap;

use axum::response::Response;
use chrono::Datelike;
use futures_util::future::{try_join, try_join3, try_join5};
use maud::{Markup, html};
use scrip_ledger::Credits;
use serde::Deserialize;

use super::{book_field, book_of, own_zone};
use crate::console::api::Items;
use crate::console::charts::{Chart, Series, Style};
use crate::console::frame::{self, Content, Place};
use crate::console::parts::{credits, empty, figure, lag, none, plain, words};
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Visitor};
use crate::console::zone::Zone;
use crate::problem::Problem;

/// Days that charts show.
const DAYS: u64 = 30;

#[derive(Deserialize)]
struct Deferred {
    items: Vec<DeferredItem>,
    as_of_position: u64,
    lag: u64,
}

#[derive(Deserialize)]
struct DeferredItem {
    currency: String,
    closing: String,
}

/// Revenue, breakage: by account of the chart.
#[derive(Deserialize)]
struct Ledger {
    items: Vec<LedgerItem>,
    totals: Vec<Total>,
}

#[derive(Deserialize)]
struct LedgerItem {
    from: Option<String>,
    account: String,
    commodity: String,
    amount: Credits,
}

#[derive(Deserialize)]
struct Total {
    commodity: String,
    amount: String,
}

#[derive(Deserialize)]
struct Trial {
    items: Vec<TrialItem>,
}

#[derive(Deserialize)]
struct TrialItem {
    account: String,
    commodity: String,
    debit: Credits,
    credit: Credits,
}

#[derive(Deserialize)]
struct Hold {
    amount: Credits,
}

#[derive(Deserialize)]
struct Usage {
    items: Vec<UsageItem>,
}

#[derive(Deserialize)]
struct UsageItem {
    from: String,
    model: Option<String>,
    charged: Credits,
}

pub(in crate::console) async fn show(visitor: Visitor) -> Response {
    let content = content(&visitor).await;
    frame::page(&visitor, Place::Overview, content)
}

/// The days that are asked about, by the clocks of the zone.
struct Days {
    today: String,
    month: String,
    first: String,
    /// From the first to today.
    all: Vec<String>,
}

impl Days {
    fn of(zone: Zone, now: scrip_ledger::Timestamp) -> Option<Self> {
        let today = zone.date(now)?;
        let month = today.with_day(1)?;
        let first = today.checked_sub_days(chrono::Days::new(DAYS.saturating_sub(1)))?;
        let all = first.iter_days().take_while(|day| *day <= today).map(|day| day.to_string()).collect();
        Some(Self { today: today.to_string(), month: month.to_string(), first: first.to_string(), all })
    }
}

async fn content(visitor: &Visitor) -> Result<Content, Trouble> {
    let query = Fields::of_query(&visitor.here);
    let (book, books) = book_of(visitor, &query)?;
    let now = visitor.desk().app.engine.clock().now();
    let zone = Zone::read(query.get("tz"), &own_zone(visitor, &book))?;
    let days = Days::of(zone, now).ok_or_else(|| Problem::internal("a day cannot be told"))?;
    let path = |report: &str| format!("/v1/books/{book}/reports/{report}");
    let tz = ("tz", Some(zone.name()));
    let (deferred, revenue, breakage) = (path("deferred-revenue"), path("revenue"), path("breakage"));
    let (trial, usage, holds) = (path("trial-balance"), path("usage"), format!("/v1/books/{book}/holds"));
    let (month, today) = ([("from", Some(&*days.month)), tz], [("from", Some(&*days.today)), tz]);
    let by_day = [("from", Some(&*days.first)), ("group", Some("day")), ("limit", Some("1000")), tz];
    let by_model = [("from", Some(&*days.first)), ("group", Some("day,model")), ("limit", Some("1000")), tz];
    let figures = try_join5(
        visitor.get::<Deferred>(&deferred, &[]),
        visitor.get::<Ledger>(&revenue, &month),
        visitor.get::<Ledger>(&revenue, &today),
        visitor.get::<Ledger>(&breakage, &month),
        visitor.get::<Trial>(&trial, &[("limit", Some("1000"))]),
    );
    let series = try_join3(
        visitor.get::<Ledger>(&revenue, &by_day),
        visitor.get::<Usage>(&usage, &by_model),
        visitor.get::<Items<Hold>>(&holds, &[("limit", Some("1000"))]),
    );
    let (figures, (revenue, usage, holds)) = try_join(figures, series).await?;
    let (deferred, month, today, breakage, trial) = figures;
    let body = html! {
        div.title { h1 { "Overview" } }
        form.moment method="get" role="search" aria-label="Of which book" {
            (book_field(&book, &books))
            div.field { label for="tz" { "Time zone" } input #tz name="tz" value=(zone.name()) autocomplete="off"; }
            button type="submit" { "Show" }
            p.stand {
                "As of position " (deferred.as_of_position) " "
                span.hint #lag { "· " (lag(deferred.lag)) }
            }
        }
        dl.figures {
            (figure("Owed to customers", &owed(&deferred), &html! { "deferred revenue, now" }))
            (figure("Earned today", &money(&today), &html! { (days.today) ", " (zone.name()) }))
            (figure("Earned this month", &money(&month), &html! { "since " (days.month) }))
            (figure("Breakage this month", &money(&breakage), &html! { "expired and forfeited" }))
            (figure("Held for open calls", &held(&holds)?, &html! {
                @if holds.next.is_some() { "credits, in the " (holds.items.len()) " oldest holds" }
                @else if holds.items.len() == 1 { "credits, in one hold" }
                @else { "credits, in " (holds.items.len()) " holds" }
            }))
            (figure("Credits outstanding", &outstanding(&trial)?, &html! { "sold or given, and not used yet" }))
        }
        @for chart in revenue_charts(&revenue, zone, &days)? {
            (plain(&format!("Revenue per day, {}", chart.unit), &chart.show()))
        }
        (plain("Usage per day by model", &usage_chart(&usage, zone, &days)?.map_or_else(
            || empty("No call ended in the last 30 days."), |chart| chart.show())))
        p {
            a href={ "/console/reports?book=" (book) } { "All reports" } " · "
            a href={ "/console/usage?book=" (book) } { "Explore usage" }
        }
    };
    Ok(Content::new("Overview", body))
}

/// What open holds reserve.
fn held(holds: &Items<Hold>) -> Result<Markup, Trouble> {
    let total = Credits::total(holds.items.iter().map(|hold| hold.amount));
    Ok(credits(&total.map_err(|_| Problem::internal("the holds cannot be summed up"))?.to_string()))
}

/// The credits that are out, as the chart of accounts tells them apart.
fn outstanding(trial: &Trial) -> Result<Markup, Trouble> {
    const OUTSTANDING: &str = "liabilities:credits:outstanding:";
    let wrong = |_| Problem::internal("the credits of a report cannot be summed up");
    let mut kinds = Vec::new();
    for item in trial.items.iter().filter(|item| item.commodity == "credits") {
        if let Some(kind) = item.account.strip_prefix(OUTSTANDING) {
            kinds.push((kind, item.credit.minus(item.debit).map_err(wrong)?.to_string()));
        }
    }
    Ok(lines(kinds.iter().map(|(kind, amount)| (*kind, amount.as_str()))))
}

/// Amounts by currency, each on a line of its own.
fn owed(deferred: &Deferred) -> Markup {
    lines(deferred.items.iter().map(|item| (item.currency.as_str(), item.closing.as_str())))
}

/// The money of a report; credits are counted elsewhere.
fn money(ledger: &Ledger) -> Markup {
    let money = ledger.totals.iter().filter(|total| total.commodity != "credits");
    lines(money.map(|total| (total.commodity.as_str(), total.amount.as_str())))
}

fn lines<'a>(amounts: impl Iterator<Item = (&'a str, &'a str)>) -> Markup {
    let amounts: Vec<_> = amounts.collect();
    html! {
        @if amounts.is_empty() { (none()) }
        @for (currency, amount) in amounts { div { (credits(amount)) " " span.unit { (currency) } } }
    }
}

/// A series of sums by what they are of, on each of the days.
fn stacked<'a>(
    sums: impl Iterator<Item = (&'a str, &'a str, Credits)>,
    zone: Zone,
    days: &Days,
) -> Result<Vec<Series>, Trouble> {
    let wrong = |_| Problem::internal("the amounts of a report cannot be summed up");
    let mut series: BTreeMap<&str, BTreeMap<String, Credits>> = BTreeMap::new();
    for (from, name, amount) in sums {
        let sum = series.entry(name).or_default().entry(zone.label(from, "day")).or_default();
        *sum = sum.plus(amount).map_err(wrong)?;
    }
    let of = |(name, by_day): (&str, BTreeMap<String, Credits>)| Series {
        name: words(name),
        values: days.all.iter().map(|day| by_day.get(day).copied().unwrap_or_default()).collect(),
    };
    Ok(series.into_iter().map(of).collect())
}

/// One chart for each currency.
fn revenue_charts(ledger: &Ledger, zone: Zone, days: &Days) -> Result<Vec<Chart>, Trouble> {
    let mut currencies: Vec<&str> = ledger.items.iter().map(|item| item.commodity.as_str()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let mut charts = Vec::new();
    for currency in currencies.into_iter().filter(|currency| *currency != "credits") {
        let of = ledger.items.iter().filter(|item| item.commodity == currency);
        let sums = of.filter_map(|item| {
            let name = item.account.strip_prefix("revenue:").unwrap_or(&item.account);
            Some((item.from.as_deref()?, name, item.amount))
        });
        let series = stacked(sums, zone, days)?;
        if !series.is_empty() {
            charts.push(Chart {
                title: "Revenue".to_owned(),
                unit: currency.to_owned(),
                places: format!("day ({})", zone.name()),
                style: Style::Bars,
                labels: days.all.clone(),
                series,
            });
        }
    }
    Ok(charts)
}

fn usage_chart(usage: &Usage, zone: Zone, days: &Days) -> Result<Option<Chart>, Trouble> {
    let sums = usage
        .items
        .iter()
        .map(|item| (item.from.as_str(), item.model.as_deref().unwrap_or("–"), item.charged));
    let series = stacked(sums, zone, days)?;
    Ok((!series.is_empty()).then(|| Chart {
        title: "Charged".to_owned(),
        unit: "credits".to_owned(),
        places: format!("day ({})", zone.name()),
        style: Style::Bars,
        labels: days.all.clone(),
        series,
    }))
}
