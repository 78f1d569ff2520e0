//! Disputes of calls and statements, appeals against measures, and reviews, with their decisions.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{book_field, book_of, own_zone, queue_form};
use crate::console::actions::{self, APPEAL_DECIDE, DISPUTE_RESOLVE, REVIEW_CLOSE, form};
use crate::console::api::Items;
use crate::console::frame::{self, Content, Place};
use crate::console::parts::{
    account_link, badge, case, credits, empty, maybe, none, plain, short, table, words,
};
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Visitor};
use crate::console::zone::Zone;

#[derive(Deserialize)]
struct Dispute {
    dispute_id: String,
    account_id: String,
    debit_id: Option<String>,
    statement_id: Option<String>,
    order_id: Option<String>,
    reason: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    status: String,
    credits: Option<String>,
    opened_at: String,
    resolved_at: Option<String>,
}

#[derive(Deserialize)]
struct Appeal {
    appeal_id: String,
    account_id: String,
    measure_id: String,
    filed_at: String,
    state: String,
}

#[derive(Deserialize)]
struct Review {
    review_id: String,
    account_id: String,
    reason: String,
    status: String,
    count: u64,
    opened_at: String,
    decision: Option<String>,
}

const STATUSES: [&str; 2] = ["open", ""];

pub(in crate::console) async fn list(visitor: Visitor) -> Response {
    let content = content(&visitor).await;
    frame::page(&visitor, Place::Disputes, content)
}

async fn content(visitor: &Visitor) -> Result<Content, Trouble> {
    let query = Fields::of_query(&visitor.here);
    let (book, books) = book_of(visitor, &query)?;
    let zone = Zone::read(query.get("tz"), &own_zone(visitor, &book))?;
    let status = query.get_any("status", "open");
    let asked = |waiting: &'static str| {
        [
            ("status", Some(waiting).filter(|_| !status.is_empty())),
            ("limit", Some("100")),
            ("min_position", query.get("min_position")),
        ]
    };
    let path = |list: &str| format!("/v1/books/{book}/{list}");
    let (disputes_path, appeals_path, reviews_path) = (path("disputes"), path("appeals"), path("reviews"));
    let (open, pending) = (asked("open"), asked("pending"));
    let disputes = visitor.get::<Items<Dispute>>(&disputes_path, &open);
    let appeals = visitor.get::<Items<Appeal>>(&appeals_path, &pending);
    let reviews = visitor.get::<Items<Review>>(&reviews_path, &open);
    let (disputes, appeals, reviews) = futures_util::future::try_join3(disputes, appeals, reviews).await?;
    let body = html! {
        h1 { "Disputes and appeals" }
        (actions::notice(visitor))
        (queue_form(&book_field(&book, &books), status, &STATUSES))
        (plain("Disputes", &disputes_table(visitor, zone, &disputes)))
        (plain("Appeals", &appeals_table(visitor, zone, &appeals)))
        (plain("Reviews", &reviews_table(visitor, zone, &reviews)))
    };
    Ok(Content::new("Disputes and appeals", body))
}

/// What is said where a list goes on.
fn more<T>(list: &Items<T>) -> Markup {
    html! { @if list.next.is_some() { p.hint { "The first 100 are shown: they move up as the others are decided." } } }
}

fn disputes_table(visitor: &Visitor, zone: Zone, list: &Items<Dispute>) -> Markup {
    if list.items.is_empty() {
        return empty("No dispute waits.");
    }
    let rows = html! {
        @for item in &list.items {
            tr {
                th scope="row" { code { (short(&item.dispute_id)) } }
                td { (account_link(&item.account_id)) }
                td {
                    @if let Some(debit) = &item.debit_id { "call " code { (short(debit)) } }
                    @if let Some(statement) = &item.statement_id {
                        "statement " a href={ "/console/statements/" (statement) } { (short(statement)) }
                    }
                    @if let Some(order) = &item.order_id { "payment of " (order) }
                }
                td { (words(&item.reason)) div.hint { (maybe(item.reference.as_deref())) } }
                td { (zone.time(&item.opened_at)) }
                td {
                    (case(&item.status))
                    @if let Some(amount) = &item.credits { div.hint { (credits(amount)) " credits" } }
                    @if let Some(at) = &item.resolved_at { div.hint { (zone.time(at)) } }
                }
                td { @if item.resolved_at.is_none() && item.order_id.is_none() {
                    (form(visitor, &DISPUTE_RESOLVE, &item.dispute_id, &[]))
                } }
            }
        }
    };
    html! {
        (table("Disputes", &["Dispute", "Account", "Of", "Reason", "Opened", "State", ""], &rows))
        (more(list))
    }
}

fn appeals_table(visitor: &Visitor, zone: Zone, list: &Items<Appeal>) -> Markup {
    if list.items.is_empty() {
        return empty("No appeal waits.");
    }
    let rows = html! {
        @for item in &list.items {
            tr {
                th scope="row" { code { (short(&item.appeal_id)) } }
                td { (account_link(&item.account_id)) }
                td { a href={ "/console/accounts/" (item.account_id) "?tab=measures" } { code { (short(&item.measure_id)) } } }
                td { (zone.time(&item.filed_at)) }
                td { (badge(&item.state)) }
                td { @if item.state == "pending" { (form(visitor, &APPEAL_DECIDE, &item.appeal_id, &[])) } }
            }
        }
    };
    html! {
        (table("Appeals", &["Appeal", "Account", "Against", "Filed", "State", ""], &rows))
        (more(list))
    }
}

fn reviews_table(visitor: &Visitor, zone: Zone, list: &Items<Review>) -> Markup {
    if list.items.is_empty() {
        return empty("No review is open.");
    }
    let rows = html! {
        @for item in &list.items {
            tr {
                th scope="row" { code { (short(&item.review_id)) } }
                td { (account_link(&item.account_id)) }
                td { (words(&item.reason)) }
                td.num { (item.count) }
                td { (zone.time(&item.opened_at)) }
                td { (case(&item.status)) @if let Some(decision) = &item.decision { div.hint { (words(decision)) } } }
                td { @if item.decision.is_none() { (form(visitor, &REVIEW_CLOSE, &item.review_id, &[])) } @else { (none()) } }
            }
        }
    };
    html! {
        (table("Reviews", &["Review", "Account", "Reason", "#Violations", "Opened", "State", ""], &rows))
        (more(list))
    }
}
