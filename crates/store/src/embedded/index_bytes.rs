//! The byte layout of an index file; `docs/log-format.md` says the same in words.

use crate::Hash;
use crate::embedded::frame::{Header, get, put};
use crate::embedded::index::{ENTRY, INDEX_HEAD};
use crate::embedded::walk::{Seen, Walk};

const MAGIC: [u8; 8] = *b"SCRIPIDX";
const FORMAT: u32 = 1;

/// The parts of an index file, its checksum verified.
pub(crate) struct Parts<'a> {
    pub(crate) segment: u64,
    pub(crate) first_position: u64,
    pub(crate) next_position: u64,
    pub(crate) running_hash: Hash,
    pub(crate) file_length: u64,
    pub(crate) file_checksum: u32,
    pub(crate) streams: &'a [u8],
    pub(crate) places: &'a [u8],
}

/// Encodes the index of a segment; `seen` is sorted by key and offset.
pub(crate) fn encode(
    header: &Header,
    walked: &Walk,
    seen: &[Seen],
    file_length: u64,
    file_checksum: u32,
) -> Vec<u8> {
    let mut bytes = vec![0; INDEX_HEAD];
    let mut streams = 0_u32;
    let mut done = 0_u32;
    for records in seen.chunk_by(|a, b| a.key == b.key) {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { continue };
        let mut entry = [0; ENTRY];
        put(&mut entry, 0, &first.key.0);
        put(&mut entry, 16, &first.head.revision.to_le_bytes());
        put(&mut entry, 24, &last.head.recorded_at.to_le_bytes());
        put(&mut entry, 32, &last.head.hash);
        put(&mut entry, 64, &done.to_le_bytes());
        put(&mut entry, 68, &(records.len() as u32).to_le_bytes());
        put(&mut entry, 72, &last.offset.to_le_bytes());
        put(&mut entry, 76, &first.offset.to_le_bytes());
        bytes.extend_from_slice(&entry);
        streams += 1;
        done += records.len() as u32;
    }
    bytes.extend(seen.iter().flat_map(|record| record.offset.to_le_bytes()));
    bytes.extend(walked.places.iter().flat_map(|place| place.to_le_bytes()));
    put(&mut bytes, 0, &MAGIC);
    put(&mut bytes, 8, &FORMAT.to_le_bytes());
    put(&mut bytes, 16, &u64::from(header.segment).to_le_bytes());
    put(&mut bytes, 24, &header.first_position.to_le_bytes());
    put(&mut bytes, 32, &walked.position.to_le_bytes());
    put(&mut bytes, 40, &walked.running_hash());
    put(&mut bytes, 72, &file_length.to_le_bytes());
    put(&mut bytes, 80, &file_checksum.to_le_bytes());
    put(&mut bytes, 84, &streams.to_le_bytes());
    put(&mut bytes, 88, &done.to_le_bytes());
    put(&mut bytes, 92, &(walked.places.len() as u32).to_le_bytes());
    let checksum = checksum(&bytes);
    put(&mut bytes, 12, &checksum.to_le_bytes());
    bytes
}

/// Takes an index file apart; `None` if it is not whole.
pub(crate) fn decode(bytes: &[u8]) -> Option<Parts<'_>> {
    let whole = get(bytes, 0)? == MAGIC
        && get(bytes, 8).map(u32::from_le_bytes)? == FORMAT
        && get(bytes, 12).map(u32::from_le_bytes)? == checksum(bytes);
    if !whole {
        return None;
    }
    let count = |at| get(bytes, at).map(u32::from_le_bytes).map(|count| count as usize);
    let (streams, rest) = bytes.get(INDEX_HEAD..)?.split_at_checked(count(84)?.checked_mul(ENTRY)?)?;
    let (_, places) = rest.split_at_checked(count(88)?.checked_mul(4)?)?;
    (places.len() == count(92)?.checked_mul(4)?).then_some(())?;
    Some(Parts {
        segment: get(bytes, 16).map(u64::from_le_bytes)?,
        first_position: get(bytes, 24).map(u64::from_le_bytes)?,
        next_position: get(bytes, 32).map(u64::from_le_bytes)?,
        running_hash: get(bytes, 40)?,
        file_length: get(bytes, 72).map(u64::from_le_bytes)?,
        file_checksum: get(bytes, 80).map(u32::from_le_bytes)?,
        streams,
        places,
    })
}

/// CRC-32C of an index file without the four bytes that hold it.
fn checksum(bytes: &[u8]) -> u32 {
    let front = crc32c::crc32c(bytes.get(..12).unwrap_or_default());
    crc32c::crc32c_append(front, bytes.get(16..).unwrap_or_default())
}
