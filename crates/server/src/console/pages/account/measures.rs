//! What was done about an account's conduct: freezes, breaches, reviews, legal holds, appeals, its end.

use maud::{Markup, html};

use super::Sight;
use super::head::{Head, code};
use crate::console::actions::{APPEAL_DECIDE, APPEAL_FILE, FREEZE, REVIEW_CLOSE, THAW, form};
use crate::console::parts::{badge, case, credits, empty, maybe, plain, section, short, table};

pub(super) fn show(sight: &Sight<'_>) -> Markup {
    let Some(head) = &sight.head else { return html! {} };
    let freeze = html! { @if !sight.is_past() { (form(sight.visitor, &FREEZE, sight.id, &[])) } };
    html! {
        (section("Measures that stand", &freeze, &measures(sight, head)))
        @if !head.announcements.is_empty() { (plain("Announced", &announced(sight, head))) }
        @if !head.appeals.is_empty() { (plain("Appeals", &appeals(sight, head))) }
        @if !head.breaches.is_empty() { (plain("Breaches", &breaches(sight, head))) }
        (plain("Violations and reviews", &reviews(sight, head)))
        @if !head.legal_holds.is_empty() { (plain("Legal holds", &legal_holds(sight, head))) }
    }
}

fn measures(sight: &Sight<'_>, head: &Head) -> Markup {
    if head.measures.is_empty() && head.closure.is_none() {
        return empty("Nothing stands against this account.");
    }
    let appeal = |id: &str| {
        html! { @if !sight.is_past() { (form(sight.visitor, &APPEAL_FILE, sight.id, &[("measure_id", id)])) } }
    };
    let rows = html! {
        @if let Some(closure) = &head.closure {
            tr {
                th scope="row" { code { (short(&closure.measure_id)) } }
                td { "closed by the " (closure.by) }
                td { (maybe(closure.reason.as_deref())) }
                td { (sight.zone.time(&closure.recorded_at)) }
                td { (appeal(&closure.measure_id)) }
            }
        }
        @for measure in &head.measures {
            tr {
                th scope="row" { code { (short(&measure.measure_id)) } }
                td { "freeze: " (measure.scope) @if let Some(amount) = &measure.amount { " of " (credits(amount)) } }
                td { (code(&measure.reason)) }
                td { (sight.zone.time(&measure.since)) }
                td {
                    div.row {
                        @if !sight.is_past() {
                            (form(sight.visitor, &THAW, sight.id, &[("measure_id", &measure.measure_id)]))
                        }
                        (appeal(&measure.measure_id))
                    }
                }
            }
        }
    };
    table("Measures", &["Measure", "What", "Reason", "Since", ""], &rows)
}

fn announced(sight: &Sight<'_>, head: &Head) -> Markup {
    table(
        "Announced",
        &["Announcement", "What", "Reason", "Announced", "Takes effect"],
        &html! {
            @for item in &head.announcements {
                tr {
                    th scope="row" { code { (short(&item.announcement_id)) } }
                    td { (item.kind) }
                    td { (maybe(item.reason.as_deref())) }
                    td { (sight.zone.time(&item.announced_at)) }
                    td { (sight.zone.time(&item.effective_at)) }
                }
            }
        },
    )
}

fn appeals(sight: &Sight<'_>, head: &Head) -> Markup {
    table(
        "Appeals",
        &["Appeal", "Against", "Filed", "State", ""],
        &html! {
            @for appeal in &head.appeals {
                tr {
                    th scope="row" { code { (short(&appeal.appeal_id)) } }
                    td { code { (short(&appeal.measure_id)) } }
                    td { (sight.zone.time(&appeal.filed_at)) }
                    td { (badge(&appeal.state)) }
                    td {
                        @if appeal.state == "pending" && !sight.is_past() {
                            (form(sight.visitor, &APPEAL_DECIDE, &appeal.appeal_id, &[]))
                        }
                    }
                }
            }
        },
    )
}

fn breaches(sight: &Sight<'_>, head: &Head) -> Markup {
    table(
        "Breaches",
        &["Breach", "By", "Reason", "Can be cured until", "State"],
        &html! {
            @for breach in &head.breaches {
                tr {
                    th scope="row" { code { (short(&breach.breach_id)) } }
                    td { (breach.by) }
                    td { (code(&breach.reason)) }
                    td { (sight.zone.time(&breach.cure_until)) }
                    td { (case(&breach.state)) }
                }
            }
        },
    )
}

fn reviews(sight: &Sight<'_>, head: &Head) -> Markup {
    html! {
        p {
            (head.violations.count) @if head.violations.count == 1 { " violation" } @else { " violations" } " recorded"
            @if let Some(last) = &head.violations.last_at { ", the latest " (sight.zone.time(last)) }
            "."
        }
        @if !head.reviews.is_empty() {
            (table("Reviews", &["Review", "Reason", "#Violations", "Opened", "Status", ""], &html! {
                @for review in &head.reviews {
                    tr {
                        th scope="row" { code { (short(&review.review_id)) } }
                        td { (code(&review.reason)) @if let Some(clause) = &review.clause { " " span.clause { (clause) } } }
                        td.num { (review.count) }
                        td { (sight.zone.time(&review.opened_at)) }
                        td { (case(&review.status)) @if let Some(decision) = &review.decision { div.hint { (decision) } } }
                        td {
                            @if review.decision.is_none() && !sight.is_past() {
                                (form(sight.visitor, &REVIEW_CLOSE, &review.review_id, &[]))
                            }
                        }
                    }
                }
            }))
        }
    }
}

fn legal_holds(sight: &Sight<'_>, head: &Head) -> Markup {
    table(
        "Legal holds",
        &["Legal hold", "Reason", "Since"],
        &html! {
            @for hold in &head.legal_holds {
                tr {
                    th scope="row" { code { (short(&hold.legal_hold_id)) } }
                    td { (code(&hold.reason)) }
                    td { (sight.zone.time(&hold.since)) }
                }
            }
        },
    )
}
