//! Books: what is sold at which rates, by which policy, since when, and what is announced.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use crate::console::api::{Items, segment};
use crate::console::frame::{self, Content, Place};
use crate::console::parts::{
    Money, badge, credits, empty, maybe, money, none, plain, replaced, table, words,
};
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Visitor};
use crate::console::zone::Zone;

#[derive(Deserialize)]
struct BookItem {
    book: String,
    catalog_version: u32,
    policy_version: u32,
    shutdown: Option<Shutdown>,
}

#[derive(Deserialize)]
struct Shutdown {
    reason: String,
    announced_at: String,
    effective_at: String,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
    announced_at: String,
    effective_at: String,
    for_subscribed_at: Option<String>,
}

#[derive(Deserialize)]
struct Catalog {
    version: u32,
    effective_at: String,
    #[serde(default)]
    products: Vec<Product>,
    #[serde(default)]
    plans: Vec<Product>,
    #[serde(default)]
    rates: Vec<Rate>,
}

#[derive(Deserialize)]
struct Product {
    id: String,
    price: Money,
    credits: String,
    every: Option<String>,
    valid_for: Option<String>,
}

#[derive(Deserialize)]
struct Rate {
    model: String,
    endpoint: String,
    unit: String,
    rate: String,
    per: u64,
    upstream_rate: Option<String>,
    discount: Option<String>,
}

#[derive(Deserialize)]
struct Policy {
    version: u32,
    effective_at: String,
    #[serde(flatten)]
    terms: serde_json::Map<String, Value>,
}

/// Members of a policy's answer that are no terms.
const NO_TERMS: [&str; 2] = ["book", "as_of_position"];

pub(in crate::console) async fn list(visitor: Visitor) -> Response {
    let content = all(&visitor).await;
    frame::page(&visitor, Place::Books, content)
}

async fn all(visitor: &Visitor) -> Result<Content, Trouble> {
    let books: Items<BookItem> = visitor.get("/v1/books", &[]).await?;
    let zone = Zone::read(None, "UTC")?;
    let rows = html! {
        @for book in &books.items {
            tr {
                th scope="row" { a href={ "/console/books/" (book.book) } { (book.book) } }
                td.num { (book.catalog_version) }
                td.num { (book.policy_version) }
                td { @match &book.shutdown {
                    Some(end) => { (badge("ending")) " " (zone.time(&end.effective_at)) div.hint { (words(&end.reason)) } },
                    None => (badge("running")),
                } }
            }
        }
    };
    let body = html! {
        h1 { "Catalogs and policies" }
        p.lead { "A book is one service: what it sells, at which rates, and the terms by which everything is decided." }
        (plain("Books", &table("Books", &["Book", "#Catalog", "#Policy", "State"], &rows)))
    };
    Ok(Content::new("Catalogs and policies", body))
}

pub(in crate::console) async fn show(Path(id): Path<String>, visitor: Visitor) -> Response {
    let content = one(&visitor, &id).await;
    frame::page(&visitor, Place::Books, content)
}

const TABS: [(&str, &str); 3] =
    [("catalog", "Catalog"), ("policy", "Policy"), ("notices", "Versions & notices")];

async fn one(visitor: &Visitor, id: &str) -> Result<Content, Trouble> {
    let path = format!("/v1/books/{}", segment(id)?);
    let query = Fields::of_query(&visitor.here);
    let policy: Policy = visitor.get(&format!("{path}/policy"), &[]).await?;
    let own = policy.terms.get("time_zone").and_then(Value::as_str).unwrap_or("UTC").to_owned();
    let zone = Zone::read(query.get("tz"), &own)?;
    let at = query.get("at").map(|at| zone.instant(at)).transpose()?.map(|at| at.to_string());
    let open =
        TABS.iter().find(|(name, _)| Some(*name) == query.get("tab")).map_or("catalog", |(name, _)| *name);
    let part = match open {
        "policy" => {
            let policy = match &at {
                Some(at) => visitor.get(&format!("{path}/policy"), &[("at", Some(at))]).await?,
                None => policy,
            };
            policy_part(&policy, zone)
        }
        "notices" => notices(visitor, &path, zone).await?,
        _ => {
            let query = [("at", at.as_deref()), ("account_id", query.get("account"))];
            catalog_part(&visitor.get(&format!("{path}/catalog"), &query).await?, zone)
        }
    };
    let body = html! {
        p.crumbs { a href="/console/books" { "Catalogs and policies" } }
        h1 { (id) }
        dl.facts {
            div { dt { "Time zone of the book" } dd { (own) } }
        }
        @if open != "notices" { (moment(&query, zone, at.as_deref(), open)) }
        nav.tabs aria-label="Parts of the book" {
            @for (name, label) in TABS {
                a href=(replaced(&visitor.path(), "tab", name)) aria-current=[(name == open).then_some("page")] { (label) }
            }
        }
        (part)
    };
    Ok(Content::new(format!("Book {id}"), body))
}

/// As of when the terms are shown: versions that are announced can be looked at too.
fn moment(query: &Fields, zone: Zone, at: Option<&str>, tab: &str) -> Markup {
    let field = at.and_then(|at| at.parse().ok()).map(|at| zone.field(at));
    html! {
        form.moment method="get" aria-label="In force when" {
            input type="hidden" name="tab" value=(tab);
            div.field {
                label for="at" { "In force at" }
                input #at type="datetime-local" name="at" step="1" value=[field];
            }
            div.field { label for="tz" { "Time zone" } input #tz name="tz" value=(zone.name()) autocomplete="off"; }
            @if tab == "catalog" {
                div.field {
                    label for="account" { "For the account " span.hint { "(optional)" } }
                    input #account name="account" value=[query.get("account")] autocomplete="off";
                }
            }
            button type="submit" { "Show" }
            @if let Some(at) = at { p.stand { strong { "In force at " } (zone.time(at)) } }
        }
    }
}

fn catalog_part(catalog: &Catalog, zone: Zone) -> Markup {
    let since = html! { p.hint { "Version " (catalog.version) ", in force since " (zone.time(&catalog.effective_at)) } };
    let sold = |items: &[Product]| {
        html! {
            @for item in items {
                tr {
                    th scope="row" { (item.id) }
                    td.num { (money(&item.price)) }
                    td.num { (credits(&item.credits)) }
                    td { (maybe(item.every.as_deref())) }
                    td { (maybe(item.valid_for.as_deref())) }
                }
            }
        }
    };
    let head = ["Id", "#Price", "#Credits", "Every", "Valid for"];
    html! {
        (plain("Products", &html! {
            (since)
            @if catalog.products.is_empty() { (empty("Nothing is sold by the piece.")) }
            @else { (table("Products", &head, &sold(&catalog.products))) }
        }))
        @if !catalog.plans.is_empty() { (plain("Plans", &table("Plans", &head, &sold(&catalog.plans)))) }
        (plain("Rates", &rates(&catalog.rates)))
    }
}

fn rates(rates: &[Rate]) -> Markup {
    let discounted = rates.iter().any(|rate| rate.discount.is_some());
    let mut head = vec!["Model", "Endpoint", "Unit", "#Credits", "#Per"];
    if discounted {
        head.extend(["#Upstream", "#Discount"]);
    }
    let mut before = "";
    let rows = html! {
        @for rate in rates {
            tr {
                th scope="row" { span.unseen[before == rate.model] { (rate.model) } }
                td { (rate.endpoint) }
                td { (words(&rate.unit)) }
                td.num { (credits(&rate.rate)) }
                td.num { (rate.per) }
                @if discounted {
                    td.num { @match &rate.upstream_rate { Some(rate) => (credits(rate)), None => (none()) } }
                    td.num { @match &rate.discount { Some(rate) => (credits(rate)), None => (none()) } }
                }
            }
            ({ before = &rate.model; "" })
        }
    };
    table("Rates", &head, &rows)
}

/// The policy, clause by clause, as it is written.
fn policy_part(policy: &Policy, zone: Zone) -> Markup {
    let terms =
        policy.terms.iter().filter(|(name, value)| !NO_TERMS.contains(&name.as_str()) && !is_nothing(value));
    let (plain_terms, groups): (Vec<_>, Vec<_>) = terms.partition(|(_, value)| !value.is_object());
    html! {
        p.hint { "Version " (policy.version) ", in force since " (zone.time(&policy.effective_at)) }
        (plain("In general", &html! { dl.envelope { @for (name, value) in plain_terms { (term(name, value)) } } }))
        div.columns {
            @for (name, value) in groups {
                (plain(&title(name), &inner(value)))
            }
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

fn title(name: &str) -> String {
    let name = words(name);
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

fn term(name: &str, value: &Value) -> Markup {
    html! { dt { (words(name)) } dd { (inner(value)) } }
}

fn inner(value: &Value) -> Markup {
    html! {
        @match value {
            Value::Object(members) => dl.envelope {
                @for (name, value) in members.iter().filter(|(_, value)| !is_nothing(value)) { (term(name, value)) }
            },
            Value::Array(items) if items.iter().any(Value::is_object) => {
                @for item in items { div.item { (inner(item)) } }
            },
            Value::Array(items) => { @for (at, item) in items.iter().enumerate() { @if at > 0 { ", " } (inner(item)) } },
            Value::String(text) => (text),
            Value::Bool(true) => "yes",
            Value::Bool(false) => "no",
            Value::Number(number) => (number),
            Value::Null => (none()),
        }
    }
}

/// Every version, its notice, and whether it is still to come.
async fn notices(visitor: &Visitor, path: &str, zone: Zone) -> Result<Markup, Trouble> {
    let (catalogs_path, policies_path, campaigns_path) =
        (format!("{path}/catalogs"), format!("{path}/policies"), format!("{path}/campaigns"));
    let catalogs = visitor.get::<Items<Version>>(&catalogs_path, &[]);
    let policies = visitor.get::<Items<Version>>(&policies_path, &[]);
    let campaigns = visitor.get::<Items<serde_json::Map<String, Value>>>(&campaigns_path, &[]);
    let books = visitor.get::<Items<BookItem>>("/v1/books", &[]);
    let (catalogs, policies, campaigns, books) =
        futures_util::future::try_join4(catalogs, policies, campaigns, books).await?;
    let now = visitor.desk().app.engine.clock().now().to_string();
    let end = books.items.into_iter().filter(|book| path.ends_with(&format!("/{}", book.book)));
    let end = end.filter_map(|book| book.shutdown).next();
    Ok(html! {
        @if let Some(end) = end {
            p.wrong { "The service ends " (zone.time(&end.effective_at)) " (" (words(&end.reason)) "), announced "
                (zone.time(&end.announced_at)) "." }
        }
        div.pair {
            (plain("Catalogs", &versions("Catalogs", &catalogs.items, zone, &now)))
            (plain("Policies", &versions("Policies", &policies.items, zone, &now)))
        }
        (plain("Campaigns", &campaigns_part(&campaigns.items, zone)))
    })
}

fn versions(label: &str, versions: &[Version], zone: Zone, now: &str) -> Markup {
    let newest = versions.iter().rposition(|version| version.effective_at.as_str() <= now);
    let state = |at: usize| match newest {
        Some(newest) if at == newest => "current",
        Some(newest) if at < newest => "past",
        _ => "announced",
    };
    table(
        label,
        &["#Version", "State", "Announced", "In force"],
        &html! {
            @for (at, version) in versions.iter().enumerate().rev() {
                tr {
                    td.num { (version.version) }
                    td { (badge(state(at))) }
                    td { (zone.time(&version.announced_at)) }
                    td {
                        (zone.time(&version.effective_at))
                        @if let Some(subscribed) = &version.for_subscribed_at {
                            div.hint { "for subscribers " (zone.time(subscribed)) }
                        }
                    }
                }
            }
        },
    )
}

fn campaigns_part(campaigns: &[serde_json::Map<String, Value>], zone: Zone) -> Markup {
    if campaigns.is_empty() {
        return empty("No campaign was announced.");
    }
    let text = |campaign: &serde_json::Map<String, Value>, name: &str| {
        campaign.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let own = ["id", "announced_at", "effective_at", "credits"];
    table(
        "Campaigns",
        &["Campaign", "#Credits", "Terms", "Announced", "In force"],
        &html! {
            @for campaign in campaigns {
                tr {
                    th scope="row" { (text(campaign, "id")) }
                    td.num { (credits(&text(campaign, "credits"))) }
                    td { dl.envelope { @for (name, value) in campaign.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
                        (term(name, value))
                    } } }
                    td { (zone.time(&text(campaign, "announced_at"))) }
                    td { (zone.time(&text(campaign, "effective_at"))) }
                }
            }
        },
    )
}
