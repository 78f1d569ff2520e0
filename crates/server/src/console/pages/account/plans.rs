//! Subscriptions with their periods, and the statements of account.

use maud::{Markup, html};
use serde::Deserialize;

use super::{Sight, also_later};
use crate::console::actions::{CANCEL_SUBSCRIPTION, DISPUTE_STATEMENT, form};
use crate::console::api::Items;
use crate::console::parts::{Money, badge, credits, empty, money, none, plain, short, table};
use crate::console::trouble::Trouble;

#[derive(Deserialize)]
struct Subscription {
    subscription_id: String,
    plan: String,
    every: String,
    status: String,
    began_at: String,
    ends_at: Option<String>,
    end_reason: Option<String>,
    period: Option<Period>,
    periods: u64,
    unpaid: Vec<Period>,
}

#[derive(Deserialize)]
struct Period {
    from: String,
    until: String,
    price: Money,
    order_id: String,
}

#[derive(Deserialize)]
struct Statement {
    statement_id: String,
    status: String,
    from: String,
    until: String,
    issued_at: String,
    final_at: Option<String>,
    calls: u64,
    charged: String,
    refunded: String,
    closing: Closing,
}

#[derive(Deserialize)]
struct Closing {
    available: String,
}

pub(super) async fn show(sight: &Sight<'_>) -> Result<Markup, Trouble> {
    let query = [("limit", Some("100"))];
    let (plans_path, statements_path) = (sight.path("subscriptions"), sight.path("statements"));
    let plans = sight.visitor.get::<Items<Subscription>>(&plans_path, &query);
    let statements = sight.visitor.get::<Items<Statement>>(&statements_path, &query);
    let (plans, statements) = futures_util::future::try_join(plans, statements).await?;
    Ok(html! {
        (also_later(sight))
        (plain("Subscriptions", &plans_table(sight, &plans.items)))
        (plain("Statements", &statements_table(sight, &statements.items)))
    })
}

fn plans_table(sight: &Sight<'_>, plans: &[Subscription]) -> Markup {
    if plans.is_empty() {
        return empty("No subscription.");
    }
    let head = ["Subscription", "Status", "Period", "#Periods", "Unpaid", "Ends", ""];
    let rows = html! {
        @for plan in plans {
            tr {
                th scope="row" {
                    code { (short(&plan.subscription_id)) } br;
                    span.hint { (plan.plan) " · every " (plan.every) " since " (sight.zone.time(&plan.began_at)) }
                }
                td { (badge(&plan.status)) @if let Some(reason) = &plan.end_reason { div.hint { (reason) } } }
                td { @match &plan.period {
                    Some(period) => {
                        (sight.zone.time(&period.from)) div.hint { "until " (sight.zone.time(&period.until)) }
                        div.hint { (money(&period.price)) " · " (period.order_id) }
                    },
                    None => (none()),
                } }
                td.num { (plan.periods) }
                td { @if plan.unpaid.is_empty() { (none()) } @else { ul.parts {
                    @for period in &plan.unpaid { li { (money(&period.price)) " · " (period.order_id) } }
                } } }
                td { (sight.zone.maybe(plan.ends_at.as_deref())) }
                td { @if plan.status == "active" { (form(sight.visitor, &CANCEL_SUBSCRIPTION, &plan.subscription_id, &[])) } }
            }
        }
    };
    table("Subscriptions", &head, &rows)
}

fn statements_table(sight: &Sight<'_>, statements: &[Statement]) -> Markup {
    if statements.is_empty() {
        return empty(
            "No statement was issued: the book's terms issue none, or the first period has not ended.",
        );
    }
    let head =
        ["Statement", "Period", "#Calls", "#Charged", "#Refunded", "#Closing, available", "Status", ""];
    let rows = html! {
        @for statement in statements {
            tr {
                th scope="row" {
                    a href={ "/console/statements/" (statement.statement_id) } { (short(&statement.statement_id)) } br;
                    span.hint { "issued " (sight.zone.time(&statement.issued_at)) }
                }
                td { (sight.zone.time(&statement.from)) div.hint { "until " (sight.zone.time(&statement.until)) } }
                td.num { (statement.calls) }
                td.num { (credits(&statement.charged)) }
                td.num { (credits(&statement.refunded)) }
                td.num { (credits(&statement.closing.available)) }
                td {
                    (badge(&statement.status))
                    @if let Some(at) = &statement.final_at { div.hint { "final " (sight.zone.time(at)) } }
                }
                td {
                    (form(sight.visitor, &DISPUTE_STATEMENT, &statement.statement_id, &[
                        ("statement_id", &statement.statement_id),
                    ]))
                }
            }
        }
    };
    table("Statements", &head, &rows)
}
