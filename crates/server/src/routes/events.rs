//! The log itself: events as they are stored, with their envelopes and hashes.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use scrip_engine::BookScope;
use scrip_ledger::Timestamp;
use scrip_store::Recorded;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::event_stream;
use crate::app::Shared;
use crate::auth::Principal;
use crate::format::{Answer, Kind, Listing, Wanted};
use crate::openapi::ListOf;
use crate::paging::{List, PageParams, limit};
use crate::problem::{Code, Problem, Problems};
use crate::read::{InOrder, Paged, Params, last_of, number};
use crate::rights::Right;
use crate::serve::Closing;

/// An event as it is stored.
pub(crate) struct Stored(Recorded);

impl From<Recorded> for Stored {
    fn from(recorded: Recorded) -> Self {
        Self(recorded)
    }
}

/// Bytes in hex.
struct Hex<'a>(&'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Recorded { position, stream, revision, event, hash } = &self.0;
        let text = |bytes| collect(Hex(bytes));
        let mut map = serializer.serialize_struct("Event", 15)?;
        map.serialize_field("position", position)?;
        map.serialize_field("stream", stream.as_str())?;
        map.serialize_field("revision", revision)?;
        map.serialize_field("id", &collect(event.id))?;
        map.serialize_field("type", &event.event_type)?;
        map.serialize_field("version", &event.version)?;
        map.serialize_field("recorded_at", &Timestamp::from_micros(event.recorded_at))?;
        map.serialize_field("effective_at", &Timestamp::from_micros(event.effective_at))?;
        map.serialize_field("actor", &event.actor)?;
        map.serialize_field("correlation", &event.correlation)?;
        map.serialize_field("causation", &event.causation)?;
        map.serialize_field("key", &event.key)?;
        map.serialize_field("fingerprint", &text(&event.fingerprint))?;
        map.serialize_field("hash", &text(hash))?;
        // The very bytes that the hash is taken of.
        match serde_json::from_slice::<&RawValue>(&event.payload) {
            Ok(payload) => map.serialize_field("payload", payload)?,
            Err(_) => map.serialize_field("payload", &String::from_utf8_lossy(&event.payload))?,
        }
        map.end()
    }
}

fn collect(shown: impl std::fmt::Display) -> String {
    shown.to_string()
}

/// An event with its envelope.
#[derive(ToSchema)]
#[schema(as = Event)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct EventShape {
    position: u64,
    stream: String,
    revision: u64,
    id: String,
    /// Such as `hold_placed`; `schemas/events` describes the payload of each.
    r#type: String,
    version: u16,
    recorded_at: String,
    effective_at: String,
    /// The subject of the token that asked for it.
    actor: String,
    /// The request that it belongs to.
    correlation: String,
    causation: String,
    /// The idempotency key, with its book and operation.
    key: String,
    fingerprint: String,
    /// SHA-256 of the stream's hash before, the envelope and the payload.
    hash: String,
    #[schema(value_type = Object)]
    payload: (),
}

/// Which events.
#[derive(Debug, Default, serde::Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// The position after which to begin; from the first event without it.
    #[param(value_type = Option<u64>)]
    after: Option<String>,
    /// `next` of the page before: the same as `after`.
    cursor: Option<String>,
    /// Events of the page: 100 without it, 1,000 at the most.
    #[param(value_type = Option<u64>)]
    limit: Option<String>,
    /// A position that the log must have reached. Waits, bounded.
    #[param(value_type = Option<u64>)]
    min_position: Option<String>,
}

impl After {
    /// The position after which to begin, if one is given.
    fn last_seen(&self) -> Result<Option<u64>, Problem> {
        match (self.after.as_deref(), self.cursor.as_deref()) {
            (Some(_), Some(_)) => {
                Err(Problem::new(Code::MALFORMED, "give after or cursor, not both").with("field", "cursor"))
            }
            (None, Some(cursor)) => cursor.parse().map(Some).map_err(|_| {
                Problem::new(Code::INVALID_CURSOR, "this is no cursor of this list").with("field", "cursor")
            }),
            (after, None) => number(after, "after"),
        }
    }
}

/// The log, from a position on. `next` is what to give as `cursor`, or as `after`, for the next page.
///
/// As `text/event-stream` it goes on with what is recorded from then on: `id` is the position, `event` the type, `data` the
/// item of a page. A caller that lost its connection comes back with `Last-Event-ID`.
#[utoipa::path(get, path = "/v1/events", tag = "log", operation_id = "listEvents", params(After),
    responses((status = 200, body = inline(ListOf<EventShape>)), Problems))]
pub(crate) async fn all(
    State(app): Shared,
    caller: Principal,
    uri: Uri,
    headers: HeaderMap,
    closing: Closing,
    Params(after): Params<After>,
) -> Result<Response, Problem> {
    caller.may(Right::ReadAll)?;
    if caller.books != BookScope::All {
        return Err(Problem::new(Code::FORBIDDEN_BOOK, "the log holds all books; this token is for some"));
    }
    let wanted = Wanted::of(&headers, &uri, &[Kind::Json, Kind::Csv, Kind::EventStream])?;
    let last_seen = after.last_seen()?;
    let from = |last: Option<u64>| last.map_or(0, |last| last.saturating_add(1));
    let min_position = number(after.min_position.as_deref(), "min_position")?;
    if wanted.kind() == Kind::EventStream {
        if after.limit.is_some() {
            return Err(Problem::new(Code::MALFORMED, "a stream has no limit").with("field", "limit"));
        }
        let from = from(event_stream::last_seen(&headers)?.or(last_seen));
        app.wait_for(min_position).await?;
        return event_stream::begin(app, from, closing).await;
    }
    let limit = limit(after.limit.as_deref())?;
    app.wait_for(min_position).await?;
    let (store, from) = (app.engine.store().clone(), from(last_seen));
    let (events, head) =
        app.blocking(move || store.read_all(from, limit).map(|events| (events, store.head()))).await??;
    let end = head?.next_position;
    let last = events.last().map(|event| event.position);
    let next = last.filter(|last| last.saturating_add(1) < end).map(|last| last.to_string());
    let items: Vec<_> = events.into_iter().map(Stored).collect();
    let answer = Answer::new(wanted, Listing::EVENTS);
    Ok(List::new(answer, items, next, last.unwrap_or(last_of(end))).into_response())
}

/// An account's own events.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/events", tag = "lists", operation_id = "listAccountEvents",
    params(("account_id" = String, Path, description = "The account."), PageParams, InOrder),
    responses((status = 200, body = inline(ListOf<EventShape>)), Problems))]
pub(crate) async fn of_account(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, query): Paged<InOrder>,
) -> Result<List<Stored>, Problem> {
    let page = page.ordered(Listing::ACCOUNT_EVENTS, query.order)?;
    let show = |_: &_, recorded: &Recorded, _: &_| Some(Stored(recorded.clone()));
    app.events_as(Right::ReadAll, &caller, (&id, page, &query.since()), show).await
}
