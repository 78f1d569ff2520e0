//! The canonical bytes of an envelope and the two hashes over the log: each stream's chain and the running
//! hash of everything. `docs/log-format.md` describes both for somebody without this program.
//!
//! The bytes are the same in every backend: a store that is copied keeps its hashes.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Hash, NewEvent, RecordedRef};

/// First byte of every canonical envelope of this layout.
const LAYOUT: u8 = 1;

/// The hash before a stream's first event, and the running hash of an empty log.
pub const ZERO_HASH: Hash = [0; 32];

/// Appends the canonical envelope of an event to `out`: little-endian numbers, texts behind their 16-bit
/// lengths. The position is not part of it.
///
/// **Invariant**: texts are within [`limits`](crate::limits); a longer one would be cut to 65,535 bytes.
pub fn encode(out: &mut Vec<u8>, stream: &str, revision: u64, event: &NewEvent) {
    let fields = Fields {
        stream,
        revision,
        id: event.id,
        event_type: &event.event_type,
        version: event.version,
        recorded_at: event.recorded_at,
        effective_at: event.effective_at,
        actor: &event.actor,
        correlation: &event.correlation,
        causation: &event.causation,
        key: &event.key,
        fingerprint: event.fingerprint,
    };
    fields.encode(out);
}

/// What an envelope holds, in its order.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) stream: &'a str,
    pub(crate) revision: u64,
    pub(crate) id: Uuid,
    pub(crate) event_type: &'a str,
    pub(crate) version: u16,
    pub(crate) recorded_at: i64,
    pub(crate) effective_at: i64,
    pub(crate) actor: &'a str,
    pub(crate) correlation: &'a str,
    pub(crate) causation: &'a str,
    pub(crate) key: &'a str,
    pub(crate) fingerprint: [u8; 16],
}

impl<'a> Fields<'a> {
    fn of(event: &RecordedRef<'a>) -> Self {
        Self {
            stream: event.stream,
            revision: event.revision,
            id: event.id,
            event_type: event.event_type,
            version: event.version,
            recorded_at: event.recorded_at,
            effective_at: event.effective_at,
            actor: event.actor,
            correlation: event.correlation,
            causation: event.causation,
            key: event.key,
            fingerprint: event.fingerprint,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.push(LAYOUT);
        push_text(out, self.stream);
        out.extend_from_slice(&self.revision.to_le_bytes());
        out.extend_from_slice(self.id.as_bytes());
        push_text(out, self.event_type);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.recorded_at.to_le_bytes());
        out.extend_from_slice(&self.effective_at.to_le_bytes());
        push_text(out, self.actor);
        push_text(out, self.correlation);
        push_text(out, self.causation);
        push_text(out, self.key);
        out.extend_from_slice(&self.fingerprint);
    }

    /// Reads an envelope that fills `bytes` exactly; `None` if it is none.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        if rest.array::<1>()? != [LAYOUT] {
            return None;
        }
        let fields = Self {
            stream: rest.text()?,
            revision: u64::from_le_bytes(rest.array()?),
            id: Uuid::from_bytes(rest.array()?),
            event_type: rest.text()?,
            version: u16::from_le_bytes(rest.array()?),
            recorded_at: i64::from_le_bytes(rest.array()?),
            effective_at: i64::from_le_bytes(rest.array()?),
            actor: rest.text()?,
            correlation: rest.text()?,
            causation: rest.text()?,
            key: rest.text()?,
            fingerprint: rest.array()?,
        };
        rest.0.is_empty().then_some(fields)
    }

    pub(crate) fn recorded(self, position: u64, payload: &'a [u8], hash: Hash) -> RecordedRef<'a> {
        RecordedRef {
            position,
            stream: self.stream,
            revision: self.revision,
            id: self.id,
            event_type: self.event_type,
            version: self.version,
            recorded_at: self.recorded_at,
            effective_at: self.effective_at,
            actor: self.actor,
            correlation: self.correlation,
            causation: self.causation,
            key: self.key,
            fingerprint: self.fingerprint,
            payload,
            hash,
        }
    }
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend(text.as_bytes().get(..usize::from(length)).unwrap_or_default());
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::from(u16::from_le_bytes(self.array()?));
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        str::from_utf8(head).ok()
    }
}

/// An event's hash from its canonical envelope followed by its payload, and the stream's hash before it.
pub fn chain_hash(previous: &Hash, envelope_and_payload: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(envelope_and_payload);
    hasher.finalize().into()
}

/// The hash that an event should have if `previous` is the hash before it in its stream ([`ZERO_HASH`] before
/// the first).
pub fn link_hash(previous: &Hash, event: &RecordedRef<'_>) -> Hash {
    let mut envelope = Vec::with_capacity(256);
    Fields::of(event).encode(&mut envelope);
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(&envelope);
    hasher.update(event.payload);
    hasher.finalize().into()
}

/// Whether an event is the successor, unchanged, of the event whose hash is `previous`.
pub fn verify_link(previous: &Hash, event: &RecordedRef<'_>) -> bool {
    link_hash(previous, event) == event.hash
}

/// The running hash of the log: `R(0)` = 32 zero bytes, `R(n+1) = SHA-256(R(n) ‖ hash of event n)`. It does not
/// depend on how the events were cut into batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningHash(Hash);

impl RunningHash {
    /// Of an empty log.
    pub fn new() -> Self {
        Self(ZERO_HASH)
    }

    /// Goes on from a known one.
    pub fn from_hash(hash: Hash) -> Self {
        Self(hash)
    }

    /// Takes in the next event's hash.
    pub fn push(&mut self, event: &Hash) {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(event);
        self.0 = hasher.finalize().into();
    }

    /// As it stands.
    pub fn get(self) -> Hash {
        self.0
    }
}

impl Default for RunningHash {
    fn default() -> Self {
        Self::new()
    }
}
