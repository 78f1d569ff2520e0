//! Where everybody begins: the overview for who may read, what the token may do for who may not.

use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use crate::console::frame::{self, Content, Place};
use crate::console::parts::plain;
use crate::console::visitor::{Fields, Visitor};
use crate::rights::Right;

/// What a token may do that may not read everything.
const WORK: [(Right, &str); 7] = [
    (Right::Accounts, "open accounts"),
    (Right::Keys, "issue and revoke keys"),
    (Right::RefundRequests, "request refunds and bring evidence"),
    (Right::Disputes, "open and resolve disputes"),
    (Right::Freeze, "freeze"),
    (Right::Appeals, "file and decide appeals"),
    (Right::Conduct, "record violations, close reviews"),
];

pub(in crate::console) async fn show(visitor: Visitor) -> Response {
    if visitor.may(Right::ReadAll) {
        return Redirect::to("/console/overview").into_response();
    }
    let query = Fields::of_query(&visitor.here);
    if let Some(account) = query.get("account") {
        return Redirect::to(&format!("/console/accounts/{}", encoded(account))).into_response();
    }
    frame::page(&visitor, Place::Nowhere, Ok(content(&visitor)))
}

/// An id as a part of a path; one that cannot be leads to a page that says so.
fn encoded(account: &str) -> String {
    account.chars().filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')).collect()
}

fn content(visitor: &Visitor) -> Content {
    let body = html! {
        h1 { "Welcome" }
        p.lead { "Your token may act, and may not read balances. Open an account by its id to act on it." }
        form.filters method="get" action="/console" {
            label for="account" { "Account id" }
            input #account name="account" required pattern="[A-Za-z0-9_\\-]{1,64}" autocomplete="off";
            button.primary type="submit" { "Open" }
        }
        (plain("What your token may do", &html! {
            ul { @for (_, what) in WORK.iter().filter(|(right, _)| visitor.may(*right)) { li { (what) } } }
        }))
    };
    Content::new("Welcome", body)
}
