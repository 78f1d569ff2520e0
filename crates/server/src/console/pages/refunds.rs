//! Refunds of orders: the queue, and one with its evidence and who decides.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{book_field, book_of, own_zone, queue_form, zone_of};
use crate::console::actions::{
    self, REFUND_AGREE, REFUND_APPROVE, REFUND_DENY, REFUND_EVIDENCE, REFUND_FAILED, REFUND_PAID, form,
};
use crate::console::api::{Items, segment};
use crate::console::frame::{self, Content, Place};
use crate::console::parts::{
    LotPart, Money, account_link, badge, empty, lot_parts, maybe, maybe_money, money, none, pager, plain,
    short, table,
};
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Visitor};
use crate::console::zone::Zone;

/// A refund, or a withdrawal, as the API answers it.
#[derive(Deserialize)]
pub(super) struct Refund {
    refund_id: String,
    account_id: String,
    kind: String,
    status: String,
    order_id: Option<String>,
    cause: Option<String>,
    handling: Option<String>,
    channel: Option<String>,
    clause: Option<String>,
    #[serde(default)]
    evidence: Vec<Evidence>,
    /// Of a queue: what is still lacking.
    #[serde(default)]
    missing: Vec<String>,
    /// Of a queue: what could go back when it was asked for.
    refundable: Option<Money>,
    requested_at: String,
    requested_by: String,
    decision: Option<Decision>,
    agreed: Option<Money>,
    #[serde(default)]
    amounts: Vec<Money>,
    tax: Option<Money>,
    fee: Option<Money>,
    #[serde(default)]
    lots: Vec<LotPart>,
    ending: Option<Ending>,
}

#[derive(Deserialize)]
struct Evidence {
    kind: String,
    r#ref: String,
}

#[derive(Deserialize)]
struct Decision {
    by: Option<String>,
    at: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Ending {
    by: String,
    at: String,
    reason: Option<String>,
    r#ref: Option<String>,
}

/// What the terms ask for before an order's money goes back.
#[derive(Deserialize)]
struct Terms {
    evidence: Vec<Required>,
    refundable: Money,
    window_until: Option<String>,
    default: Option<String>,
}

#[derive(Deserialize)]
struct Required {
    kind: String,
    clause: Option<String>,
}

/// Refunds in a table, with their accounts where they are of many.
pub(super) fn table_of(zone: Zone, refunds: &[Refund], of_many: bool) -> Markup {
    if refunds.is_empty() {
        return empty("No refund is in this state.");
    }
    let head = ["Refund", "Status", "#Amount", "Cause", "Asked for", "Decided", "Ended"];
    let rows = html! {
        @for refund in refunds {
            tr {
                th scope="row" {
                    a href={ "/console/refunds/" (refund.refund_id) } { (short(&refund.refund_id)) }
                    div.hint { @if of_many { (account_link(&refund.account_id)) " · " } (maybe(refund.order_id.as_deref())) }
                }
                td {
                    (badge(&refund.status))
                    @if !refund.missing.is_empty() { div.missing { "lacks " (refund.missing.join(", ")) } }
                }
                td.num {
                    @for amount in &refund.amounts { div { (money(amount)) } }
                    @if refund.amounts.is_empty() { (maybe_money(refund.refundable.as_ref())) }
                }
                td { (maybe(refund.cause.as_deref())) @if let Some(clause) = &refund.clause { " " span.clause { (clause) } } }
                td { (zone.time(&refund.requested_at)) div.hint { "by " (refund.requested_by) } }
                td { @if let Some(decision) = &refund.decision {
                    (zone.time(&decision.at)) div.hint { "by " (decision.by.as_deref().unwrap_or("the policy")) }
                } @else { (none()) } }
                td { @if let Some(ending) = &refund.ending { (zone.time(&ending.at)) div.hint { "by " (ending.by) } }
                    @else { (none()) } }
            }
        }
    };
    table("Refunds", &head, &rows)
}

const STATUSES: [&str; 7] = ["requested", "waiting", "approved", "denied", "paid", "failed", ""];

/// The queue of a book.
pub(in crate::console) async fn list(visitor: Visitor) -> Response {
    let content = queue(&visitor).await;
    frame::page(&visitor, Place::Refunds, content)
}

async fn queue(visitor: &Visitor) -> Result<Content, Trouble> {
    let query = Fields::of_query(&visitor.here);
    let (book, books) = book_of(visitor, &query)?;
    let zone = Zone::read(query.get("tz"), &own_zone(visitor, &book))?;
    let status = query.get_any("status", "requested");
    let asked = [
        ("status", Some(status).filter(|status| !status.is_empty())),
        ("cursor", query.get("cursor")),
        ("limit", Some("50")),
        ("min_position", query.get("min_position")),
    ];
    let found: Items<Refund> = visitor.get(&format!("/v1/books/{book}/refunds"), &asked).await?;
    let body = html! {
        h1 { "Refunds" }
        p.lead { "What waits for a decision. Open one to see its evidence, and to approve or deny it." }
        (actions::notice(visitor))
        (queue_form(&book_field(&book, &books), status, &STATUSES))
        (plain("Refunds and withdrawals", &html! {
            (table_of(zone, &found.items, true))
            (pager(&visitor.path(), query.get("cursor"), found.next.as_deref()))
        }))
    };
    Ok(Content::new("Refunds", body))
}

/// The page of one refund.
pub(in crate::console) async fn show(Path(id): Path<String>, visitor: Visitor) -> Response {
    let content = content(&visitor, &id).await;
    frame::page(&visitor, Place::Refunds, content)
}

async fn content(visitor: &Visitor, id: &str) -> Result<Content, Trouble> {
    let query = Fields::of_query(&visitor.here);
    let refund: Refund = visitor
        .get(&format!("/v1/refunds/{}", segment(id)?), &[("min_position", query.get("min_position"))])
        .await?;
    let zone = zone_of(visitor, &refund.account_id, &query).await?;
    let terms = terms(visitor, &refund).await;
    let body = html! {
        p.crumbs { a href="/console/refunds" { "Refunds" } " / " (account_link(&refund.account_id)) }
        div.title { h1 { "Refund " (short(&refund.refund_id)) } (badge(&refund.status)) }
        (actions::notice(visitor))
        (facts(zone, &refund))
        @if let Some(terms) = &terms { (plain("Evidence", &checklist(visitor, &refund, terms))) }
        (plain("Decision", &decision(visitor, zone, &refund, terms.as_ref())))
    };
    Ok(Content::new(format!("Refund {id}"), body))
}

/// What the terms said of the order when the refund was asked for; nothing of a withdrawal.
async fn terms(visitor: &Visitor, refund: &Refund) -> Option<Terms> {
    let query = [
        ("order_id", Some(refund.order_id.as_deref()?)),
        ("cause", refund.cause.as_deref()),
        ("as_of", Some(refund.requested_at.as_str())),
    ];
    let path = format!("/v1/accounts/{}/refund-eligibility", refund.account_id);
    let judged: Result<Items<Terms>, _> = visitor.get(&path, &query).await;
    judged.ok()?.items.into_iter().next()
}

fn facts(zone: Zone, refund: &Refund) -> Markup {
    html! {
        dl.facts {
            div { dt { "Account" } dd { (account_link(&refund.account_id)) } }
            div { dt { "Order" } dd { (maybe(refund.order_id.as_deref())) } }
            div { dt { "Kind" } dd { (refund.kind) } }
            div { dt { "Cause" } dd { (maybe(refund.cause.as_deref())) } }
            div { dt { "Handling" } dd {
                (maybe(refund.handling.as_deref()))
                @if let Some(clause) = &refund.clause { " " span.clause { (clause) } }
            } }
            div { dt { "Goes back by" } dd { (maybe(refund.channel.as_deref())) " way" } }
            div { dt { "Asked for" } dd { (zone.time(&refund.requested_at)) " by " (refund.requested_by) } }
            div { dt { "Amount" } dd {
                @for amount in &refund.amounts { (money(amount)) " " }
                @if refund.amounts.is_empty() { "not fixed yet" }
            } }
            div { dt { "Tax · fee" } dd { (maybe_money(refund.tax.as_ref())) " · " (maybe_money(refund.fee.as_ref())) } }
            @if let Some(agreed) = &refund.agreed { div { dt { "Agreed" } dd { (money(agreed)) } } }
            @if !refund.lots.is_empty() { div { dt { "Voided credits" } dd { (lot_parts(&refund.lots)) } } }
        }
    }
}

/// What is required and what was brought.
fn checklist(visitor: &Visitor, refund: &Refund, terms: &Terms) -> Markup {
    let brought = |kind: &str| refund.evidence.iter().find(|piece| piece.kind == kind);
    let other = refund
        .evidence
        .iter()
        .filter(|piece| !terms.evidence.iter().any(|required| required.kind == piece.kind));
    html! {
        @if terms.evidence.is_empty() { p.hint { "The terms require no evidence for this cause." } }
        ul.checks {
            @for required in &terms.evidence {
                @let found = brought(&required.kind);
                li data-done=(found.is_some()) {
                    span.tick aria-hidden="true" { @if found.is_some() { "✓" } @else { "○" } }
                    strong { (required.kind) } " "
                    @if let Some(clause) = &required.clause { span.clause { (clause) } " " }
                    @match found { Some(piece) => code { (piece.r#ref) }, None => span.missing { "missing" } }
                }
            }
            @for piece in other {
                li data-done="true" { span.tick aria-hidden="true" { "✓" } strong { (piece.kind) } " " code { (piece.r#ref) } }
            }
        }
        @if refund.status == "requested" {
            @let missing = terms.evidence.iter().find(|required| brought(&required.kind).is_none());
            (form(visitor, &REFUND_EVIDENCE, &refund.refund_id,
                &missing.map(|required| ("evidence/0/kind", required.kind.as_str())).into_iter().collect::<Vec<_>>()))
        }
    }
}

fn decision(visitor: &Visitor, zone: Zone, refund: &Refund, terms: Option<&Terms>) -> Markup {
    let mine = visitor.principal().subject.as_str() == refund.requested_by;
    html! {
        @if let Some(terms) = terms {
            p {
                "When it was asked for, " (money(&terms.refundable)) " could go back"
                @if let Some(until) = &terms.window_until { ", and requests were taken until " (zone.time(until)) }
                @if let Some(default) = &terms.default { ". Without a reason to do otherwise: " strong { (default) } }
                "."
            }
        }
        @if let Some(decision) = &refund.decision {
            p { "Decided " (zone.time(&decision.at)) " by " strong { (decision.by.as_deref().unwrap_or("the policy")) }
                @if let Some(reason) = &decision.reason { ": " (reason) } "." }
        }
        @if let Some(ending) = &refund.ending {
            p { "Ended " (zone.time(&ending.at)) " by " strong { (ending.by) }
                @if let Some(reason) = &ending.reason { ": " (reason) }
                @if let Some(reference) = &ending.r#ref { ", reference " code { (reference) } } "." }
        }
        @if refund.status == "requested" {
            @if mine { p.hint { "You asked for this refund: where the book wants four eyes, somebody else has to approve it." } }
            div.row {
                (form(visitor, &REFUND_APPROVE, &refund.refund_id, &[]))
                @if refund.handling.as_deref() == Some("negotiation") {
                    (form(visitor, &REFUND_AGREE, &refund.refund_id,
                        &[("amount/currency", terms.map_or("USD", |terms| terms.refundable.currency.as_str()))]))
                }
                (form(visitor, &REFUND_DENY, &refund.refund_id, &[]))
            }
        }
        @if refund.status == "approved" {
            div.row {
                (form(visitor, &REFUND_PAID, &refund.refund_id, &[]))
                (form(visitor, &REFUND_FAILED, &refund.refund_id, &[]))
            }
        }
        @if refund.status == "waiting" { p.hint { "Approved; it waits for holds on the order's lots." } }
    }
}
