//! Batches: many commands in one request. They stand or fall one by one; those of one account are decided in the
//! order given, and a bad one spoils nothing for the others.

use std::fmt;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use compact_str::CompactString;
use scrip_engine::{Accepted, EngineError, Request};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{accounts, debits, grants, holds, refunds, top_ups};
use crate::app::Shared;
use crate::auth::Principal;
use crate::call::Call;
use crate::command::{At, Operation, json, prepare, render, write};
use crate::problem::{Code, Problem, Problems};
use crate::values::{IdIn, optional};
use crate::{body, limits};

/// A kind of command that a batch may have.
pub(crate) struct Kind {
    /// Its `op`.
    pub(crate) name: &'static str,
    /// The item's field that says what it is asked of.
    pub(crate) noun: &'static str,
    prepare: fn(At<'_>, &CompactString, &[u8]) -> Result<Request, Problem>,
    may: fn(&Principal) -> Result<(), Problem>,
    render: fn(&Accepted, &mut Vec<u8>) -> Result<(), Problem>,
    status: fn(&Accepted) -> StatusCode,
}

impl Kind {
    const fn of<O: Operation>(noun: &'static str) -> Self {
        Self {
            name: O::NAME,
            noun,
            prepare: prepare::<O>,
            may: |caller| caller.may(O::RIGHT),
            render: render::<O>,
            status: O::status,
        }
    }
}

/// Every kind.
pub(crate) const KINDS: &[Kind] = &[
    Kind::of::<accounts::Open>("book"),
    Kind::of::<top_ups::TopUp>("account_id"),
    Kind::of::<grants::Grant>("account_id"),
    Kind::of::<holds::Place>("account_id"),
    Kind::of::<holds::Extend>("hold_id"),
    Kind::of::<holds::Capture>("hold_id"),
    Kind::of::<holds::Void>("hold_id"),
    Kind::of::<debits::Debit>("account_id"),
    Kind::of::<refunds::Refund>("debit_id"),
];

/// The body of a batch.
#[derive(serde::Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    commands: Commands<'a>,
}

/// The commands, each still to be read; nothing if there are too many.
struct Commands<'a>(Option<Vec<&'a RawValue>>);

impl<'de: 'a, 'a> Deserialize<'de> for Commands<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> de::Visitor<'de> for Reader {
            type Value = Commands<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of commands")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut commands = Vec::new();
                while let Some(command) = list.next_element()? {
                    if commands.len() == limits::BATCH {
                        while list.next_element::<IgnoredAny>()?.is_some() {}
                        return Ok(Commands(None));
                    }
                    commands.push(command);
                }
                Ok(Commands(Some(commands)))
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}

/// One command of a batch.
#[derive(serde::Deserialize)]
struct Item<'a> {
    op: CompactString,
    idempotency_key: Option<IdIn>,
    book: Option<CompactString>,
    account_id: Option<CompactString>,
    hold_id: Option<CompactString>,
    debit_id: Option<CompactString>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

impl Item<'_> {
    /// What is asked of what.
    fn id(&self, kind: &Kind) -> Result<&str, Problem> {
        let id = match kind.noun {
            // The book may stand in the body as well.
            "book" => return Ok(self.book.as_deref().unwrap_or_default()),
            "hold_id" => &self.hold_id,
            "debit_id" => &self.debit_id,
            _ => &self.account_id,
        };
        let missing = || Problem::new(Code::MALFORMED, "say what it is asked of").with("field", kind.noun);
        id.as_deref().ok_or_else(missing)
    }
}

/// From an item to what the engine is asked.
fn read(
    raw: &RawValue,
    caller: &Principal,
    correlation: &CompactString,
) -> Result<(&'static Kind, Request), Problem> {
    let item: Item<'_> = body::parse(raw.get().as_bytes())?;
    let kind = KINDS.iter().find(|kind| kind.name == item.op).ok_or_else(|| {
        let allowed: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        Problem::new(Code::MALFORMED, "this is no op of a batch").with("field", "op").with("allowed", allowed)
    })?;
    (kind.may)(caller)?;
    let id = item.id(kind)?.to_owned();
    let missing = || Problem::new(Code::IDEMPOTENCY_KEY_MISSING, "give every command an idempotency_key");
    let key = optional(item.idempotency_key, "idempotency_key")?.ok_or_else(missing)?;
    // Only an account that is opened has its id apart from what it is asked of.
    let part = (kind.noun == "book").then_some(item.account_id.as_deref()).flatten();
    let at = At { id: &id, part, caller, key, secret: None };
    let body = item.body.map_or(&b"{}"[..], |body| body.get().as_bytes());
    Ok((kind, (kind.prepare)(at, correlation, body)?))
}

/// Writes one result.
fn write_result(kind: &Kind, result: Result<Accepted, EngineError>, to: &mut Vec<u8>) -> Result<(), Problem> {
    let done = result.map_err(Problem::from)?;
    let start = to.len();
    to.extend_from_slice(format!("{{\"status\":{}", (kind.status)(&done).as_u16()).as_bytes());
    if done.replayed {
        to.extend_from_slice(b",\"replayed\":true");
    }
    to.extend_from_slice(b",\"body\":");
    (kind.render)(&done, to).inspect_err(|_| to.truncate(start))?;
    to.push(b'}');
    Ok(())
}

fn write_problem(problem: &Problem, to: &mut Vec<u8>) -> Result<(), Problem> {
    to.extend_from_slice(format!("{{\"status\":{},\"body\":", problem.code().status).as_bytes());
    write(problem, to)?;
    to.push(b'}');
    Ok(())
}

/// Many commands at once, at most ten thousand. Items of one account are decided in the order given.
#[utoipa::path(post, path = "/v1/commands", tag = "batches", operation_id = "sendCommands", request_body = BatchShape,
    responses((status = 200, body = ResultsShape), Problems))]
pub(crate) async fn commands(
    State(app): Shared,
    call: Call<{ limits::BATCH_BODY }>,
) -> Result<Response, Problem> {
    let Batch { commands: Commands(commands) } = body::parse(&call.body)?;
    let too_many =
        || Problem::new(Code::TOO_LARGE, "a batch has too many commands").with("limit", limits::BATCH);
    let commands = commands.ok_or_else(too_many)?;

    let mut slots = Vec::with_capacity(commands.len());
    let mut requests = Vec::with_capacity(commands.len());
    for (at, command) in commands.iter().enumerate() {
        if at > 0 && at % limits::BATCH_SLICE == 0 {
            tokio::task::yield_now().await;
        }
        slots.push(read(command, &call.caller, &call.correlation).map(|(kind, request)| {
            requests.push(request);
            kind
        }));
    }
    let mut results = app.engine.submit_batch(requests).await.into_iter();

    let mut body = Vec::with_capacity(slots.len().saturating_mul(512));
    body.extend_from_slice(b"{\"results\":[");
    for (at, slot) in slots.into_iter().enumerate() {
        if at > 0 {
            body.push(b',');
            if at % limits::BATCH_SLICE == 0 {
                tokio::task::yield_now().await;
            }
        }
        let written = slot.and_then(|kind| {
            let result = results.next().ok_or_else(|| Problem::internal("a batch has too few results"))?;
            write_result(kind, result, &mut body)
        });
        if let Err(problem) = written {
            write_problem(&problem, &mut body)?;
        }
    }
    body.extend_from_slice(b"]}");
    Ok(json(StatusCode::OK, body, false))
}

#[derive(ToSchema)]
#[schema(as = Batch)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct BatchShape {
    /// At most ten thousand.
    commands: Vec<ItemShape>,
}

#[derive(ToSchema)]
#[schema(as = BatchCommand)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct ItemShape {
    /// `open`, `top_up`, `grant`, `hold`, `extend`, `capture`, `void`, `debit` or `refund_debit`.
    op: String,
    idempotency_key: String,
    /// With `open`: the book, if it is not in the body.
    book: Option<String>,
    /// With `open` (where it may be left out), `top_up`, `grant`, `hold`, `debit`.
    account_id: Option<String>,
    /// With `extend`, `capture`, `void`.
    hold_id: Option<String>,
    /// With `refund_debit`.
    debit_id: Option<String>,
    /// The body of the command's own endpoint.
    #[schema(value_type = Object)]
    body: (),
}

#[derive(ToSchema)]
#[schema(as = BatchResults)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct ResultsShape {
    /// In the order of the commands.
    results: Vec<ResultShape>,
}

#[derive(ToSchema)]
#[schema(as = BatchResult)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct ResultShape {
    /// The status of the command's own endpoint.
    status: u16,
    /// This is the first answer again.
    replayed: Option<bool>,
    /// The answer of the command's own endpoint, or the problem.
    #[schema(value_type = Object)]
    body: (),
}
