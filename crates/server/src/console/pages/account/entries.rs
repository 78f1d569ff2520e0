//! Every movement of an account's credits, the newest first, with the lots it took and, of a call, the lines it was rated by.

use std::collections::HashMap;

use maud::{Markup, html};
use serde::Deserialize;

use super::{Sight, also_later};
use crate::console::actions::{DISPUTE_CALL, REFUND_CALL, form};
use crate::console::api::Items;
use crate::console::pages::export::of_account;
use crate::console::parts::{LotPart, badge, credits, empty, lot_parts, pager, plain, section, table, words};
use crate::console::trouble::Trouble;
use crate::paging::newest_from;

/// Entries of a page.
const PAGE: &str = "25";

#[derive(Deserialize)]
struct Entry {
    r#type: String,
    amount: String,
    debt: String,
    lots: Vec<LotPart>,
    effective_at: String,
    position: u64,
    revision: u64,
}

#[derive(Deserialize)]
struct Call {
    debit_id: String,
    model: String,
    endpoint: String,
    outcome: String,
    charged: String,
    refunded: String,
    absorbed: String,
    debt: String,
    request_id: String,
    lines: Vec<Line>,
    catalog_version: u32,
    revision: u64,
}

#[derive(Deserialize)]
struct Line {
    unit: String,
    quantity: String,
    rate: String,
    per: u64,
    amount: String,
}

pub(super) async fn show(sight: &Sight<'_>) -> Result<Markup, Trouble> {
    let cursor = sight.query.get("cursor");
    let query = [("limit", Some(PAGE)), ("cursor", cursor), ("order", Some("desc"))];
    let entries: Items<Entry> = sight.visitor.get(&sight.path("entries"), &query).await?;
    let calls = calls_of(sight, &entries.items).await?;
    if entries.items.is_empty() {
        return Ok(plain("Entries", &empty("Nothing has moved yet.")));
    }
    let head = ["When", "What", "#Amount", "Of lots", "#Position"];
    let rows = html! {
        @for entry in &entries.items {
            @let call = calls.get(&entry.revision);
            tr {
                td { (sight.zone.time(&entry.effective_at)) }
                td {
                    strong { (words(&entry.r#type)) }
                    @if let Some(call) = call { (lines(sight, call)) }
                }
                td.num {
                    (credits(&entry.amount))
                    @if entry.debt != "0" { div.hint { (credits(&entry.debt)) " debt" } }
                }
                td { (lot_parts(&entry.lots)) }
                td.num { (entry.position) }
            }
        }
    };
    let body = html! {
        (also_later(sight))
        (table("Entries", &head, &rows))
        (pager(&sight.visitor.path(), cursor, entries.next.as_deref()))
    };
    let export = html! {
    a.button href={ "/console/usage?account=" (sight.id) } { "Usage" }
    a.button href=(of_account(sight.id, "entries", &[("order", Some("desc"))])) { "Export CSV" } };
    Ok(section("Entries", &export, &body))
}

/// The calls among these entries, by the revisions of their charges.
async fn calls_of(sight: &Sight<'_>, entries: &[Entry]) -> Result<HashMap<u64, Call>, Trouble> {
    let charged = |entry: &&Entry| matches!(entry.r#type.as_str(), "hold_captured" | "debited");
    let newest = entries.iter().filter(charged).map(|entry| entry.revision).max();
    let Some(newest) = newest else { return Ok(HashMap::new()) };
    let cursor = newest_from("calls", newest);
    // Calls at no charge are among them that move nothing: as many again find room.
    let query = [("limit", Some("100")), ("cursor", Some(cursor.as_str())), ("order", Some("desc"))];
    let calls: Items<Call> = sight.visitor.get(&sight.path("calls"), &query).await?;
    Ok(calls.items.into_iter().map(|call| (call.revision, call)).collect())
}

/// How a call was rated.
fn lines(sight: &Sight<'_>, call: &Call) -> Markup {
    html! {
        details.lines {
            summary { (call.model) " · " (call.endpoint) " " (badge(&call.outcome)) }
            p.hint {
                code { (call.debit_id) } " · request " (call.request_id) " · catalog " (call.catalog_version)
            }
            table {
                thead { tr {
                    th scope="col" { "Unit" } th.num scope="col" { "Quantity" }
                    th.num scope="col" { "Rate" } th.num scope="col" { "Amount" }
                } }
                tbody {
                    @for line in &call.lines {
                        tr {
                            th scope="row" { (words(&line.unit)) }
                            td.num { (line.quantity) }
                            td.num { (line.rate) " / " (line.per) }
                            td.num { (credits(&line.amount)) }
                        }
                    }
                    tr.sum {
                        th scope="row" { "Charged, rounded once" } td {} td {} td.num { (credits(&call.charged)) }
                    }
                    @for (label, amount) in
                        [("Refunded", &call.refunded), ("Owed", &call.debt), ("Absorbed", &call.absorbed)] {
                        @if amount != "0" { tr { th scope="row" { (label) } td {} td {} td.num { (credits(amount)) } } }
                    }
                }
            }
            div.row {
                (form(sight.visitor, &REFUND_CALL, &call.debit_id, &[]))
                (form(sight.visitor, &DISPUTE_CALL, &call.debit_id, &[("debit_id", &call.debit_id)]))
            }
        }
    }
}
