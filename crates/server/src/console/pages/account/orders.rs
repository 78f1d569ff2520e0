//! What was bought, until when the money can be asked back and by which clause, and the refunds that there are.

use std::collections::HashMap;

use maud::{Markup, html};
use serde::Deserialize;

use super::Sight;
use crate::console::actions::{REFUND_REQUEST, form};
use crate::console::api::Items;
use crate::console::pages::refunds::{self, Refund};
use crate::console::parts::{Money, badge, credits, empty, maybe, money, pager, plain, table};
use crate::console::trouble::Trouble;
use crate::rights::Right;

#[derive(Deserialize)]
struct Order {
    order_id: String,
    product_id: Option<String>,
    plan: Option<String>,
    credits: String,
    price: Money,
    paid: bool,
    recorded_at: String,
    #[serde(default)]
    disputes: Vec<PaymentDispute>,
    refunded_by_provider: Option<Money>,
}

#[derive(Deserialize)]
struct PaymentDispute {
    dispute: String,
    status: String,
}

/// What the terms say of an order's money.
#[derive(Deserialize)]
struct Eligibility {
    order_id: String,
    paid: Money,
    paid_at: String,
    eligibility: String,
    clause: Option<String>,
    code: Option<String>,
    detail: Option<String>,
    channel: String,
    channel_clause: Option<String>,
    original_until: Option<String>,
    window_until: Option<String>,
    refundable: Money,
    refundable_credits: String,
    evidence: Vec<Required>,
    refund: Option<UnderWay>,
}

#[derive(Deserialize)]
struct Required {
    kind: String,
}

#[derive(Deserialize)]
struct UnderWay {
    refund_id: String,
    status: String,
}

pub(super) async fn show(sight: &Sight<'_>) -> Result<Markup, Trouble> {
    let visitor = sight.visitor;
    let [as_of, position] = sight.when();
    let cause = ("cause", sight.query.get("cause"));
    let page = ("cursor", sight.query.get("cursor"));
    let query = [as_of, position, cause, page, ("limit", Some("50"))];
    let judged: Items<Eligibility> = visitor.get(&sight.path("refund-eligibility"), &query).await?;
    let mut orders = HashMap::new();
    if visitor.may(Right::ReadUsage) {
        let all: Items<Order> = visitor.get(&sight.path("orders"), &[("limit", Some("1000"))]).await?;
        orders = all.items.into_iter().map(|order| (order.order_id.clone(), order)).collect();
    }
    let refunds: Items<Refund> =
        visitor.get(&sight.path("refunds"), &[as_of, position, ("limit", Some("200"))]).await?;
    let body = html! {
        (cause_form(sight))
        @if judged.items.is_empty() { (empty("No order was placed by then.")) }
        @else {
            (table("Orders", &["Order", "#Paid", "#Refundable", "How", "Until", ""], &html! {
                @for item in &judged.items { (row(sight, item, orders.get(&item.order_id))) }
            }))
        }
        (pager(&visitor.path(), page.1, judged.next.as_deref()))
    };
    Ok(html! {
        (plain("Orders and their refund windows", &body))
        (plain("Refunds and withdrawals", &refunds::table_of(sight.zone, &refunds.items, false)))
    })
}

/// Which cause the terms are asked about.
fn cause_form(sight: &Sight<'_>) -> Markup {
    html! {
        form.filters method="get" {
            input type="hidden" name="tab" value="orders";
            @for name in ["at", "tz", "position"] {
                @if let Some(value) = sight.query.get(name) { input type="hidden" name=(name) value=(value); }
            }
            label for="cause" { "Cause that would be given" }
            input #cause name="cause" value=(sight.query.get("cause").unwrap_or("change_of_mind"))
                pattern="[A-Za-z0-9_\\-]{1,64}" autocomplete="off" spellcheck="false";
            button type="submit" { "Ask the terms" }
        }
    }
}

fn row(sight: &Sight<'_>, item: &Eligibility, order: Option<&Order>) -> Markup {
    html! {
        tr {
            th scope="row" {
                (item.order_id)
                @if let Some(order) = order {
                    div.hint {
                        (maybe(order.product_id.as_deref().or(order.plan.as_deref())))
                        " · " (credits(&order.credits)) " credits"
                    }
                    @if !order.paid { (badge("unpaid")) }
                    @for dispute in &order.disputes {
                        div.hint { "payment dispute " (dispute.dispute) " " (badge(&dispute.status)) }
                    }
                    @if let Some(back) = &order.refunded_by_provider { div.hint { (money(back)) " refunded by the provider" } }
                    @if order.price.amount != item.paid.amount { div.hint { "price " (money(&order.price)) } }
                    @if order.recorded_at != item.paid_at { div.hint { "ordered " (sight.zone.time(&order.recorded_at)) } }
                }
            }
            td.num { (money(&item.paid)) div.hint { (sight.zone.time(&item.paid_at)) } }
            td.num { (money(&item.refundable)) div.hint { (credits(&item.refundable_credits)) " credits" } }
            td {
                (badge(&item.eligibility))
                @if let Some(clause) = &item.clause { " " span.clause { (clause) } }
                @if let Some(detail) = &item.detail {
                    div.hint { (detail) @if let Some(code) = &item.code { " (" code { (code) } ")" } }
                }
                div.hint { (item.channel) " way" @if let Some(clause) = &item.channel_clause { " · " (clause) } }
                @if !item.evidence.is_empty() {
                    div.hint { "evidence: " @for (at, required) in item.evidence.iter().enumerate() {
                        @if at > 0 { ", " } (required.kind)
                    } }
                }
            }
            td {
                @match &item.window_until {
                    Some(until) => (sight.zone.time(until)),
                    None => span.hint { "no end" },
                }
                @if let Some(original) = &item.original_until {
                    div.hint { "the way it came until " (sight.zone.time(original)) }
                }
            }
            td {
                @if let Some(refund) = &item.refund {
                    a href={ "/console/refunds/" (refund.refund_id) } { "Refund " } (badge(&refund.status))
                } @else if !sight.is_past() {
                    (form(sight.visitor, &REFUND_REQUEST, &item.order_id, &[
                        ("account_id", sight.id), ("cause", sight.query.get("cause").unwrap_or("change_of_mind")),
                    ]))
                }
            }
        }
    }
}
