//! Every event of an account, the newest first, as it was recorded.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::{Sight, also_later};
use crate::console::api::Items;
use crate::console::pages::export::of_account;
use crate::console::parts::{empty, pager, plain, replaced, section, words};
use crate::console::trouble::Trouble;

#[derive(Deserialize)]
struct Event {
    r#type: String,
    version: u32,
    position: u64,
    revision: u64,
    recorded_at: String,
    effective_at: String,
    actor: String,
    correlation: String,
    key: String,
    hash: String,
    payload: Value,
}

pub(super) async fn show(sight: &Sight<'_>) -> Result<Markup, Trouble> {
    let cursor = sight.query.get("cursor");
    let query = [("limit", Some("40")), ("cursor", cursor), ("order", Some("desc"))];
    let events: Items<Event> = sight.visitor.get(&sight.path("events"), &query).await?;
    if events.items.is_empty() {
        return Ok(plain("Timeline", &empty("There are no more events.")));
    }
    let body = html! {
        (also_later(sight))
        ol.timeline { @for event in &events.items { li { (one(sight, event)) } } }
        (pager(&sight.visitor.path(), cursor, events.next.as_deref()))
    };
    let export =
        html! { a.button href=(of_account(sight.id, "events", &[("order", Some("desc"))])) { "Export CSV" } };
    Ok(section("Timeline", &export, &body))
}

fn one(sight: &Sight<'_>, event: &Event) -> Markup {
    let payload = serde_json::to_string_pretty(&event.payload).unwrap_or_default();
    let stand = replaced(&format!("/console/accounts/{}", sight.id), "position", &event.position.to_string());
    html! {
        div.when { (sight.zone.time(&event.effective_at)) }
        div.what {
            strong { (words(&event.r#type)) } " " span.hint { "by " (event.actor) }
            @if event.recorded_at != event.effective_at {
                div.hint { "recorded " (sight.zone.time(&event.recorded_at)) }
            }
            details {
                summary { "position " (event.position) " · revision " (event.revision) }
                dl.envelope {
                    dt { "version" } dd { (event.version) }
                    @if !event.key.is_empty() { dt { "key" } dd { code { (event.key) } } }
                    @if !event.correlation.is_empty() { dt { "correlation" } dd { code { (event.correlation) } } }
                    dt { "hash" } dd { code { (event.hash) } }
                }
                pre tabindex="0" { (payload) }
                p { a href=(stand) { "The account as it stood at this position" } }
            }
        }
    }
}
