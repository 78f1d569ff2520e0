//! The pages, a file a page. What they show they ask the API for, as whoever is signed in.

pub(super) mod account;
pub(super) mod accounts;
pub(super) mod approvals;
pub(super) mod audit;
pub(super) mod books;
pub(super) mod disputes;
pub(super) mod export;
mod home;
pub(super) mod overview;
pub(super) mod projections;
pub(super) mod refunds;
pub(super) mod reports;
pub(super) mod statement;
pub(super) mod usage;

use axum::response::Response;
use maud::{Markup, html};
use scrip_ledger::BookId;

use super::frame::{self, Place};
use super::trouble::Trouble;
use super::visitor::{Fields, Visitor};
use super::zone::Zone;
use crate::problem::{Code, Problem};
use crate::rights::Right;

pub(super) use home::show as home;

/// Where there is no page.
pub(super) async fn missing(visitor: Visitor) -> Response {
    let problem = Problem::new(Code::NOT_FOUND, "the console has no such page");
    frame::trouble(&visitor, Place::Nowhere, &problem.into(), None)
}

/// The book that a page is of: the one that was asked for, or the first; and all that the token is for.
fn book_of(visitor: &Visitor, query: &Fields) -> Result<(String, Vec<String>), Trouble> {
    let own = &visitor.principal().books;
    let books = visitor.desk().app.engine.books();
    let books: Vec<String> =
        books.iter().filter(|book| own.allows(&book.id)).map(|book| book.id.to_string()).collect();
    let book = query.get("book").map(str::to_owned).or_else(|| books.first().cloned());
    match book {
        Some(book) if books.contains(&book) => Ok((book, books)),
        _ => {
            Err(Problem::new(Code::BOOK_NOT_FOUND, "there is no such book, or the token is not for it")
                .into())
        }
    }
}

/// The name of a book's own time zone.
fn own_zone(visitor: &Visitor, book: &str) -> String {
    let engine = &visitor.desk().app.engine;
    let book = BookId::new(book).ok().and_then(|book| engine.book(&book));
    book.map_or_else(|| "UTC".to_owned(), |book| book.policy(engine.clock().now()).time_zone.to_string())
}

/// The time zone of a page about an account: the one that was asked for, or its book's.
async fn zone_of(visitor: &Visitor, account: &str, query: &Fields) -> Result<Zone, Trouble> {
    #[derive(serde::Deserialize)]
    struct OfBook {
        book: String,
    }
    let own = match query.get("tz") {
        None if visitor.may(Right::ReadBalance) => {
            let account: OfBook = visitor.get(&format!("/v1/accounts/{account}"), &[]).await?;
            own_zone(visitor, &account.book)
        }
        _ => "UTC".to_owned(),
    };
    Zone::read(query.get("tz"), &own)
}

/// The field that a form chooses the book with.
fn book_field(book: &str, books: &[String]) -> Markup {
    html! {
        div.field {
            label for="book" { "Book" }
            select #book name="book" data-auto {
                @for known in books { option value=(known) selected[known == book] { (known) } }
            }
        }
    }
}

/// Of which book, and in which state, what waits is shown.
fn queue_form(book: &Markup, status: &str, statuses: &[&str]) -> Markup {
    html! {
        form.moment method="get" role="search" aria-label="Which of them" {
            (book)
            div.field {
                label for="status" { "State" }
                select #status name="status" data-auto { @for known in statuses {
                    option value=(known) selected[*known == status] { @if known.is_empty() { "all" } @else { (known) } }
                } }
            }
            button type="submit" { "Show" }
        }
    }
}
