//! A statement of account: its sums, and every call that is in it.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::zone_of;
use crate::console::actions::{self, DISPUTE_STATEMENT, form};
use crate::console::api::segment;
use crate::console::frame::{self, Content, Place};
use crate::console::parts::{
    account_link, badge, credits, empty, figure, maybe, pager, section, short, table,
};
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Visitor};
use crate::console::zone::Zone;

#[derive(Deserialize)]
struct Statement {
    statement_id: String,
    account_id: String,
    status: String,
    from: String,
    until: String,
    issued_at: String,
    final_at: Option<String>,
    calls: u64,
    charged: String,
    refunded: String,
    closing: Closing,
    items: Vec<Call>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Closing {
    available: String,
    debt: String,
}

#[derive(Deserialize)]
struct Call {
    debit_id: String,
    request_id: String,
    model: String,
    endpoint: String,
    key_id: Option<String>,
    outcome: String,
    charged: String,
    refunded: String,
    recorded_at: String,
}

pub(in crate::console) async fn show(Path(id): Path<String>, visitor: Visitor) -> Response {
    let content = content(&visitor, &id).await;
    frame::page(&visitor, Place::Accounts, content)
}

async fn content(visitor: &Visitor, id: &str) -> Result<Content, Trouble> {
    let query = Fields::of_query(&visitor.here);
    let asked = [
        ("cursor", query.get("cursor")),
        ("limit", Some("100")),
        ("min_position", query.get("min_position")),
    ];
    let statement: Statement = visitor.get(&format!("/v1/statements/{}", segment(id)?), &asked).await?;
    let zone = zone_of(visitor, &statement.account_id, &query).await?;
    let dispute = form(
        visitor,
        &DISPUTE_STATEMENT,
        &statement.statement_id,
        &[("statement_id", &statement.statement_id)],
    );
    let body = html! {
        p.crumbs { a href="/console/accounts" { "Accounts" } " / " (account_link(&statement.account_id)) }
        div.title { h1 { "Statement " (short(&statement.statement_id)) } (badge(&statement.status)) }
        (actions::notice(visitor))
        dl.facts {
            div { dt { "From" } dd { (zone.time(&statement.from)) } }
            div { dt { "Until" } dd { (zone.time(&statement.until)) } }
            div { dt { "Issued" } dd { (zone.time(&statement.issued_at)) } }
            div { dt { "Final" } dd { (zone.maybe(statement.final_at.as_deref())) } }
        }
        dl.figures {
            (figure("Charged", &credits(&statement.charged), &html! {}))
            (figure("Refunded", &credits(&statement.refunded), &html! {}))
            (figure("Calls", &html! { (statement.calls) }, &html! {}))
            (figure("Available at the end", &credits(&statement.closing.available), &html! {}))
            (figure("Debt at the end", &credits(&statement.closing.debt), &html! {}))
        }
        (section("Calls", &dispute, &html! {
            (calls(&statement.items, zone))
            (pager(&visitor.path(), query.get("cursor"), statement.next.as_deref()))
        }))
    };
    Ok(Content::new(format!("Statement {id}"), body))
}

fn calls(items: &[Call], zone: Zone) -> Markup {
    if items.is_empty() {
        return empty("No call was charged in this time.");
    }
    table(
        "Calls",
        &["When", "Call", "Model", "Key", "Outcome", "#Charged", "#Refunded"],
        &html! {
            @for call in items {
                tr {
                    td { (zone.time(&call.recorded_at)) }
                    th scope="row" { code { (short(&call.debit_id)) } div.hint { (call.request_id) } }
                    td { (call.model) div.hint { (call.endpoint) } }
                    td { (maybe(call.key_id.as_deref().map(short))) }
                    td { (badge(&call.outcome)) }
                    td.num { (credits(&call.charged)) }
                    td.num { (credits(&call.refunded)) }
                }
            }
        },
    )
}
