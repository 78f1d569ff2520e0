//! Audit: the head of the log, verification against what an auditor kept, an account replayed to a position.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use scrip_engine::{BookScope, Expectation};
use scrip_ledger::Credits;
use scrip_ledger::event::SecretHash;
use serde::Deserialize;

use crate::console::Console;
use crate::console::api::{Items, segment};
use crate::console::frame::{self, Content, Place};
use crate::console::parts::{account_link, credits, empty, none, plain, section, table, words};
use crate::console::trouble::Trouble;
use crate::console::visitor::{Fields, Submitted, Visitor};
use crate::console::watch::{Busy, Job};
use crate::console::zone::Zone;
use crate::problem::{Code, Problem};
use crate::rights::Right;

#[derive(Deserialize)]
struct Event {
    position: u64,
    r#type: String,
    stream: String,
    actor: String,
    recorded_at: String,
    hash: String,
}

/// Events of the log that are shown.
const SHOWN: u64 = 15;

pub(in crate::console) async fn show(visitor: Visitor) -> Response {
    let content = content(&visitor).await;
    frame::page(&visitor, Place::Audit, content)
}

/// Who may look at the whole log: who may read everything, of all books.
fn allowed(visitor: &Visitor) -> Result<(), Problem> {
    visitor.principal().may(Right::ReadAll)?;
    match visitor.principal().books {
        BookScope::All => Ok(()),
        BookScope::Some(_) => {
            Err(Problem::new(Code::FORBIDDEN_BOOK, "the log holds all books; this token is for some"))
        }
    }
}

async fn content(visitor: &Visitor) -> Result<Content, Trouble> {
    allowed(visitor)?;
    let query = Fields::of_query(&visitor.here);
    let zone = Zone::read(query.get("tz"), "UTC")?;
    let app = &visitor.desk().app;
    let store = app.engine.store().clone();
    let head = app.blocking(move || store.head()).await?.map_err(Problem::from)?;
    let kept = format!("{}:{}", head.next_position, SecretHash(head.running_hash));
    let until = match query.get("position") {
        Some(text) => text
            .parse::<u64>()
            .map_err(|_| {
                Problem::new(Code::MALFORMED, "a whole number belongs here").with("field", "position")
            })?
            .saturating_add(1),
        None => head.next_position,
    };
    let events = events(visitor, until).await?;
    let job = visitor.desk().watch.last();
    let runs = job.as_ref().is_some_and(|job| job.ended().is_none());
    let body = html! {
        h1 { "Audit" }
        p.lead { "Every answer follows from the events of one log. Keep its head from time to time: later it shows that the "
            "history before it was not rewritten." }
        (plain("The head of the log", &html! {
            dl.envelope {
                dt { "Events" } dd #events { (head.next_position) }
                dt { "Position and running hash, to be kept" } dd { code #head { (kept) } }
            }
        }))
        (section("Verify", &html! {}, &html! {
            (verify_form(visitor, runs))
            @if let Some(job) = &job { (outcome(job)) }
        }))
        (plain("Replay an account to a position", &replay(visitor, &query, head.next_position).await?))
        (section("The log", &position_form(&query), &log(zone, &events)))
    };
    Ok(Content::new("Audit", body))
}

/// The last events before a position, the newest first.
async fn events(visitor: &Visitor, until: u64) -> Result<Vec<Event>, Trouble> {
    let first = until.saturating_sub(SHOWN);
    let limit = until.saturating_sub(first).to_string();
    if until == 0 {
        return Ok(Vec::new());
    }
    let after = first.checked_sub(1).map(|after| after.to_string());
    let page: Items<Event> =
        visitor.get("/v1/events", &[("after", after.as_deref()), ("limit", Some(&limit))]).await?;
    Ok(page.items.into_iter().rev().collect())
}

fn verify_form(visitor: &Visitor, runs: bool) -> Markup {
    html! {
        p.hint { "Reads the whole log beside the calls: every hash, position, time, and every account folded anew." }
        form.filters method="post" action="/console/audit/verify" {
            input type="hidden" name="word" value=(visitor.word());
            label for="expect" { "Compare with a head that was kept " span.hint { "(optional)" } }
            input #expect name="expect" placeholder="POSITION:HASH" size="40" autocomplete="off" spellcheck="false"
                pattern="[0-9]+:[0-9a-fA-F]{64}" title="POSITION:HASH, as shown above or as scrip head prints it";
            button.primary type="submit" disabled[runs] { "Verify now" }
        }
    }
}

fn outcome(job: &Job) -> Markup {
    let against = job.expect.map(|expect| format!("{}:{}", expect.position, SecretHash(expect.hash)));
    html! {
        @match job.ended() {
            None => div data-reload="1" role="status" {
                p { "Verifying for " strong { (job.by) } ": " (job.passed()) " of " (job.total) " events." }
                progress max=(job.total) value=(job.passed()) aria-label="Events that were verified" {}
                p { a.button href="/console/audit" { "Look again" } }
            },
            Some(Err(error)) => p.wrong role="alert" { "Not verified: " (error) },
            Some(Ok(verified)) if verified.finding_count == 0 => div.notice role="status" {
                "Verified: nothing is wrong. "
                span.hint {
                    (verified.head.next_position) " events of " (verified.streams) " streams, " (verified.accounts)
                    " accounts folded from their first event"
                    @if against.is_some() { ", and the log begins with what was kept" }
                    "; asked for by " (job.by) "."
                }
            },
            Some(Ok(verified)) => {
                p.wrong role="alert" { "Not verified: " (verified.finding_count) " findings." }
                (table("Findings", &["#Position", "Stream", "#Revision", "What is wrong"], &html! {
                    @for finding in &verified.findings {
                        tr {
                            td.num { (finding.position) }
                            td { code { (finding.stream) } }
                            td.num { (finding.revision) }
                            td { (finding.what) }
                        }
                    }
                }))
            }
        }
        @if let Some(against) = against { p.hint { "Compared with " code { (against) } } }
    }
}

/// Begins a verification.
pub(in crate::console) async fn begin(State(desk): Console, submitted: Submitted) -> Response {
    let Submitted { visitor, fields } = submitted;
    let begun = async {
        allowed(&visitor)?;
        let expect = fields.get("expect").map(expectation).transpose()?;
        let (by, store) = (visitor.principal().subject.to_string(), desk.app.engine.store().clone());
        let begins = desk.clone();
        desk.app.blocking(move || begins.watch.begin(store, by, expect)).await?.map_err(|busy| match busy {
            Busy::Running => Problem::new(Code::OVERLOADED, "a verification runs already: wait for its end"),
            Busy::NoStore => Problem::new(Code::STORE_UNAVAILABLE, "the store does not answer"),
            Busy::NoThread => Problem::new(Code::OVERLOADED, "there is no room for a verification now"),
        })
    };
    match begun.await {
        Ok(()) => Redirect::to("/console/audit").into_response(),
        Err(problem) => frame::trouble(&visitor, Place::Audit, &problem.into(), Some("/console/audit")),
    }
}

/// Reads `POSITION:HASH`.
fn expectation(text: &str) -> Result<Expectation, Problem> {
    let detail = "a head is POSITION:HASH, the hash in 64 hex digits";
    let wrong = || Problem::new(Code::MALFORMED, detail).with("field", "expect");
    let (position, hash) = text.split_once(':').ok_or_else(wrong)?;
    let hash: SecretHash = hash.parse().map_err(|_| wrong())?;
    Ok(Expectation { position: position.parse().map_err(|_| wrong())?, hash: hash.0 })
}

/// A balance as the API answers it, by the names of its amounts.
#[derive(Deserialize)]
struct Stand {
    balance: serde_json::Map<String, serde_json::Value>,
}

const AMOUNTS: [&str; 6] = ["available", "posted", "held", "frozen", "debt", "credit_limit"];

async fn replay(visitor: &Visitor, query: &Fields, end: u64) -> Result<Markup, Trouble> {
    let (account, to) = (query.get("account"), query.get("to"));
    let mut compared = html! {};
    if let (Some(account), Some(to)) = (account, to) {
        let path = format!("/v1/accounts/{}/balance", segment(account)?);
        let past = [("as_of_position", Some(to))];
        let then = visitor.get::<Stand>(&path, &past);
        let now = visitor.get::<Stand>(&path, &[]);
        compared = match futures_util::future::try_join(then, now).await {
            Ok((then, now)) => difference(account, to, &then, &now),
            Err(trouble) => trouble.show(),
        };
    }
    Ok(html! {
        form.filters method="get" action="/console/audit#replay" #replay {
            label for="account" { "Account" }
            input #account name="account" value=[account] required pattern="[A-Za-z0-9_\\-]{1,64}" autocomplete="off";
            label for="to" { "to position" }
            input #to name="to" value=[to] required inputmode="numeric" pattern="[0-9]{1,19}" size="12"
                placeholder=(end.saturating_sub(1)) autocomplete="off";
            button type="submit" { "Replay and compare" }
        }
        (compared)
    })
}

fn difference(account: &str, to: &str, then: &Stand, now: &Stand) -> Markup {
    let text = |stand: &Stand, name: &str| {
        stand.balance.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    let change = |then: &str, now: &str| -> Option<String> {
        let (then, now): (Credits, Credits) = (then.parse().ok()?, now.parse().ok()?);
        now.minus(then).ok().map(|change| change.to_string())
    };
    let at = format!("At position {to}");
    html! {
        p { (account_link(account)) ", folded from its first event to position " (to) " and to now:" }
        (table("Replay", &["Amount", &format!("#{at}"), "#Now", "#Change"], &html! {
            @for name in AMOUNTS {
                @let (before, after) = (text(then, name), text(now, name));
                tr {
                    th scope="row" { (words(name)) }
                    td.num { (credits(&before)) }
                    td.num { (credits(&after)) }
                    td.num { @match change(&before, &after) { Some(change) => (credits(&change)), None => (none()) } }
                }
            }
        }))
    }
}

fn position_form(query: &Fields) -> Markup {
    html! {
        form.filters method="get" {
            label for="position" { "Up to position" }
            input #position name="position" value=[query.get("position")] inputmode="numeric" pattern="[0-9]{1,19}" size="10"
                autocomplete="off";
            button type="submit" { "Show" }
        }
    }
}

fn log(zone: Zone, events: &[Event]) -> Markup {
    if events.is_empty() {
        return empty("The log is empty.");
    }
    table(
        "The log",
        &["#Position", "Event", "Stream", "By", "Recorded", "Hash"],
        &html! {
            @for event in events {
                tr {
                    td.num { (event.position) }
                    td { (words(&event.r#type)) }
                    td { @match event.stream.strip_prefix("account-") {
                        Some(account) => (account_link(account)),
                        None => code { (event.stream) },
                    } }
                    td { (event.actor) }
                    td { (zone.time(&event.recorded_at)) }
                    td { code title=(event.hash) { (event.hash.get(..16).unwrap_or(&event.hash)) "…" } }
                }
            }
        },
    )
}
