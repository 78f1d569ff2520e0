//! The bytes of a segment file: its header, records, commit frames. `docs/log-format.md` says the same in
//! words; a change here is a new format version.
//!
//! Every frame begins at a multiple of 8 with a tag, its length and its checksum. The tags hold a byte that
//! no UTF-8 text can hold, so that a JSON payload never looks like a frame.

use crate::envelope::{Fields, chain_hash, encode};
use crate::key::StreamKey;
use crate::limits::{PAYLOAD, STREAM_NAME, TEXT};
use crate::{Damage, Hash, NewEvent, RecordedRef, StreamName};

/// Version of everything described here.
pub(crate) const FORMAT: u32 = 1;
/// Bytes of a segment's header.
pub(crate) const HEADER: usize = 72;
/// Bytes of a record before its envelope.
pub(crate) const RECORD_HEAD: usize = 64;
/// Bytes of a commit frame.
pub(crate) const COMMIT: usize = 80;
/// Bytes of an envelope without its texts.
const ENVELOPE_FIXED: usize = 1 + 6 * 2 + 8 + 16 + 2 + 8 + 8 + 16;
/// No frame is longer.
pub(crate) const MAX_FRAME: usize =
    (RECORD_HEAD + ENVELOPE_FIXED + STREAM_NAME + 5 * TEXT + PAYLOAD + 32).next_multiple_of(8);

const MAGIC: [u8; 8] = *b"SCRIPLOG";
const RECORD_TAG: [u8; 4] = [0xFE, b'E', b'V', b'T'];
const COMMIT_TAG: [u8; 4] = [0xFF, b'C', b'M', b'T'];

/// Where a record lies: segment number and byte offset. Zero is nowhere, as no segment has number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Place(pub(crate) u64);

impl Place {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn new(segment: u32, offset: u32) -> Self {
        Self(u64::from(segment) << 32 | u64::from(offset))
    }

    pub(crate) fn segment(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(crate) fn offset(self) -> u32 {
        self.0 as u32
    }
}

/// What a segment begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) segment: u32,
    pub(crate) first_position: u64,
    pub(crate) running_hash: Hash,
}

/// What a segment's first bytes are.
pub(crate) enum HeaderState {
    Whole(Header),
    /// Ours, but of a version that this program does not know.
    Unknown(u32),
    /// Not a header: never written, torn, or damaged.
    Bad,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        put(&mut bytes, 0, &MAGIC);
        put(&mut bytes, 8, &FORMAT.to_le_bytes());
        put(&mut bytes, 16, &u64::from(self.segment).to_le_bytes());
        put(&mut bytes, 24, &self.first_position.to_le_bytes());
        put(&mut bytes, 32, &self.running_hash);
        let checksum = crc32c::crc32c(bytes.get(..64).unwrap_or_default());
        put(&mut bytes, 64, &checksum.to_le_bytes());
        bytes
    }

    /// Reads the header of the file that should be segment `segment`.
    pub(crate) fn decode(bytes: &[u8], segment: u32) -> HeaderState {
        if get(bytes, 0) != Some(MAGIC) {
            return HeaderState::Bad;
        }
        let version = get(bytes, 8).map_or(0, u32::from_le_bytes);
        if version != FORMAT {
            return HeaderState::Unknown(version);
        }
        let decoded = || {
            let header = Self {
                segment,
                first_position: get(bytes, 24).map(u64::from_le_bytes)?,
                running_hash: get(bytes, 32)?,
            };
            (bytes.get(..HEADER)? == header.encode()).then_some(header)
        };
        decoded().map_or(HeaderState::Bad, HeaderState::Whole)
    }
}

/// A record, its checksum verified.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) position: u64,
    pub(crate) key: StreamKey,
    pub(crate) revision: u64,
    pub(crate) previous: Place,
    envelope: &'a [u8],
    payload: &'a [u8],
    pub(crate) hash: Hash,
}

impl<'a> Record<'a> {
    /// The event, if envelope and record agree.
    pub(crate) fn event(&self) -> Result<RecordedRef<'a>, Damage> {
        let fields = Fields::decode(self.envelope).ok_or(Damage::Envelope)?;
        if fields.revision != self.revision {
            return Err(Damage::Envelope);
        }
        Ok(fields.recorded(self.position, self.payload, self.hash))
    }
}

/// What closes a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) events: u32,
    /// Offset of the batch's first record.
    pub(crate) batch_start: u64,
    pub(crate) first_position: u64,
    pub(crate) next_position: u64,
    pub(crate) segment: u64,
    pub(crate) running_hash: Hash,
}

/// One or the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Frame<'a> {
    Record(Record<'a>),
    Commit(Commit),
}

/// Bytes that a frame needs before its length is known.
pub(crate) const PREFIX: usize = 8;

/// The length of the frame that begins with these bytes; `None` if nothing was ever written here.
pub(crate) fn frame_length(prefix: [u8; PREFIX]) -> Result<Option<usize>, Damage> {
    if prefix == [0; PREFIX] {
        return Ok(None);
    }
    let tag = get::<4>(&prefix, 0).unwrap_or_default();
    let length = get(&prefix, 4).map_or(0, u32::from_le_bytes) as usize;
    let possible = match tag {
        RECORD_TAG => (RECORD_HEAD..=MAX_FRAME).contains(&length),
        COMMIT_TAG => length == COMMIT,
        _ => return Err(Damage::Tag),
    };
    if possible && length.is_multiple_of(8) { Ok(Some(length)) } else { Err(Damage::Length) }
}

/// Reads a frame that fills `bytes` exactly.
pub(crate) fn parse(bytes: &[u8]) -> Result<Frame<'_>, Damage> {
    let checksum = get(bytes, 8).map(u32::from_le_bytes).ok_or(Damage::Length)?;
    if checksum != frame_checksum(bytes) {
        return Err(Damage::Checksum);
    }
    match get(bytes, 0) {
        Some(RECORD_TAG) => parse_record(bytes).map(Frame::Record).ok_or(Damage::Length),
        Some(COMMIT_TAG) => parse_commit(bytes).map(Frame::Commit).ok_or(Damage::Length),
        _ => Err(Damage::Tag),
    }
}

fn parse_record(bytes: &[u8]) -> Option<Record<'_>> {
    let envelope = get(bytes, 12).map(u32::from_le_bytes)? as usize;
    let payload = get(bytes, 56).map(u32::from_le_bytes)? as usize;
    let (envelope, rest) = bytes.get(RECORD_HEAD..)?.split_at_checked(envelope)?;
    let (payload, rest) = rest.split_at_checked(payload)?;
    Some(Record {
        position: get(bytes, 16).map(u64::from_le_bytes)?,
        key: StreamKey(get(bytes, 24)?),
        revision: get(bytes, 40).map(u64::from_le_bytes)?,
        previous: Place(get(bytes, 48).map(u64::from_le_bytes)?),
        envelope,
        payload,
        hash: get(rest, 0)?,
    })
}

fn parse_commit(bytes: &[u8]) -> Option<Commit> {
    Some(Commit {
        events: get(bytes, 12).map(u32::from_le_bytes)?,
        batch_start: get(bytes, 16).map(u64::from_le_bytes)?,
        first_position: get(bytes, 24).map(u64::from_le_bytes)?,
        next_position: get(bytes, 32).map(u64::from_le_bytes)?,
        segment: get(bytes, 40).map(u64::from_le_bytes)?,
        running_hash: get(bytes, 48)?,
    })
}

/// The revision and back pointer of a record from its head alone, unverified: a walk backwards checks them
/// when it comes forward again.
pub(crate) fn peek(head: &[u8]) -> Option<(StreamKey, u64, Place)> {
    if get(head, 0) != Some(RECORD_TAG) {
        return None;
    }
    let previous = Place(get(head, 48).map(u64::from_le_bytes)?);
    Some((StreamKey(get(head, 24)?), get(head, 40).map(u64::from_le_bytes)?, previous))
}

/// Bytes that an event takes in a segment.
pub(crate) fn record_length(stream: &StreamName, event: &NewEvent) -> usize {
    let texts = [&event.event_type, &event.actor, &event.correlation, &event.causation, &event.key];
    let texts: usize = texts.into_iter().map(|text| text.len()).sum();
    let envelope = ENVELOPE_FIXED + stream.as_str().len() + texts;
    (RECORD_HEAD + envelope + event.payload.len() + 32).next_multiple_of(8)
}

/// What a record's bytes are made of, besides the event.
pub(crate) struct RecordPlan<'a> {
    pub(crate) stream: &'a StreamName,
    pub(crate) key: StreamKey,
    pub(crate) position: u64,
    pub(crate) revision: u64,
    pub(crate) previous: Place,
    pub(crate) previous_hash: Hash,
}

/// Appends a record to `out` and answers the event's hash.
pub(crate) fn push_record(out: &mut Vec<u8>, plan: &RecordPlan<'_>, event: &NewEvent) -> Hash {
    let start = out.len();
    out.resize(start + RECORD_HEAD, 0);
    encode(out, plan.stream.as_str(), plan.revision, event);
    let envelope = out.len() - start - RECORD_HEAD;
    out.extend_from_slice(&event.payload);
    let hash = chain_hash(&plan.previous_hash, out.get(start + RECORD_HEAD..).unwrap_or_default());
    out.extend_from_slice(&hash);
    let length = (out.len() - start).next_multiple_of(8);
    out.resize(start + length, 0);
    let record = out.get_mut(start..).unwrap_or_default();
    put(record, 0, &RECORD_TAG);
    put(record, 4, &(length as u32).to_le_bytes());
    put(record, 12, &(envelope as u32).to_le_bytes());
    put(record, 16, &plan.position.to_le_bytes());
    put(record, 24, &plan.key.0);
    put(record, 40, &plan.revision.to_le_bytes());
    put(record, 48, &plan.previous.0.to_le_bytes());
    put(record, 56, &(event.payload.len() as u32).to_le_bytes());
    put(record, 8, &frame_checksum(record).to_le_bytes());
    hash
}

/// Appends a commit frame to `out`.
pub(crate) fn push_commit(out: &mut Vec<u8>, commit: &Commit) {
    let mut bytes = [0; COMMIT];
    put(&mut bytes, 0, &COMMIT_TAG);
    put(&mut bytes, 4, &(COMMIT as u32).to_le_bytes());
    put(&mut bytes, 12, &commit.events.to_le_bytes());
    put(&mut bytes, 16, &commit.batch_start.to_le_bytes());
    put(&mut bytes, 24, &commit.first_position.to_le_bytes());
    put(&mut bytes, 32, &commit.next_position.to_le_bytes());
    put(&mut bytes, 40, &commit.segment.to_le_bytes());
    put(&mut bytes, 48, &commit.running_hash);
    let checksum = frame_checksum(&bytes);
    put(&mut bytes, 8, &checksum.to_le_bytes());
    out.extend_from_slice(&bytes);
}

/// CRC-32C of a frame without the four bytes that hold it.
fn frame_checksum(frame: &[u8]) -> u32 {
    let front = crc32c::crc32c(frame.get(..8).unwrap_or_default());
    crc32c::crc32c_append(front, frame.get(12..).unwrap_or_default())
}

/// The `N` bytes at a place, `None` beyond the end.
pub(crate) fn get<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Puts bytes at a place that is there.
pub(crate) fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    let room = bytes.get_mut(at..).unwrap_or_default();
    for (to, from) in room.iter_mut().zip(value) {
        *to = *from;
    }
}
