//! Events on their way into a store and out of it.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use uuid::Uuid;

use crate::limits;

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

/// Why a text is no stream name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// It is empty.
    #[error("a stream name may not be empty")]
    Empty,
    /// It is longer than [`limits::STREAM_NAME`](crate::limits::STREAM_NAME).
    #[error("a stream name has {bytes} bytes; at most {limit} are allowed")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
        /// The longest allowed.
        limit: usize,
    },
    /// It holds a character outside `[A-Za-z0-9_.-]`.
    #[error("a stream name holds a byte that is not in [A-Za-z0-9_.-], at index {at}")]
    Character {
        /// Byte index of the first such character.
        at: usize,
    },
}

impl StreamName {
    /// Checks and takes a name.
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        if name.is_empty() {
            return Err(InvalidName::Empty);
        }
        if name.len() > limits::STREAM_NAME {
            return Err(InvalidName::TooLong { bytes: name.len(), limit: limits::STREAM_NAME });
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        match name.bytes().position(|byte| !allowed(byte)) {
            Some(at) => Err(InvalidName::Character { at }),
            None => Ok(Self(CompactString::new(name))),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for StreamName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for StreamName {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl TryFrom<&str> for StreamName {
    type Error = InvalidName;

    fn try_from(name: &str) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl Expected {
    /// What a writer expects that has seen `last` as the stream's last revision.
    pub fn after(last: Option<u64>) -> Self {
        last.map_or(Self::NoStream, Self::Revision)
    }

    /// The last revision that is expected, `None` if the stream must not exist.
    pub fn last(self) -> Option<u64> {
        match self {
            Self::NoStream => None,
            Self::Revision(revision) => Some(revision),
        }
    }
}

impl Recorded {
    /// The same event, borrowed.
    pub fn view(&self) -> RecordedRef<'_> {
        RecordedRef {
            position: self.position,
            stream: self.stream.as_str(),
            revision: self.revision,
            id: self.event.id,
            event_type: &self.event.event_type,
            version: self.event.version,
            recorded_at: self.event.recorded_at,
            effective_at: self.event.effective_at,
            actor: &self.event.actor,
            correlation: &self.event.correlation,
            causation: &self.event.causation,
            key: &self.event.key,
            fingerprint: self.event.fingerprint,
            payload: &self.event.payload,
            hash: self.hash,
        }
    }
}

impl RecordedRef<'_> {
    /// The same event, owned. The name is taken as it is: a store checked it when it was written.
    pub fn to_owned(self) -> Recorded {
        Recorded {
            position: self.position,
            stream: StreamName(CompactString::new(self.stream)),
            revision: self.revision,
            event: NewEvent {
                id: self.id,
                event_type: self.event_type.into(),
                version: self.version,
                recorded_at: self.recorded_at,
                effective_at: self.effective_at,
                actor: self.actor.into(),
                correlation: self.correlation.into(),
                causation: self.causation.into(),
                key: self.key.into(),
                fingerprint: self.fingerprint,
                payload: self.payload.to_vec(),
            },
            hash: self.hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert_eq!(StreamName::new(""), Err(InvalidName::Empty));
        assert_eq!(StreamName::new("account/alice"), Err(InvalidName::Character { at: 7 }));
        assert_eq!(StreamName::new("köln"), Err(InvalidName::Character { at: 1 }));
        let longest = "a".repeat(limits::STREAM_NAME);
        assert_eq!(StreamName::new(&longest).unwrap().as_str(), longest);
        assert_eq!(
            StreamName::new(&format!("{longest}a")),
            Err(InvalidName::TooLong { bytes: 121, limit: 120 })
        );
    }
}
