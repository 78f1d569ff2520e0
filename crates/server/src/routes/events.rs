//! The log itself: events as they are stored, with their envelopes and hashes.

use axum::Json;
use axum::extract::{Path, State};
use scrip_engine::BookScope;
use scrip_ledger::Timestamp;
use scrip_store::Recorded;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::app::Shared;
use crate::auth::Principal;
use crate::openapi::ListOf;
use crate::paging::{List, PageParams, limit};
use crate::problem::{Code, Problem, Problems};
use crate::read::{Paged, Params, Since, last_of, number};
use crate::rights::Right;

/// An event as it is stored.
pub(crate) struct Stored(Recorded);

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

/// The log, from a position on. `next` is what to give as `cursor`, or as `after`, for the next page.
#[utoipa::path(get, path = "/v1/events", tag = "log", operation_id = "listEvents", params(After),
    responses((status = 200, body = inline(ListOf<EventShape>)), Problems))]
pub(crate) async fn all(
    State(app): Shared,
    caller: Principal,
    Params(after): Params<After>,
) -> Result<Json<List<Stored>>, Problem> {
    caller.may(Right::ReadAll)?;
    if caller.books != BookScope::All {
        return Err(Problem::new(Code::FORBIDDEN_BOOK, "the log holds all books; this token is for some"));
    }
    let last_seen = match (after.after.as_deref(), after.cursor.as_deref()) {
        (Some(_), Some(_)) => {
            return Err(
                Problem::new(Code::MALFORMED, "give after or cursor, not both").with("field", "cursor")
            );
        }
        (None, Some(cursor)) => Some(cursor.parse().map_err(|_| {
            Problem::new(Code::INVALID_CURSOR, "this is no cursor of this list").with("field", "cursor")
        })?),
        (after, None) => number(after, "after")?,
    };
    let from = last_seen.map_or(0, |after: u64| after.saturating_add(1));
    let limit = limit(after.limit.as_deref())?;
    app.wait_for(number(after.min_position.as_deref(), "min_position")?).await?;
    let store = app.engine.store().clone();
    let (events, head) =
        app.blocking(move || store.read_all(from, limit).map(|events| (events, store.head()))).await??;
    let end = head?.next_position;
    let last = events.last().map(|event| event.position);
    let next = last.filter(|last| last.saturating_add(1) < end).map(|last| last.to_string());
    let items = events.into_iter().map(Stored).collect();
    Ok(Json(List { items, next, as_of_position: last.unwrap_or(last_of(end)) }))
}

/// An account's own events, in order.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/events", tag = "lists", operation_id = "listAccountEvents",
    params(("account_id" = String, Path, description = "The account."), PageParams, Since),
    responses((status = 200, body = inline(ListOf<EventShape>)), Problems))]
pub(crate) async fn of_account(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, since): Paged<Since>,
) -> Result<Json<List<Stored>>, Problem> {
    let stand = app.stand_now(&caller, Right::ReadAll, &id, &since).await?;
    let page = page.read("events")?;
    let show = |recorded: &Recorded, _: &_| Some(Stored(recorded.clone()));
    let (items, next) = app.filtered(stand.account.id(), page, stand.position, show).await?;
    Ok(Json(List::new("events", items, next, stand.position)))
}
