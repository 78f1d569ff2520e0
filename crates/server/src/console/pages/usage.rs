//! The usage explorer: what calls came to, told apart by time and by what they were.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};
use scrip_ledger::{AmountError, Credits, TimeError, Timestamp};
use serde::Deserialize;

use super::export::of_account;
use super::{book_of, own_zone};
use crate::console::api::{segment, with_query};
use crate::console::charts::{Chart, Series, Style};
use crate::console::frame::{self, Content, Place};
use crate::console::parts::{
    account_link, credits, empty, figure, lag, none, pager, plain, section, table, words,
};
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Visitor};
use crate::console::zone::Zone;
use crate::problem::Problem;

/// Sums over calls.
#[derive(Clone, Debug, Deserialize)]
struct Sums {
    calls: u64,
    charged: String,
    refunded: String,
    net: String,
    on_debt: String,
    absorbed: String,
}

#[derive(Deserialize)]
struct Item {
    from: String,
    account_id: Option<String>,
    model: Option<String>,
    endpoint: Option<String>,
    key_id: Option<String>,
    outcome: Option<String>,
    #[serde(flatten)]
    sums: Sums,
}

#[derive(Deserialize)]
struct Report {
    items: Vec<Item>,
    next: Option<String>,
    from: String,
    until: String,
    tz: String,
    total: Sums,
    as_of_position: u64,
    lag: u64,
}

/// The units of time that usage can be told apart by.
const UNITS: [&str; 4] = ["day", "hour", "month", ""];
/// What else.
const KINDS: [&str; 6] = ["", "model", "endpoint", "key", "outcome", "account"];
/// What usage can be narrowed to.
const FILTERS: [(&str, &str); 3] = [("model", "Model"), ("endpoint", "Endpoint"), ("outcome", "Outcome")];
/// How far back usage is shown where no span was asked for.
const LATELY: chrono::Days = chrono::Days::new(29);
/// Places along a chart at the most.
const PLACES: usize = crate::limits::HOURS;
/// Series of a chart; what is left is one more.
const SERIES: usize = 5;

pub(in crate::console) async fn show(visitor: Visitor) -> Response {
    let content = content(&visitor).await;
    frame::page(&visitor, Place::Usage, content)
}

async fn content(visitor: &Visitor) -> Result<Content, Trouble> {
    let query = Fields::of_query(&visitor.here);
    let (book, books) = book_of(visitor, &query)?;
    let unit = query.get_any("unit", "day");
    let kind = query.get("by").unwrap_or_default();
    let group = [unit, kind].iter().filter(|name| !name.is_empty()).copied().collect::<Vec<_>>().join(",");
    let account = query.get("account").map(segment).transpose()?;
    let path = match account {
        Some(account) => format!("/v1/accounts/{account}/usage"),
        None => format!("/v1/books/{book}/reports/usage"),
    };
    let engine = &visitor.desk().app.engine;
    let zone = Zone::read(query.get("tz"), &own_zone(visitor, &book))?;
    let lately = zone.date(engine.clock().now()).and_then(|today| today.checked_sub_days(LATELY));
    let lately = lately.map(|day| day.to_string()).filter(|_| query.get("until").is_none());
    let asked = [
        ("from", query.get("from").or(lately.as_deref())),
        ("until", query.get("until")),
        ("tz", Some(zone.name())),
        ("group", Some(group.as_str())),
        ("model", query.get("model")),
        ("endpoint", query.get("endpoint")),
        ("outcome", query.get("outcome")),
        ("min_position", query.get("min_position")),
    ];
    let paged = [&asked[..], &[("limit", Some("500")), ("cursor", query.get("cursor"))]].concat();
    let report: Report = visitor.get(&path, &paged).await?;
    let export = match account {
        Some(account) => of_account(account, "usage", &asked),
        None => with_query(&format!("/console/export/{book}/usage"), &asked),
    };
    let body = html! {
        @if let Some(account) = account { p.crumbs { (account_link(account)) } }
        h1 { "Usage" @if let Some(account) = account { " of " (account) } }
        (filters(&query, &book, &books, unit, kind, &report.tz))
        dl.figures {
            (figure("Net", &credits(&report.total.net), &html! { "charged − refunded" }))
            (figure("Charged", &credits(&report.total.charged), &html! {}))
            (figure("Refunded", &credits(&report.total.refunded), &html! {}))
            (figure("Calls", &html! { (report.total.calls) }, &html! {}))
            (figure("Owed", &credits(&report.total.on_debt), &html! {}))
            (figure("Absorbed", &credits(&report.total.absorbed), &html! {}))
        }
        p.hint { "From " (zone.time(&report.from)) " until " (zone.time(&report.until))
            " · position " (report.as_of_position) " · " (lag(report.lag)) }
        @if let Some(chart) = chart(&report, unit, kind)? { (plain("Charged over time", &chart.show())) }
        (section("In numbers", &html! { a.button href=(export) { "Export CSV" } }, &html! {
            (numbers(&report, zone, unit, kind))
            (pager(&visitor.path(), query.get("cursor"), report.next.as_deref()))
        }))
    };
    Ok(Content::new("Usage", body))
}

fn filters(query: &Fields, book: &str, books: &[String], unit: &str, kind: &str, tz: &str) -> Markup {
    let choice = |value: &str| if value.is_empty() { "nothing else".to_owned() } else { words(value) };
    html! {
        form.moment method="get" role="search" aria-label="Which usage" {
            @match query.get("account") {
                Some(account) => input type="hidden" name="account" value=(account);,
                None => (super::book_field(book, books)),
            }
            div.field { label for="from" { "From" } input #from type="date" name="from" value=[query.get("from")]; }
            div.field {
                label for="until" { "Until, not included" }
                input #until type="date" name="until" value=[query.get("until")];
            }
            div.field { label for="tz" { "Time zone" } input #tz name="tz" value=(tz) autocomplete="off"; }
            div.field {
                label for="unit" { "By" }
                select #unit name="unit" { @for known in UNITS {
                    option value=(known) selected[known == unit] { @if known.is_empty() { "whole span" } @else { (known) } }
                } }
            }
            div.field {
                label for="by" { "and by" }
                select #by name="by" { @for known in KINDS {
                    @if known != "account" || query.get("account").is_none() {
                        option value=(known) selected[known == kind] { (choice(known)) }
                    }
                } }
            }
            @for (name, label) in FILTERS {
                div.field {
                    label for=(name) { (label) span.hint { " (only)" } }
                    input id=(name) name=(name) value=[query.get(name)] autocomplete="off";
                }
            }
            button.primary type="submit" { "Show" }
        }
    }
}

impl Item {
    /// What it is told apart by besides time.
    fn of(&self, kind: &str) -> &str {
        let value = match kind {
            "model" => &self.model,
            "endpoint" => &self.endpoint,
            "key" => &self.key_id,
            "outcome" => &self.outcome,
            "account" => &self.account_id,
            _ => &None,
        };
        value.as_deref().unwrap_or_default()
    }
}

/// What was charged over time, in as many series as can be told apart by the eye; nothing of a single sum.
fn chart(report: &Report, unit: &str, kind: &str) -> Result<Option<Chart>, Trouble> {
    if unit.is_empty() || report.items.is_empty() {
        return Ok(None);
    }
    let wrong = |_: AmountError| Problem::internal("an amount of a report cannot be read");
    let unread = |_: TimeError| Problem::internal("a time of a report cannot be read");
    let zone = Zone::read(Some(&report.tz), "UTC")?;
    // A page of lines may end before the span does: what is not on it is not drawn as nothing.
    let until = match (&report.next, report.items.last()) {
        (Some(_), Some(last)) => last.from.parse::<Timestamp>().map_err(unread)?.just_after(),
        _ => report.until.parse().map_err(unread)?,
    };
    let first = report.items.first().map_or(&report.from, |item| &item.from);
    let places = zone.labels(first.parse().map_err(unread)?, until, unit, PLACES);
    let mut sums: BTreeMap<&str, BTreeMap<String, Credits>> = BTreeMap::new();
    for item in &report.items {
        let charged = item.sums.charged.parse::<Credits>().map_err(wrong)?;
        let sum = sums.entry(item.of(kind)).or_default().entry(zone.label(&item.from, unit)).or_default();
        *sum = sum.plus(charged).map_err(wrong)?;
    }
    let mut series = Vec::with_capacity(sums.len());
    for (name, by_place) in &sums {
        let total = Credits::total(by_place.values().copied()).map_err(wrong)?;
        let values: Vec<Credits> =
            places.iter().map(|at| by_place.get(at).copied().unwrap_or_default()).collect();
        series.push((total, *name, values));
    }
    series.sort_by(|(one, ..), (other, ..)| other.cmp(one));
    let rest = series.split_off(series.len().min(SERIES));
    let mut shown: Vec<Series> =
        series.into_iter().map(|(_, name, values)| Series { name: named(name, kind), values }).collect();
    if !rest.is_empty() {
        let mut values = vec![Credits::ZERO; places.len()];
        for (_, _, others) in &rest {
            for (sum, other) in values.iter_mut().zip(others) {
                *sum = sum.plus(*other).map_err(wrong)?;
            }
        }
        shown.push(Series { name: format!("{} others", rest.len()), values });
    }
    Ok(Some(Chart {
        title: "Charged".to_owned(),
        unit: "credits".to_owned(),
        places: format!("{unit} ({})", report.tz),
        style: Style::Bars,
        labels: places,
        series: shown,
    }))
}

fn named(value: &str, kind: &str) -> String {
    match (value, kind) {
        ("", "") => "Charged".to_owned(),
        ("", _) => format!("no {kind}"),
        (value, _) => value.to_owned(),
    }
}

fn numbers(report: &Report, zone: Zone, unit: &str, kind: &str) -> Markup {
    if report.items.is_empty() {
        return empty("No call ended in this time.");
    }
    let mut head = Vec::new();
    if !unit.is_empty() {
        head.push("From");
    }
    if !kind.is_empty() {
        head.push("What");
    }
    head.extend(["#Calls", "#Charged", "#Refunded", "#Net", "#Absorbed"]);
    let rows = html! {
        @for item in &report.items {
            tr {
                @if !unit.is_empty() { td { (zone.time(&item.from)) } }
                @if !kind.is_empty() { th scope="row" {
                    @match (kind, item.of(kind)) {
                        (_, "") => (none()),
                        ("account", account) => (account_link(account)),
                        (_, value) => (value),
                    }
                } }
                td.num { (item.sums.calls) }
                td.num { (credits(&item.sums.charged)) }
                td.num { (credits(&item.sums.refunded)) }
                td.num { (credits(&item.sums.net)) }
                td.num { (credits(&item.sums.absorbed)) }
            }
        }
    };
    table("Usage", &head, &rows)
}
