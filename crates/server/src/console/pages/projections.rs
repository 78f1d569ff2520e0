//! The read models: how far each is behind the log, what one has stopped at, building them anew.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::console::actions::{self, PROJECTION_SKIP, PROJECTIONS_REBUILD, form};
use crate::console::frame::{self, Content, Place};
use crate::console::parts::{badge, none, plain, section, table, words};
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Visitor};

#[derive(Deserialize)]
struct Answer {
    items: Vec<Item>,
    trouble: Option<String>,
    building: Option<Building>,
    compared: Option<Compared>,
    as_of_position: u64,
}

#[derive(Deserialize)]
struct Item {
    name: String,
    state: String,
    position: Option<u64>,
    lag: u64,
    lag_seconds: u64,
    version: i64,
    generation: u64,
    poison: Option<Poison>,
}

#[derive(Deserialize)]
struct Poison {
    position: u64,
    error: String,
}

#[derive(Deserialize)]
struct Building {
    generation: u64,
    events: u64,
}

#[derive(Deserialize)]
struct Compared {
    generation: u64,
    events: u64,
    rows: u64,
    differences: u64,
    examples: Vec<String>,
}

pub(in crate::console) async fn show(visitor: Visitor) -> Response {
    let content = content(&visitor).await;
    frame::page(&visitor, Place::Projections, content)
}

async fn content(visitor: &Visitor) -> Result<Content, Trouble> {
    let query = Fields::of_query(&visitor.here);
    let answer: Answer =
        visitor.get("/v1/projections", &[("min_position", query.get("min_position"))]).await?;
    let rebuild =
        html! { @if answer.building.is_none() { (form(visitor, &PROJECTIONS_REBUILD, "all", &[])) } };
    let body = html! {
        h1 { "Projections" }
        p.lead { "What lists and reports are read from is computed from the log, and can be computed again at any time." }
        (actions::notice(visitor))
        @if let Some(trouble) = &answer.trouble {
            p.wrong role="alert" { "They do not go on: " (trouble) ". It is tried again." }
        }
        @if let Some(building) = &answer.building {
            div.notice role="status" data-reload="2" {
                "Generation " (building.generation) " is being built beside the one in use: " (building.events) " events so far."
            }
        }
        (section("Read models", &rebuild, &models(visitor, &answer)))
        @if let Some(compared) = &answer.compared { (plain("The last one that took another's place", &comparison(compared))) }
    };
    Ok(Content::new("Projections", body))
}

fn models(visitor: &Visitor, answer: &Answer) -> Markup {
    let rows = html! {
        @for item in &answer.items {
            tr {
                th scope="row" { (words(&item.name)) }
                td { (badge(&item.state)) @if let Some(poison) = &item.poison {
                    div.hint { "at position " (poison.position) ": " (poison.error) }
                } }
                td.num { @match item.position { Some(position) => (position), None => (none()) } }
                td.num { (item.lag) }
                td.num { (item.lag_seconds) " s" }
                td.num { (item.version) }
                td.num { (item.generation) }
                td { @if let Some(poison) = &item.poison {
                    (form(visitor, &PROJECTION_SKIP, &item.name, &[("position", &poison.position.to_string())]))
                } }
            }
        }
    };
    html! {
        p.hint { "The log is at position " (answer.as_of_position) "." }
        (table("Read models",
            &["Name", "State", "#Position", "#Events behind", "#For", "#Shape", "#Generation", ""], &rows))
    }
}

fn comparison(compared: &Compared) -> Markup {
    html! {
        p {
            "Generation " (compared.generation) ", compared over " (compared.events) " events: " (compared.rows) " rows, "
            @if compared.differences == 0 { "all the same." } @else { strong { (compared.differences) " differences." } }
        }
        @if !compared.examples.is_empty() { ul { @for example in &compared.examples { li { code { (example) } } } } }
    }
}
