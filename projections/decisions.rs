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
    /// The request that it belongs to; empty if none.
    pub correlation: CompactString,
    /// When.
    pub now: Timestamp,
}

/// A decision that is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Its position.
    pub position: u64,
    /// Its revision in the stream of its model's decisions.
    pub revision: u64,
    /// It was there before it was asked for.
    pub before: bool,
}

/// Why a decision was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum SkipError {
    /// The model has not stopped at that event.
    #[error("the read model has not stopped at this event")]
    NotThere {
        /// Where it has stopped, if it has.
        stopped_at: Option<u64>,
    },
    /// Another decision on the same model was recorded in the same moment.
    #[error("another decision was recorded in the same moment")]
    Overtaken,
    /// The log cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
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

/// The decision on an event, if there is one.
fn decided(
    store: &dyn EventStore,
    stream: &StreamName,
    position: u64,
) -> Result<Option<Decided>, StoreError> {
    let events = store.read_stream(stream, 0, usize::MAX)?;
    let of = |stored: &scrip_store::Recorded| {
        let skipped: Skipped = serde_json::from_slice(&stored.event.payload).ok()?;
        let decided = Decided { position: stored.position, revision: stored.revision, before: true };
        (skipped.position == position).then_some(decided)
    };
    Ok(events.iter().find_map(of))
}

/// Records a decision on the event that a model has stopped at. The same decision again is the first one.
pub(crate) fn skip(
    store: &dyn EventStore,
    model: &str,
    stopped_at: Option<u64>,
    decision: &Decision,
) -> Result<Decided, SkipError> {
    let Some(stream) = stream(model) else { return Err(SkipError::NotThere { stopped_at }) };
    if let Some(decided) = decided(store, &stream, decision.position)? {
        return Ok(decided);
    }
    if stopped_at != Some(decision.position) {
        return Err(SkipError::NotThere { stopped_at });
    }
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
        correlation: decision.correlation.clone(),
        causation: "".into(),
        key: "".into(),
        fingerprint: [0; 16],
        payload: serde_json::to_vec(&skipped).unwrap_or_default(),
    };
    let revision = last.map_or(0, |last| last.revision.saturating_add(1));
    let expected = Expected::after(last.map(|last| last.revision));
    let group = Group { appends: vec![StreamAppend { stream, expected, events: vec![event] }] };
    let appended = store.append(&[group])?.into_iter().next().and_then(Result::ok);
    let appended = appended.ok_or(SkipError::Overtaken)?;
    Ok(Decided { position: appended.first_position, revision, before: false })
}
