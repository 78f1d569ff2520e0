//! Accounts of a book: found by how their id or their owner begins, by status, a page at a time.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{book_field, book_of, own_zone};
use crate::console::actions::{self, OPEN_ACCOUNT, form};
use crate::console::api::Items;
use crate::console::frame::{self, Content, Place};
use crate::console::parts::{account_link, badge, credits, empty, maybe, pager, section, table};
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Visitor};
use crate::console::zone::Zone;

#[derive(Deserialize)]
struct Item {
    account_id: String,
    owner: Option<String>,
    region: Option<String>,
    status: String,
    opened_at: Option<String>,
    balance: Balance,
}

#[derive(Deserialize)]
struct Balance {
    available: String,
    posted: String,
    held: String,
    debt: String,
}

const STATUSES: [&str; 4] = ["", "open", "frozen", "closed"];

pub(in crate::console) async fn list(visitor: Visitor) -> Response {
    let content = content(&visitor).await;
    frame::page(&visitor, Place::Accounts, content)
}

async fn content(visitor: &Visitor) -> Result<Content, Trouble> {
    let query = Fields::of_query(&visitor.here);
    let (book, books) = book_of(visitor, &query)?;
    let zone = Zone::read(query.get("tz"), &own_zone(visitor, &book))?;
    let asked = [
        ("prefix", query.get("q")),
        ("status", query.get("status")),
        ("cursor", query.get("cursor")),
        ("limit", Some("50")),
        ("min_position", query.get("min_position")),
    ];
    let found: Items<Item> = visitor.get(&format!("/v1/books/{book}/accounts"), &asked).await?;
    let open = form(visitor, &OPEN_ACCOUNT, &book, &[]);
    let body = html! {
        h1 { "Accounts" }
        (actions::notice(visitor))
        form.moment method="get" role="search" aria-label="Accounts" {
            (book_field(&book, &books))
            div.field {
                label for="q" { "Id or owner begins with" }
                input #q type="search" name="q" value=[query.get("q")] autocomplete="off" spellcheck="false" autofocus
                    pattern="[A-Za-z0-9_\\-]{1,64}" title="Letters, digits, _ and -";
            }
            div.field {
                label for="status" { "Status" }
                select #status name="status" data-auto { @for status in STATUSES {
                    option value=(status) selected[query.get("status").unwrap_or_default() == status] {
                        @if status.is_empty() { "any" } @else { (status) }
                    }
                } }
            }
            button.primary type="submit" { "Search" }
        }
        (section(&format!("Accounts of {book}"), &open, &html! {
            (rows(&found.items, zone))
            (pager(&visitor.path(), query.get("cursor"), found.next.as_deref()))
        }))
    };
    Ok(Content::new("Accounts", body))
}

fn rows(items: &[Item], zone: Zone) -> Markup {
    if items.is_empty() {
        return empty("No account begins so.");
    }
    table(
        "Accounts",
        &["Account", "Owner", "Status", "#Available", "#Posted", "#Held", "#Debt", "Opened"],
        &html! {
            @for item in items {
                tr {
                    th scope="row" {
                        (account_link(&item.account_id))
                        @if let Some(region) = &item.region { " " span.hint { (region) } }
                    }
                    td { (maybe(item.owner.as_deref())) }
                    td { (badge(&item.status)) }
                    td.num { (credits(&item.balance.available)) }
                    td.num { (credits(&item.balance.posted)) }
                    td.num { (credits(&item.balance.held)) }
                    td.num { (credits(&item.balance.debt)) }
                    td { (zone.maybe(item.opened_at.as_deref())) }
                }
            }
        },
    )
}
