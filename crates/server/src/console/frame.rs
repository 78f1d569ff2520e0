//! The frame of every page: the head, the ways through the console, who is signed in.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use scrip_engine::BookScope;

use super::api::with_query;
use super::assets::{SCRIPT, STYLE};
use super::sign_in::is_local;
use super::trouble::Trouble;
use super::visitor::{Fields, Visitor};
use crate::rights::Right;

/// Where a page belongs among the ways through the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Accounts,
    Usage,
    Refunds,
    Disputes,
    Approvals,
    Books,
    Reports,
    Audit,
    Projections,
    Nowhere,
}

struct Way {
    place: Place,
    label: &'static str,
    path: &'static str,
    right: Right,
    /// The outline of its sign, on a grid of 24.
    sign: &'static str,
}

impl Way {
    /// Where it leads: on with the book that is looked at, where a page is of one.
    fn href(&self, book: Option<&str>) -> String {
        let of_all = matches!(self.place, Place::Books | Place::Audit | Place::Projections);
        with_query(self.path, &[("book", book.filter(|_| !of_all))])
    }
}

/// The ways, in groups.
const WAYS: [(&str, &[Way]); 4] = [
    (
        "Customers",
        &[
            Way {
                place: Place::Overview,
                label: "Overview",
                path: "/console/overview",
                right: Right::ReadAll,
                sign: "M4 13h6V4H4zM14 9h6V4h-6zM14 20h6v-7h-6zM4 20h6v-3H4z",
            },
            Way {
                place: Place::Accounts,
                label: "Accounts",
                path: "/console/accounts",
                right: Right::ReadAll,
                sign: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c0-3.3 3.6-5 8-5s8 1.7 8 5",
            },
            Way {
                place: Place::Usage,
                label: "Usage",
                path: "/console/usage",
                right: Right::ReadAll,
                sign: "M5 20V11M10 20V5M15 20v-6M20 20V8",
            },
        ],
    ),
    (
        "Decisions",
        &[
            Way {
                place: Place::Refunds,
                label: "Refunds",
                path: "/console/refunds",
                right: Right::ReadAll,
                sign: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6",
            },
            Way {
                place: Place::Approvals,
                label: "Approvals",
                path: "/console/approvals",
                right: Right::ReadAll,
                sign: "M5 12l5 5L20 7",
            },
            Way {
                place: Place::Disputes,
                label: "Disputes & appeals",
                path: "/console/disputes",
                right: Right::ReadAll,
                sign: "M12 4v16M7 20h10M5 8h14M5 8l-2 6h5zM19 8l-3 6h5z",
            },
        ],
    ),
    (
        "Terms",
        &[Way {
            place: Place::Books,
            label: "Catalogs & policies",
            path: "/console/books",
            right: Right::ReadAll,
            sign: "M5 4h10a4 4 0 0 1 4 4v12H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11",
        }],
    ),
    (
        "Control",
        &[
            Way {
                place: Place::Reports,
                label: "Reports",
                path: "/console/reports",
                right: Right::ReadAll,
                sign: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
            },
            Way {
                place: Place::Audit,
                label: "Audit",
                path: "/console/audit",
                right: Right::ReadAll,
                sign: "M12 3l7 3v6c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6zM9 12l2 2 4-4",
            },
            Way {
                place: Place::Projections,
                label: "Projections",
                path: "/console/projections",
                right: Right::ReadAll,
                sign: "M4 7c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zM4 7v10c0 1.7 3.6 3 8 3s8-1.3 8-3V7M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3",
            },
        ],
    ),
];

/// What a page shows within the frame.
pub(super) struct Content {
    pub(super) title: String,
    pub(super) body: Markup,
}

impl Content {
    pub(super) fn new(title: impl Into<String>, body: Markup) -> Self {
        Self { title: title.into(), body }
    }
}

/// A page, or why there is none.
pub(super) fn page(visitor: &Visitor, place: Place, content: Result<Content, Trouble>) -> Response {
    match content {
        Ok(content) => whole(visitor, place, &content).into_response(),
        Err(problem) => trouble(visitor, place, &problem, None),
    }
}

/// A page that says what is wrong, with a way back to where it was asked for.
pub(super) fn trouble(visitor: &Visitor, place: Place, trouble: &Trouble, back: Option<&str>) -> Response {
    let body = html! {
        h1 { (heading(trouble.status())) }
        (trouble.show())
        p.row {
            @if let Some(back) = back.filter(|back| is_local(back)) { a.button href=(back) { "Back" } }
            a.button href="/console" { "To the beginning" }
        }
    };
    (trouble.status(), whole(visitor, place, &Content::new(trouble.title(), body))).into_response()
}

/// What has gone wrong, in a word.
fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN => "Not allowed",
        status if status.is_server_error() => "This did not work",
        _ => "This cannot be done",
    }
}

/// A page for somebody who is not signed in.
pub(super) fn bare(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body.bare { main #main { div.card { p.brand { (mark()) "Scrip" } (body) } } }
        }
    }
}

fn whole(visitor: &Visitor, place: Place, content: &Content) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&content.title))
            body {
                a.skip href="#main" { "Skip to the page" }
                div.frame {
                    header.side {
                        a.brand href="/console" { (mark()) "Scrip" }
                        details.menu {
                            summary { "Menu" }
                            div.sheet { (ways(visitor, place, "Menu")) (who(visitor)) }
                        }
                        div.wide {
                            (ways(visitor, place, "Console"))
                            (who(visitor))
                        }
                    }
                    main #main tabindex="-1" { (content.body) }
                }
                script src=(SCRIPT.path()) defer {}
            }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · Scrip" }
            link rel="stylesheet" href=(STYLE.path());
            link rel="icon" href="/console/assets/mark.svg" type="image/svg+xml";
        }
    }
}

fn ways(visitor: &Visitor, place: Place, label: &str) -> Markup {
    let query = Fields::of_query(&visitor.here);
    let book = query.get("book");
    html! {
        nav aria-label=(label) {
            @for (group, ways) in WAYS {
                @let open: Vec<&Way> = ways.iter().filter(|way| visitor.may(way.right)).collect();
                @if !open.is_empty() {
                    p.group { (group) }
                    ul {
                        @for way in open {
                            li {
                                a href=(way.href(book)) aria-current=[(way.place == place).then_some("page")] {
                                    (sign(way.sign)) (way.label)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn who(visitor: &Visitor) -> Markup {
    let principal = visitor.principal();
    let books = match &principal.books {
        BookScope::All => "all books".to_owned(),
        BookScope::Some(books) => books.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    html! {
        form.who method="post" action="/console/sign-out" {
            input type="hidden" name="word" value=(visitor.word());
            p { strong { (principal.subject) } br; span.hint { (books) } }
            button type="submit" { "Sign out" }
        }
    }
}

fn sign(outline: &str) -> Markup {
    html! {
        svg.sign viewBox="0 0 24 24" aria-hidden="true" { path d=(outline) {} }
    }
}

/// The mark of the product: a torn voucher.
fn mark() -> Markup {
    PreEscaped(include_str!("mark.svg").to_owned())
}
