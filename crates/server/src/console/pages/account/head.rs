//! What stands above every part of an account: who it is, how it stands, what it has, as of when.

use maud::{Markup, html};
use serde::Deserialize;

use super::Sight;
use crate::console::parts::{badge, credits, figure, maybe, words};

/// An account as the API answers it.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub(super) account_id: String,
    pub(super) book: String,
    pub(super) status: String,
    owner: Option<String>,
    region: Option<String>,
    terms_version: Option<String>,
    pub(super) balance: Balance,
    overdue: bool,
    due_at: Option<String>,
    pub(super) measures: Vec<Measure>,
    #[serde(default)]
    pub(super) announcements: Vec<Announcement>,
    #[serde(default)]
    pub(super) breaches: Vec<Breach>,
    #[serde(default)]
    pub(super) appeals: Vec<Appeal>,
    #[serde(default)]
    pub(super) legal_holds: Vec<LegalHold>,
    closes_at: Option<String>,
    pub(super) closure: Option<Closure>,
    pub(super) violations: Violations,
    pub(super) reviews: Vec<Review>,
    as_of: Option<String>,
    as_of_position: Option<u64>,
}

/// What an account has.
#[derive(Debug, Deserialize)]
pub(super) struct Balance {
    pub(super) available: String,
    pub(super) posted: String,
    pub(super) held: String,
    pub(super) frozen: String,
    pub(super) debt: String,
    pub(super) credit_limit: String,
}

/// A freeze that stands.
#[derive(Debug, Deserialize)]
pub(super) struct Measure {
    pub(super) measure_id: String,
    pub(super) reason: String,
    pub(super) since: String,
    pub(super) scope: String,
    pub(super) amount: Option<String>,
}

/// A freeze or a closing that will come.
#[derive(Debug, Deserialize)]
pub(super) struct Announcement {
    pub(super) announcement_id: String,
    pub(super) kind: String,
    pub(super) reason: Option<String>,
    pub(super) announced_at: String,
    pub(super) effective_at: String,
}

/// A material breach.
#[derive(Debug, Deserialize)]
pub(super) struct Breach {
    pub(super) breach_id: String,
    pub(super) by: String,
    pub(super) reason: String,
    pub(super) cure_until: String,
    pub(super) state: String,
}

/// An appeal against a measure.
#[derive(Debug, Deserialize)]
pub(super) struct Appeal {
    pub(super) appeal_id: String,
    pub(super) measure_id: String,
    pub(super) filed_at: String,
    pub(super) state: String,
}

/// Nothing that is kept may be purged.
#[derive(Debug, Deserialize)]
pub(super) struct LegalHold {
    pub(super) legal_hold_id: String,
    pub(super) reason: String,
    pub(super) since: String,
}

/// The end of the account.
#[derive(Debug, Deserialize)]
pub(super) struct Closure {
    pub(super) measure_id: String,
    pub(super) by: String,
    pub(super) reason: Option<String>,
    pub(super) recorded_at: String,
}

/// How many violations there were.
#[derive(Debug, Deserialize)]
pub(super) struct Violations {
    pub(super) count: u64,
    pub(super) last_at: Option<String>,
}

/// A review of the account's conduct.
#[derive(Debug, Deserialize)]
pub(super) struct Review {
    pub(super) review_id: String,
    pub(super) reason: String,
    pub(super) status: String,
    pub(super) count: u64,
    pub(super) opened_at: String,
    pub(super) decision: Option<String>,
    pub(super) clause: Option<String>,
}

/// The names of zones that are offered; any other can be typed.
const ZONES: [&str; 8] = [
    "UTC",
    "America/Los_Angeles",
    "America/New_York",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Hong_Kong",
    "Asia/Tokyo",
];

pub(super) fn show(sight: &Sight<'_>) -> Markup {
    let Some(head) = &sight.head else {
        return html! {
            p.crumbs { "Account" }
            h1 { (sight.id) }
            p.hint { "Your token may act on this account and may not read its balance." }
        };
    };
    html! {
        p.crumbs { a href="/console/accounts" { "Accounts" } " / " (head.book) }
        div.title {
            h1 { (head.account_id) }
            (badge(&head.status))
            @if head.overdue { (badge("overdue")) }
        }
        dl.facts {
            div { dt { "Book" } dd { a href={ "/console/books/" (head.book) } { (head.book) } } }
            div { dt { "Owner" } dd { (maybe(head.owner.as_deref())) } }
            div { dt { "Region" } dd { (maybe(head.region.as_deref())) } }
            div { dt { "Terms" } dd { (maybe(head.terms_version.as_deref())) } }
            @if let Some(due) = &head.due_at { div { dt { "Was due" } dd { (sight.zone.time(due)) } } }
            @if let Some(closes) = &head.closes_at { div { dt { "Closes" } dd { (sight.zone.time(closes)) } } }
        }
        (moment(sight, head))
        (figures(&head.balance))
    }
}

/// The balance, as the API's own strings.
fn figures(balance: &Balance) -> Markup {
    let nothing = html! {};
    html! {
        dl.figures #balance {
            (figure("Available", &credits(&balance.available), &html! { "posted − held − frozen − debt" }))
            (figure("Posted", &credits(&balance.posted), &nothing))
            (figure("Held", &credits(&balance.held), &nothing))
            (figure("Frozen", &credits(&balance.frozen), &nothing))
            (figure("Debt", &credits(&balance.debt), &nothing))
            (figure("Credit line", &credits(&balance.credit_limit), &nothing))
        }
    }
}

/// As of when the page is, and the form that moves it.
fn moment(sight: &Sight<'_>, head: &Head) -> Markup {
    let at = sight.as_of.as_deref().and_then(|at| at.parse().ok()).map(|at| sight.zone.field(at));
    let (past, zone) = (sight.is_past(), sight.zone);
    html! {
        form.moment method="get" role="search" aria-label="As of when" data-past[past] {
            @if let Some(tab) = sight.query.get("tab") { input type="hidden" name="tab" value=(tab); }
            div.field {
                label for="at" { "As of" }
                input #at type="datetime-local" name="at" step="1" value=[at];
            }
            div.field {
                label for="tz" { "Time zone" }
                input #tz name="tz" value=(zone.name()) list="zones" autocomplete="off" spellcheck="false";
                datalist #zones { @for zone in ZONES { option value=(zone) {} } }
            }
            button type="submit" { "Show" }
            @if past { a.button href={ "/console/accounts/" (head.account_id) } { "Back to now" } }
            p.stand {
                @if past { strong { "As it stood " } } @else { "As it stands " }
                @if let Some(as_of) = &head.as_of { (zone.time(as_of)) }
                @if let Some(position) = head.as_of_position { span.hint { " · position " (position) } }
            }
        }
    }
}

/// A code as a cell shows it.
pub(super) fn code(text: &str) -> Markup {
    html! { span.code { (words(text)) } }
}
