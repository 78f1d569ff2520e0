//! Events on their way into a store and out of it.

use compact_str::CompactString;
use uuid::Uuid;

/// A SHA-256 digest: of an event in its stream's chain, or the running hash of the whole log.
pub type Hash = [u8; 32];

/// The name of a stream: `account-alice`, `payment-3fa9…`. 1 to 120 bytes of `[A-Za-z0-9_.-]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName(CompactString);

/// What an append expects to find as the stream's last revision. There is no "any".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The stream does not exist.
    NoStream,
    /// The stream's last event has exactly this revision (0-based).
    Revision(u64),
}

/// An event not yet in the store: the envelope's fields that the writer chooses, and the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Unique id, chosen by the writer.
    pub id: Uuid,
    /// Wire name of the event type, such as `hold_placed`.
    pub event_type: CompactString,
    /// Version of the payload's shape, from 1.
    pub version: u16,
    /// When the writer recorded it, in microseconds since the Unix epoch; never earlier than the stream's last.
    pub recorded_at: i64,
    /// When it took effect, in microseconds since the Unix epoch.
    pub effective_at: i64,
    /// Who asked for it: a token's subject. Never a person's name.
    pub actor: CompactString,
    /// The request that this event belongs to; empty if none.
    pub correlation: CompactString,
    /// The id of what caused it; empty if a caller's command did.
    pub causation: CompactString,
    /// Idempotency key with its operation, `operation:key`; empty if none.
    pub key: CompactString,
    /// Fingerprint of the canonical command; zero if there is no key.
    pub fingerprint: [u8; 16],
    /// The payload, JSON by convention; opaque here.
    pub payload: Vec<u8>,
}

/// Events for one stream, with the revision they build on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamAppend {
    /// The stream to append to.
    pub stream: StreamName,
    /// What its last revision must be.
    pub expected: Expected,
    /// At least one event.
    pub events: Vec<NewEvent>,
}

/// The events of one command, over one or several streams: it stands or falls whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// At least one; no stream twice.
    pub appends: Vec<StreamAppend>,
}

/// A stored event, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Place in the whole log, 0-based and dense.
    pub position: u64,
    /// Its stream.
    pub stream: StreamName,
    /// Place in its stream, 0-based and dense.
    pub revision: u64,
    /// What the writer gave.
    pub event: NewEvent,
    /// `SHA-256(previous hash of this stream ‖ canonical envelope ‖ payload)`.
    pub hash: Hash,
}

/// A stored event, borrowed from the buffer it was read into: replay allocates nothing per event.
#[derive(Clone, Copy, Debug)]
pub struct RecordedRef<'a> {
    /// Place in the whole log, 0-based and dense.
    pub position: u64,
    /// Its stream's name.
    pub stream: &'a str,
    /// Place in its stream, 0-based and dense.
    pub revision: u64,
    /// Unique id.
    pub id: Uuid,
    /// Wire name of the event type.
    pub event_type: &'a str,
    /// Version of the payload's shape.
    pub version: u16,
    /// Microseconds since the Unix epoch.
    pub recorded_at: i64,
    /// Microseconds since the Unix epoch.
    pub effective_at: i64,
    /// Who asked for it.
    pub actor: &'a str,
    /// The request it belongs to.
    pub correlation: &'a str,
    /// What caused it.
    pub causation: &'a str,
    /// Idempotency key with its operation.
    pub key: &'a str,
    /// Fingerprint of the canonical command.
    pub fingerprint: [u8; 16],
    /// The payload.
    pub payload: &'a [u8],
    /// This event's hash in its stream's chain.
    pub hash: Hash,
}
