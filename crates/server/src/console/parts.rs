//! The parts that pages are made of. What the API answered is shown as it was answered.

use maud::{Markup, html};
use serde::Deserialize;

/// An amount of money as the API answers it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Money {
    pub(super) currency: String,
    pub(super) amount: String,
}

/// A part of a lot.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct LotPart {
    pub(super) lot_id: String,
    pub(super) amount: String,
}

/// An amount of credits: all of it, the places after the point in a lighter shade.
pub(super) fn credits(text: &str) -> Markup {
    let (whole, places) = text.split_at(text.find('.').unwrap_or(text.len()));
    let zero = text == "0";
    html! {
        span.amount.zero[zero].minus[text.starts_with('-')] {
            (whole) @if !places.is_empty() { span.places { (places) } }
        }
    }
}

/// An amount of money.
pub(super) fn money(money: &Money) -> Markup {
    html! { span.money { (credits(&money.amount)) " " span.unit { (money.currency) } } }
}

/// An amount of money that may be missing.
pub(super) fn maybe_money(some: Option<&Money>) -> Markup {
    html! { @match some { Some(some) => (money(some)), None => (none()) } }
}

/// A text that may be missing.
pub(super) fn maybe(text: Option<&str>) -> Markup {
    html! { @match text { Some(text) => (text), None => (none()) } }
}

/// Where there is nothing.
pub(super) fn none() -> Markup {
    html! { span.none aria-label="none" { "–" } }
}

/// A code as people read it.
pub(super) fn words(code: &str) -> String {
    code.replace('_', " ")
}

/// The state of something, with the colour of what it asks for.
pub(super) fn badge(state: &str) -> Markup {
    let tone = match state {
        "open" | "active" | "approved" | "paid" | "upheld" | "credited" | "completed" | "running"
        | "live" | "automatic" | "current" | "final" | "cured" | "succeeded" | "caught_up" => "good",
        "pending" | "requested" | "waiting" | "review" | "negotiation" | "issued" | "cancelled"
        | "rebuilding" | "catching_up" | "building" | "verifying" => "wait",
        "frozen" | "failed" | "denied" | "rejected" | "overdue" | "lost" | "poisoned" | "stopped"
        | "revoked" | "uncured" => "bad",
        _ => "calm",
    };
    html! { span.badge data-tone=(tone) { (words(state)) } }
}

/// The state of something that somebody has to decide while it is open.
pub(super) fn case(state: &str) -> Markup {
    html! { @if state == "open" { span.badge data-tone="wait" { (state) } } @else { (badge(state)) } }
}

/// A section of a page.
pub(super) fn section(title: &str, beside: &Markup, body: &Markup) -> Markup {
    let id = title.to_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    html! {
        section.panel aria-labelledby=(id) {
            header { h2 id=(id) { (title) } div.beside { (beside) } }
            (body)
        }
    }
}

/// A section that has nothing beside its title.
pub(super) fn plain(title: &str, body: &Markup) -> Markup {
    section(title, &html! {}, body)
}

/// A table in a box of its own, that scrolls within it where there is no room.
pub(super) fn table(label: &str, head: &[&str], body: &Markup) -> Markup {
    table_with_foot(label, head, body, &html! {})
}

/// The same, with rows that say what all of it comes to.
pub(super) fn table_with_foot(label: &str, head: &[&str], body: &Markup, foot: &Markup) -> Markup {
    html! {
        div.scroll role="region" aria-label=(label) tabindex="0" {
            table {
                thead { tr {
                    @for column in head {
                        // A column of numbers is written with a leading `#`.
                        @match column.strip_prefix('#') {
                            Some(number) => th.num scope="col" { (number) },
                            None => th scope="col" { (column) },
                        }
                    }
                } }
                tbody { (body) }
                @if !foot.0.is_empty() { tfoot { (foot) } }
            }
        }
    }
}

/// What is shown where a list is empty.
pub(super) fn empty(said: &str) -> Markup {
    html! { p.empty { (said) } }
}

/// How far behind the log an answer is.
pub(super) fn lag(events: u64) -> Markup {
    html! { @if events == 0 { "up to date" } @else { (events) " events behind" } }
}

/// A number with its name.
pub(super) fn figure(label: &str, value: &Markup, said: &Markup) -> Markup {
    html! { div.figure { dt { (label) } dd { (value) } @if !said.0.is_empty() { dd.said { (said) } } } }
}

/// A way to the next page of a list, and back to its beginning.
pub(super) fn pager(here: &str, cursor: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        @if cursor.is_some() || next.is_some() {
            nav.pager aria-label="Pages" {
                @if cursor.is_some() { a.button href=(without(here, "cursor")) { "First page" } }
                @if let Some(next) = next { a.button href=(replaced(here, "cursor", next)) rel="next" { "Next page" } }
            }
        }
    }
}

/// A path without a parameter of its query.
pub(super) fn without(path: &str, name: &str) -> String {
    changed(path, name, None)
}

/// A path with a parameter of its query set.
pub(super) fn replaced(path: &str, name: &str, value: &str) -> String {
    changed(path, name, Some(value))
}

fn changed(path: &str, name: &str, value: Option<&str>) -> String {
    let (bare, query) = path.split_once('?').unwrap_or((path, ""));
    let mut pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    pairs.retain(|(known, _)| known != name);
    if let Some(value) = value {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    let pairs: Vec<(&str, Option<&str>)> =
        pairs.iter().map(|(name, value)| (name.as_str(), Some(value.as_str()))).collect();
    super::api::with_query(bare, &pairs)
}

/// Parts of lots, each with its amount.
pub(super) fn lot_parts(parts: &[LotPart]) -> Markup {
    html! {
        @if parts.is_empty() { (none()) }
        @else {
            ul.parts { @for part in parts { li { code { (short(&part.lot_id)) } " " (credits(&part.amount)) } } }
        }
    }
}

/// A minted id without its account, where that is plain from the page.
pub(super) fn short(id: &str) -> &str {
    id.rsplit_once('.').map_or(id, |(_, own)| own)
}

/// A link to an account.
pub(super) fn account_link(id: &str) -> Markup {
    html! { a href={ "/console/accounts/" (id) } { (id) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_shown_as_it_was_answered() {
        for text in ["0", "12.345678901", "-0.5", "1000000"] {
            let shown = credits(text).into_string();
            let plain: String = shown.split('>').filter_map(|part| part.split('<').next()).collect();
            assert_eq!(plain, text);
        }
    }

    #[test]
    fn a_parameter_is_set_and_taken_away() {
        assert_eq!(replaced("/a?cursor=1&b=2%263", "cursor", "9"), "/a?b=2%263&cursor=9");
        assert_eq!(without("/a?cursor=1", "cursor"), "/a");
        assert_eq!(replaced("/a", "x", "<y>"), "/a?x=%3Cy%3E");
    }
}
