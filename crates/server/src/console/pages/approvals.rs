//! What waits for a second person: grants and adjustments.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{book_field, book_of, own_zone};
use crate::console::actions::{self, APPROVE, REJECT, form};
use crate::console::api::Items;
use crate::console::frame::{self, Content, Place};
use crate::console::parts::{account_link, badge, credits, empty, maybe, pager, plain, short, table, words};
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Visitor};
use crate::console::zone::Zone;

#[derive(Deserialize)]
struct Item {
    approval_id: String,
    account_id: String,
    status: String,
    kind: String,
    credits: String,
    source: Option<String>,
    reason: Option<String>,
    expires_at: Option<String>,
    requested_by: String,
    requested_at: String,
    decided_by: Option<String>,
    decided_at: Option<String>,
}

const STATUSES: [&str; 4] = ["pending", "approved", "rejected", ""];

pub(in crate::console) async fn list(visitor: Visitor) -> Response {
    let content = content(&visitor).await;
    frame::page(&visitor, Place::Approvals, content)
}

async fn content(visitor: &Visitor) -> Result<Content, Trouble> {
    let query = Fields::of_query(&visitor.here);
    let (book, books) = book_of(visitor, &query)?;
    let zone = Zone::read(query.get("tz"), &own_zone(visitor, &book))?;
    let status = query.get_any("status", "pending");
    let asked = [
        ("status", Some(status).filter(|status| !status.is_empty())),
        ("cursor", query.get("cursor")),
        ("limit", Some("50")),
        ("min_position", query.get("min_position")),
    ];
    let found: Items<Item> = visitor.get(&format!("/v1/books/{book}/approvals"), &asked).await?;
    let body = html! {
        h1 { "Approvals" }
        p.lead { "Adjustments, and grants above the book's threshold, take effect when a second person approves them." }
        (actions::notice(visitor))
        (super::queue_form(&book_field(&book, &books), status, &STATUSES))
        (plain("Grants and adjustments", &html! {
            (rows(visitor, &found.items, zone))
            (pager(&visitor.path(), query.get("cursor"), found.next.as_deref()))
        }))
    };
    Ok(Content::new("Approvals", body))
}

fn rows(visitor: &Visitor, items: &[Item], zone: Zone) -> Markup {
    if items.is_empty() {
        return empty("Nothing waits here.");
    }
    let me = visitor.principal().subject.as_str();
    table(
        "Approvals",
        &["What", "Account", "#Credits", "Reason", "Asked for", "State", ""],
        &html! {
            @for item in items {
                tr {
                    th scope="row" {
                        (words(&item.kind)) @if let Some(source) = &item.source { " · " (words(source)) }
                        div.hint { code { (short(&item.approval_id)) } }
                    }
                    td { (account_link(&item.account_id)) }
                    td.num { (credits(&item.credits)) }
                    td {
                        (maybe(item.reason.as_deref()))
                        @if let Some(end) = &item.expires_at { div.hint { "expires " (zone.time(end)) } }
                    }
                    td { (zone.time(&item.requested_at)) div.hint { "by " (item.requested_by) } }
                    td {
                        (badge(&item.status))
                        @if let Some(by) = &item.decided_by { div.hint { "by " (by) } }
                        @if let Some(at) = &item.decided_at { div.hint { (zone.time(at)) } }
                    }
                    td {
                        @if item.status == "pending" {
                            div.row {
                            (form(visitor, &APPROVE, &item.approval_id, &[]))
                            (form(visitor, &REJECT, &item.approval_id, &[]))
                        }
                            @if item.requested_by == me { div.hint { "You asked for it: somebody else has to approve it." } }
                        }
                    }
                }
            }
        },
    )
}
