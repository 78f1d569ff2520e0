//! The reports of a book as tables: each as the API answers it, as of a time or over a span, and as CSV.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::{book_field, book_of, own_zone};
use crate::console::api::with_query;
use crate::console::frame::{self, Content, Place};
use crate::console::parts::{account_link, credits, empty, lag, none, pager, section, table_with_foot};
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Visitor};
use crate::console::zone::Zone;

/// How a member of an item is shown.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Amount,
    Time,
    Account,
}

/// A column: its title, where it stands in an item, how it is shown.
type Column = (&'static str, &'static str, Kind);

/// A report: its name in the API, its label, what it says, whether it takes a span of time, its columns.
struct Report {
    name: &'static str,
    label: &'static str,
    about: &'static str,
    spans: bool,
    columns: &'static [Column],
}

const LEDGER: &[Column] = &[
    ("From", "/from", Kind::Time),
    ("Account of the chart", "/account", Kind::Text),
    ("Commodity", "/commodity", Kind::Text),
    ("Amount", "/amount", Kind::Amount),
    ("Of it adjustments", "/adjustments", Kind::Amount),
];

const REPORTS: [Report; 7] = [
    Report {
        name: "revenue",
        label: "Revenue",
        about: "What was earned: by usage, by credits that ended unused, and otherwise.",
        spans: true,
        columns: LEDGER,
    },
    Report {
        name: "deferred-revenue",
        label: "Deferred revenue",
        about: "What was paid for credits that are left, and how that came to be.",
        spans: true,
        columns: &[
            ("From", "/from", Kind::Time),
            ("Currency", "/currency", Kind::Text),
            ("Opening", "/opening", Kind::Amount),
            ("Added", "/added", Kind::Amount),
            ("Released", "/released", Kind::Amount),
            ("Closing", "/closing", Kind::Amount),
            ("Of it adjustments", "/adjustments", Kind::Amount),
        ],
    },
    Report {
        name: "breakage",
        label: "Breakage",
        about: "Credits that expired or were forfeited, and the money that was kept for them.",
        spans: true,
        columns: LEDGER,
    },
    Report {
        name: "receivables",
        label: "Receivables",
        about: "What is owed to the service, and what calls used that nobody will pay.",
        spans: true,
        columns: LEDGER,
    },
    Report {
        name: "trial-balance",
        label: "Trial balance",
        about: "Every account of the chart: debits and credits come to the same.",
        spans: false,
        columns: &[
            ("Account of the chart", "/account", Kind::Text),
            ("Class", "/class", Kind::Text),
            ("Commodity", "/commodity", Kind::Text),
            ("Debit", "/debit", Kind::Amount),
            ("Credit", "/credit", Kind::Amount),
            ("Balance", "/balance", Kind::Amount),
        ],
    },
    Report {
        name: "balances",
        label: "Balances",
        about: "What every account has, or had.",
        spans: false,
        columns: &[
            ("Account", "/account_id", Kind::Account),
            ("Owner", "/owner", Kind::Text),
            ("Available", "/balance/available", Kind::Amount),
            ("Posted", "/balance/posted", Kind::Amount),
            ("Held", "/balance/held", Kind::Amount),
            ("Frozen", "/balance/frozen", Kind::Amount),
            ("Debt", "/balance/debt", Kind::Amount),
        ],
    },
    Report {
        name: "refund-windows",
        label: "Refund windows",
        about: "Until when which order's money can be asked back.",
        spans: false,
        columns: &[
            ("Order", "/order_id", Kind::Text),
            ("Account", "/account_id", Kind::Account),
            ("Paid", "/paid/amount", Kind::Amount),
            ("Currency", "/paid/currency", Kind::Text),
            ("Paid at", "/paid_at", Kind::Time),
            ("How", "/eligibility", Kind::Text),
            ("Refundable", "/refundable/amount", Kind::Amount),
            ("Until", "/window_until", Kind::Time),
            ("The way it came until", "/original_until", Kind::Time),
            ("Clause", "/clause", Kind::Text),
        ],
    },
];

#[derive(Deserialize)]
struct Answer {
    items: Vec<Value>,
    next: Option<String>,
    as_of_position: u64,
    #[serde(default)]
    lag: u64,
    #[serde(default)]
    totals: Value,
}

pub(in crate::console) async fn show(visitor: Visitor) -> Response {
    let content = content(&visitor).await;
    frame::page(&visitor, Place::Reports, content)
}

async fn content(visitor: &Visitor) -> Result<Content, Trouble> {
    let query = Fields::of_query(&visitor.here);
    let (book, books) = book_of(visitor, &query)?;
    let report =
        REPORTS.iter().find(|report| Some(report.name) == query.get("report")).unwrap_or(&REPORTS[0]);
    let zone = Zone::read(query.get("tz"), &own_zone(visitor, &book))?;
    let at = query.get("at").map(|at| zone.instant(at)).transpose()?.map(|at| at.to_string());
    let span = report.spans && at.is_none();
    let spanned = |name: &'static str| (name, query.get(name).filter(|_| span));
    let asked = [
        ("as_of", at.as_deref()),
        spanned("from"),
        spanned("until"),
        spanned("group"),
        ("tz", query.get("tz").filter(|_| report.spans)),
        ("min_position", query.get("min_position")),
    ];
    let paged = [&asked[..], &[("limit", Some("100")), ("cursor", query.get("cursor"))]].concat();
    let answer: Answer = visitor.get(&format!("/v1/books/{book}/reports/{}", report.name), &paged).await?;
    let export = with_query(&format!("/console/export/{book}/{}", report.name), &asked);
    let body = html! {
        h1 { "Reports" }
        nav.tabs aria-label="Reports" {
            @for known in &REPORTS {
                a href=(with_query("/console/reports", &[("book", Some(&book)), ("report", Some(known.name))]))
                    aria-current=[(known.name == report.name).then_some("page")] { (known.label) }
            }
        }
        (filters(&query, report, (&book, &books), zone, at.as_deref()))
        (section(report.label, &html! { a.button href=(export) { "Export CSV" } }, &html! {
            p.hint { (report.about) " Position " (answer.as_of_position) ", " (lag(answer.lag)) "." }
            (rows(report, &answer, zone))
            (pager(&visitor.path(), query.get("cursor"), answer.next.as_deref()))
        }))
    };
    Ok(Content::new(report.label, body))
}

fn filters(
    query: &Fields,
    report: &Report,
    (book, books): (&str, &[String]),
    zone: Zone,
    at: Option<&str>,
) -> Markup {
    let field = at.and_then(|at| at.parse().ok()).map(|at| zone.field(at));
    html! {
        form.moment method="get" role="search" aria-label="Which report" {
            input type="hidden" name="report" value=(report.name);
            (book_field(book, books))
            div.field { label for="at" { "As of" } input #at type="datetime-local" name="at" step="1" value=[field]; }
            @if report.spans {
                div.field { label for="from" { "or from" } input #from type="date" name="from" value=[query.get("from")]; }
                div.field {
                    label for="until" { "until, not included" }
                    input #until type="date" name="until" value=[query.get("until")];
                }
                div.field {
                    label for="group" { "by" }
                    select #group name="group" { @for unit in ["", "hour", "day", "month"] {
                        option value=(unit) selected[query.get("group").unwrap_or_default() == unit] {
                            @if unit.is_empty() { "whole span" } @else { (unit) }
                        }
                    } }
                }
            }
            div.field { label for="tz" { "Time zone" } input #tz name="tz" value=(zone.name()) autocomplete="off"; }
            button.primary type="submit" { "Show" }
            @if let Some(at) = at { p.stand { strong { "As of " } (zone.time(at)) } }
        }
    }
}

fn rows(report: &Report, answer: &Answer, zone: Zone) -> Markup {
    let items = &answer.items;
    if items.is_empty() {
        return empty("There is nothing to report.");
    }
    // A column that no item has anything in says nothing.
    let columns: Vec<&Column> = report
        .columns
        .iter()
        .filter(|(_, place, _)| {
            items.iter().any(|item| item.pointer(place).is_some_and(|value| !value.is_null()))
        })
        .collect();
    let head: Vec<String> = columns
        .iter()
        .map(|(title, _, kind)| match kind {
            Kind::Amount => format!("#{title}"),
            Kind::Text | Kind::Time | Kind::Account => (*title).to_owned(),
        })
        .collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let body = html! {
        @for item in items {
            tr { @for (_, place, kind) in &columns { (cell(item.pointer(place), *kind, zone)) } }
        }
    };
    table_with_foot(report.label, &head, &body, &foot(&columns, &answer.totals, zone))
}

fn cell(value: Option<&Value>, kind: Kind, zone: Zone) -> Markup {
    let text = match value {
        None | Some(Value::Null) => return html! { td.num[matches!(kind, Kind::Amount)] { (none()) } },
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    html! {
        @match kind {
            Kind::Amount => td.num { (credits(&text)) },
            Kind::Time => td { (zone.time(&text)) },
            Kind::Account => td { (account_link(&text)) },
            Kind::Text => td { (text) },
        }
    }
}

/// What all pages come to, under the columns of their items.
fn foot(columns: &[&Column], totals: &Value, zone: Zone) -> Markup {
    let lines: Vec<&Value> = match totals {
        Value::Array(lines) => lines.iter().collect(),
        Value::Object(_) => vec![totals],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    html! {
        @for line in lines {
            tr {
                @for (at, (_, place, kind)) in columns.iter().enumerate() {
                    @if at == 0 { th scope="row" { "In all" } }
                    @else if let Some(value) = line.pointer(place) { (cell(Some(value), *kind, zone)) }
                    @else { td {} }
                }
            }
        }
    }
}
