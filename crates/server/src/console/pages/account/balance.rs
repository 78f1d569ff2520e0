//! What an account has, lot by lot, and what holds reserve of it.

use maud::{Markup, html};
use scrip_ledger::{Credits, Timestamp};
use serde::Deserialize;

use super::Sight;
use crate::console::actions::{ADJUST, CREDIT_LINE, GRANT, form};
use crate::console::api::Items;
use crate::console::parts::{
    LotPart, Money, credits, empty, lot_parts, maybe_money, none, section, short, table, words,
};
use crate::console::trouble::Trouble;

#[derive(Deserialize)]
struct Lot {
    lot_id: String,
    granted: String,
    available: String,
    held: String,
    spent: String,
    expired: String,
    forfeited: String,
    reclaimed: String,
    frozen: bool,
    expires_at: Option<String>,
    cost_basis: Option<Money>,
    order_id: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Hold {
    hold_id: String,
    request_id: String,
    model: String,
    endpoint: String,
    amount: String,
    expires_at: String,
    lots: Vec<LotPart>,
}

/// Lots and holds that are shown; an account has rarely more, and the rest is a page away in the API.
const MOST: &str = "200";

pub(super) async fn show(sight: &Sight<'_>) -> Result<Markup, Trouble> {
    let [as_of, position] = sight.when();
    let query = [as_of, position, ("limit", Some(MOST))];
    let (lots_path, holds_path) = (sight.path("lots"), sight.path("holds"));
    let lots = sight.visitor.get::<Items<Lot>>(&lots_path, &query);
    let holds = sight.visitor.get::<Items<Hold>>(&holds_path, &query);
    let (lots, holds) = futures_util::future::try_join(lots, holds).await?;
    let now = sight.as_of.as_deref().and_then(|at| at.parse().ok());
    let now = now.unwrap_or_else(|| sight.visitor.desk().app.engine.clock().now());
    let given = html! {
        @if !sight.is_past() {
            (form(sight.visitor, &GRANT, sight.id, &[]))
            (form(sight.visitor, &ADJUST, sight.id, &[]))
            (form(sight.visitor, &CREDIT_LINE, sight.id, &[]))
        }
    };
    let course = super::course::show(sight).await?;
    Ok(html! {
        (section("Lots", &given, &lots_table(sight, &lots, now)))
        (section("Holds in flight", &html! {}, &holds_table(sight, &holds)))
        (course)
    })
}

fn lots_table(sight: &Sight<'_>, lots: &Items<Lot>, now: Timestamp) -> Markup {
    if lots.items.is_empty() {
        return empty("No lots: nothing was bought or granted by then.");
    }
    let head = ["Lot", "Left", "#Available", "#Held", "#Spent", "#Granted", "#Paid", "Ends"];
    let rows = html! {
        @for lot in &lots.items {
            tr {
                th scope="row" {
                    code { (short(&lot.lot_id)) }
                    @if lot.frozen { " " span.badge data-tone="bad" { "frozen" } }
                    br;
                    span.hint {
                        @if let Some(order) = &lot.order_id { "order " (order) }
                        @else if let Some(source) = &lot.source { (words(source)) }
                    }
                }
                td { (bar(lot)) }
                td.num { (credits(&lot.available)) }
                td.num { (credits(&lot.held)) }
                td.num { (credits(&lot.spent)) (gone(lot)) }
                td.num { (credits(&lot.granted)) }
                td.num { (maybe_money(lot.cost_basis.as_ref())) }
                td { (ends(sight, lot, now)) }
            }
        }
    };
    html! {
        (table("Lots", &head, &rows))
        @if lots.next.is_some() { p.hint { "The first " (MOST) " lots are shown." } }
    }
}

/// What left the lot otherwise than by being spent.
fn gone(lot: &Lot) -> Markup {
    let ways = [("expired", &lot.expired), ("forfeited", &lot.forfeited), ("reclaimed", &lot.reclaimed)];
    html! {
        @for (way, amount) in ways {
            @if amount != "0" { div.hint { (credits(amount)) " " (way) } }
        }
    }
}

/// When a lot ends, and how far that is.
fn ends(sight: &Sight<'_>, lot: &Lot, now: Timestamp) -> Markup {
    let Some(end) = &lot.expires_at else { return html! { span.hint { "never" } } };
    let days =
        end.parse().ok().map(|end: Timestamp| end.micros().saturating_sub(now.micros()) / 86_400_000_000);
    html! {
        (sight.zone.time(end))
        @match days {
            Some(days) if days >= 2 => div.hint { "in " (days) " days" },
            Some(0..=1) if end.as_str() > now.to_string().as_str() => div.hint.soon { "within two days" },
            Some(_) => div.hint { "has ended" },
            None => {},
        }
    }
}

/// The shares of a lot that are free and held, drawn in thousandths of what was granted.
fn bar(lot: &Lot) -> Markup {
    let share = |text: &str| -> Option<i128> {
        let (part, whole) = (text.parse::<Credits>().ok()?, lot.granted.parse::<Credits>().ok()?);
        part.nanos().checked_mul(1000)?.checked_div(whole.nanos())
    };
    let (Some(free), Some(held)) = (share(&lot.available), share(&lot.held)) else { return none() };
    let label = format!("{} of {} left, {} held", lot.available, lot.granted, lot.held);
    html! {
        svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label=(label) {
            title { (label) }
            rect.track width="1000" height="10" {}
            rect.free width=(free) height="10" {}
            rect.held x=(free) width=(held) height="10" {}
        }
    }
}

fn holds_table(sight: &Sight<'_>, holds: &Items<Hold>) -> Markup {
    if holds.items.is_empty() {
        return empty("Nothing is held.");
    }
    let head = ["Hold", "Call", "#Amount", "Of lots", "Ends"];
    let rows = html! {
        @for hold in &holds.items {
            tr {
                th scope="row" { code { (short(&hold.hold_id)) } br; span.hint { (hold.request_id) } }
                td { (hold.model) br; span.hint { (hold.endpoint) } }
                td.num { (credits(&hold.amount)) }
                td { (lot_parts(&hold.lots)) }
                td { (sight.zone.time(&hold.expires_at)) }
            }
        }
    };
    table("Holds in flight", &head, &rows)
}
