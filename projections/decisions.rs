//! Decisions on events that a read model cannot take: the one thing that the read side writes to the log, so that what it
//! shows still follows from the log alone.

use compact_str::CompactString;
use scrip_ledger::{Timestamp, Token};
use scrip_store::{EventStore, Expected, Group, NewEvent, StoreError, StreamAppend, StreamName};
use serde::{Deserialize, Serialize};

/// The event's type.
const SKIPPED: &str = "projection_event_skipped";

/// Somebody has decided that a read model leaves an event out.
#[derive(Debug, Serialize, Deserialize)]
struct Skipped {
    /// The position of the event.
    position: u64,
    /// Why, as a code.
    reason: Token,
}

/// Who decides what.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The position of the event that is left out.
    pub position: u64,
    /// Why, as a code.
    pub reason: Token,
    /// Who decided it.
    pub actor: CompactString,
    /// When.
    pub now: Timestamp,
}

fn stream(model: &str) -> Option<StreamName> {
    StreamName::new(&format!("projection-{model}")).ok()
}

/// The positions that a model leaves out.
pub(crate) fn skipped(store: &dyn EventStore, model: &str) -> Result<Vec<u64>, StoreError> {
    let Some(stream) = stream(model) else { return Ok(Vec::new()) };
    let events = store.read_stream(&stream, 0, usize::MAX)?;
    let read = |stored: &scrip_store::Recorded| serde_json::from_slice::<Skipped>(&stored.event.payload).ok();
    Ok(events.iter().filter_map(read).map(|skipped| skipped.position).collect())
}

/// Records a decision. Answers the position of its event; nothing if another was recorded in the same moment.
pub(crate) fn skip(
    store: &dyn EventStore,
    model: &str,
    decision: &Decision,
) -> Result<Option<u64>, StoreError> {
    let Some(stream) = stream(model) else { return Ok(None) };
    let last = store.stream_head(&stream)?;
    let skipped = Skipped { position: decision.position, reason: decision.reason.clone() };
    let recorded_at = last.map_or(decision.now.micros(), |last| decision.now.micros().max(last.recorded_at));
    #[expect(clippy::disallowed_methods, reason = "who writes an event mints its id")]
    let event = NewEvent {
        id: uuid::Uuid::now_v7(),
        event_type: CompactString::const_new(SKIPPED),
        version: 1,
        recorded_at,
        effective_at: recorded_at,
        actor: decision.actor.clone(),
        correlation: "".into(),
        causation: "".into(),
        key: "".into(),
        fingerprint: [0; 16],
        payload: serde_json::to_vec(&skipped).unwrap_or_default(),
    };
    let expected = Expected::after(last.map(|last| last.revision));
    let group = Group { appends: vec![StreamAppend { stream, expected, events: vec![event] }] };
    Ok(store
        .append(&[group])?
        .into_iter()
        .next()
        .and_then(Result::ok)
        .map(|appended| appended.first_position))
}
