//! How what is posted came to be: its course over the latest entries, walked back from what it is.

use maud::{Markup, html};
use scrip_ledger::Credits;
use serde::Deserialize;

use super::Sight;
use crate::console::api::Items;
use crate::console::charts::{Chart, Series, Style};
use crate::console::parts::plain;
use crate::console::trouble::Trouble;
use crate::rights::Right;

/// Entries that are drawn.
const MOST: &str = "120";

#[derive(Deserialize)]
struct Entry {
    amount: Credits,
    effective_at: String,
}

/// The chart; nothing where entries may not be read, or where the past is looked at: its entries would not lead to now.
pub(super) async fn show(sight: &Sight<'_>) -> Result<Markup, Trouble> {
    let Some(head) = sight.head.as_ref().filter(|_| !sight.is_past() && sight.visitor.may(Right::ReadAll))
    else {
        return Ok(html! {});
    };
    let query = [("limit", Some(MOST)), ("order", Some("desc"))];
    let entries: Items<Entry> = sight.visitor.get(&sight.path("entries"), &query).await?;
    let Ok(mut posted) = head.balance.posted.parse::<Credits>() else { return Ok(html! {}) };
    let mut points = Vec::with_capacity(entries.items.len());
    for entry in &entries.items {
        points.push((label(entry), posted));
        // Entries and balance are read one after the other: one that came in between would lead astray.
        let Ok(before) = posted.minus(entry.amount) else { return Ok(html! {}) };
        posted = before;
    }
    let whole = entries.next.is_none();
    if points.len() < 2 || (whole && !posted.is_zero()) {
        return Ok(html! {});
    }
    points.reverse();
    let (labels, values) = points.into_iter().unzip();
    let chart = Chart {
        title: "Posted after each entry".to_owned(),
        unit: "credits".to_owned(),
        places: "entry (time in UTC)".to_owned(),
        style: Style::Steps,
        labels,
        series: vec![Series { name: "Posted".to_owned(), values }],
    };
    Ok(plain("Balance over time", &chart.show()))
}

fn label(entry: &Entry) -> String {
    let text = entry.effective_at.replace('T', " ");
    text.get(5..16).unwrap_or(&text).to_owned()
}
