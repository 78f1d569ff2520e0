//! An account: what it has now, and what it had.

mod balance;
mod course;
mod entries;
mod head;
mod measures;
mod orders;
mod plans;
mod timeline;

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};

use self::head::Head;
use crate::console::api::segment;
use crate::console::frame::{self, Content, Place};
use crate::console::pages::own_zone;
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Visitor};
use crate::console::zone::Zone;
use crate::console::{actions, parts};
use crate::rights::Right;

/// An account as of when a page is asked for, and what its parts need.
struct Sight<'a> {
    visitor: &'a Visitor,
    id: &'a str,
    query: Fields,
    zone: Zone,
    /// As of this time, as the API reads it.
    as_of: Option<String>,
    head: Option<Head>,
}

impl Sight<'_> {
    /// As of when, for the API's queries that can be asked so.
    fn when(&self) -> [(&'static str, Option<&str>); 2] {
        [("as_of", self.as_of.as_deref()), ("as_of_position", self.query.get("position"))]
    }

    /// Whether it is the past that is looked at.
    fn is_past(&self) -> bool {
        self.when().iter().any(|(_, value)| value.is_some())
    }

    /// The path of one of the account's lists.
    fn path(&self, list: &str) -> String {
        format!("/v1/accounts/{}/{list}", self.id)
    }
}

/// A part of the page: its name in the query, its label, and who may see it.
const TABS: [(&str, &str, Right); 6] = [
    ("balance", "Balance", Right::ReadUsage),
    ("entries", "Entries", Right::ReadAll),
    ("orders", "Orders & refunds", Right::RefundRequests),
    ("plans", "Plans & statements", Right::ReadAll),
    ("measures", "Measures", Right::ReadBalance),
    ("timeline", "Timeline", Right::ReadAll),
];

pub(in crate::console) async fn show(Path(id): Path<String>, visitor: Visitor) -> Response {
    let content = content(&visitor, &id).await;
    frame::page(&visitor, Place::Accounts, content)
}

async fn content(visitor: &Visitor, id: &str) -> Result<Content, Trouble> {
    let id = segment(id)?;
    let query = Fields::of_query(&visitor.here);
    let mut sight = Sight { visitor, id, query, zone: Zone::read(None, "UTC")?, as_of: None, head: None };
    if visitor.may(Right::ReadBalance) {
        // The zone is the book's, and the book is the account's: as it stands now, before its past is asked for.
        let mut head: Head = visitor.get(&format!("/v1/accounts/{id}"), &[]).await?;
        sight.zone = Zone::read(sight.query.get("tz"), &own_zone(visitor, &head.book))?;
        sight.as_of =
            sight.query.get("at").map(|at| sight.zone.instant(at)).transpose()?.map(|at| at.to_string());
        if sight.is_past() {
            head = visitor.get(&format!("/v1/accounts/{id}"), &sight.when()).await?;
        }
        sight.head = Some(head);
    }
    let may =
        |right: Right| visitor.may(right) || (right == Right::RefundRequests && visitor.may(Right::ReadAll));
    let tabs: Vec<_> = TABS.iter().filter(|(_, _, right)| may(*right)).collect();
    let asked = sight.query.get("tab");
    let open = tabs.iter().find(|(name, _, _)| Some(*name) == asked).or(tabs.first());
    let open = open.map_or("", |(name, _, _)| *name);
    let body = match open {
        "balance" => balance::show(&sight).await?,
        "entries" => entries::show(&sight).await?,
        "orders" => orders::show(&sight).await?,
        "plans" => plans::show(&sight).await?,
        "measures" => measures::show(&sight),
        "timeline" => timeline::show(&sight).await?,
        _ => html! {},
    };
    let body = html! {
        (head::show(&sight))
        (actions::notice(visitor))
        nav.tabs aria-label="Parts of the account" {
            @for (name, label, _) in tabs {
                a href=(tab(visitor, name)) aria-current=[(*name == open).then_some("page")] { (label) }
            }
        }
        (body)
    };
    Ok(Content::new(format!("Account {id}"), body))
}

fn tab(visitor: &Visitor, name: &str) -> String {
    let bare = ["cursor", "done", "waits", "min_position"]
        .iter()
        .fold(visitor.path(), |path, name| parts::without(&path, name));
    parts::replaced(&bare, "tab", name)
}

/// What is said where a list shows everything that was recorded, also what came after the time that is looked at.
fn also_later(sight: &Sight<'_>) -> Markup {
    html! { @if sight.is_past() { p.hint { "This list is as it stands now, whatever time is chosen above." } } }
}
