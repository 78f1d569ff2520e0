//! The index of a sealed segment: its streams with their heads, the offsets of their records, and the checksum
//! of the whole segment file, so that opening need not parse it. It can always be built again.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::disk::{Disk, LogFile, read_full, write_all};
use crate::embedded::frame::{Header, Place, get};
use crate::embedded::heads::{SHARDS, Tip};
use crate::embedded::names::{index_name, temporary};
use crate::embedded::walk::{Seen, walk};
use crate::embedded::window::{SCAN_AHEAD, Window};
use crate::embedded::{index_bytes, io_error};
use crate::key::StreamKey;
use crate::{Damage, Hash, StoreError, StreamHead};

/// Bytes before the table of streams.
pub(crate) const INDEX_HEAD: usize = 96;
/// Bytes of a stream's entry.
pub(crate) const ENTRY: usize = 80;

/// No segment has so many records that its index is longer.
const MAX_INDEX: usize = 1 << 30;

/// A stream in one segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) key: StreamKey,
    /// Revision of its first record in the segment.
    pub(crate) first_revision: u64,
    /// How many records it has there.
    pub(crate) count: u32,
    /// Its end after the segment.
    pub(crate) head: StreamHead,
    /// Offset of its first record.
    pub(crate) first_offset: u32,
    /// Offset of its last record.
    pub(crate) last_offset: u32,
    /// Where its offsets begin in the table of offsets.
    pub(crate) offsets: u32,
}

/// What stays in memory of an index: 1 KiB and a few numbers.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) segment: u32,
    pub(crate) first_position: u64,
    pub(crate) next_position: u64,
    pub(crate) running_hash: Hash,
    pub(crate) file_length: u64,
    pub(crate) file_checksum: u32,
    streams: u32,
    /// Index of the first entry whose key begins with a byte, for each byte, and the number of entries.
    fan: Vec<u32>,
    bytes: Bytes,
}

/// Where the tables are.
#[derive(Debug)]
enum Bytes {
    /// On disk, opened by each read.
    File(Arc<dyn Disk>),
    /// In memory: not saved yet, or the disk would not take them.
    Held(Vec<u8>),
}

impl Index {
    /// Reads the index of a segment and its places; `None` if there is none that is whole.
    pub(crate) fn load(disk: &Arc<dyn Disk>, segment: u32) -> Option<(Self, Vec<u32>)> {
        let file = disk.open(&index_name(segment)).ok()?;
        let length = usize::try_from(file.len().ok()?).ok().filter(|&length| length <= MAX_INDEX)?;
        let mut bytes = vec![0; length];
        (read_full(&*file, &mut bytes, 0).ok()? == length).then_some(())?;
        Self::decode(&bytes, segment, Bytes::File(Arc::clone(disk)))
    }

    fn decode(bytes: &[u8], segment: u32, source: Bytes) -> Option<(Self, Vec<u32>)> {
        let parts = index_bytes::decode(bytes)?;
        if parts.segment != u64::from(segment) {
            return None;
        }
        let mut fan = Vec::with_capacity(SHARDS + 1);
        for (entry, bytes) in (0..).zip(parts.streams.chunks_exact(ENTRY)) {
            let first = usize::from(*bytes.first()?);
            while fan.len() <= first {
                fan.push(entry);
            }
        }
        let streams = u32::try_from(parts.streams.len() / ENTRY).ok()?;
        fan.resize(SHARDS + 1, streams);
        let index = Self {
            segment,
            first_position: parts.first_position,
            next_position: parts.next_position,
            running_hash: parts.running_hash,
            file_length: parts.file_length,
            file_checksum: parts.file_checksum,
            streams,
            fan,
            bytes: source,
        };
        Some((
            index,
            parts.places.chunks_exact(4).filter_map(|place| get(place, 0)).map(u32::from_le_bytes).collect(),
        ))
    }

    /// Builds the index of a segment from its bytes, refusing any damage. It is in memory until it is saved.
    pub(crate) fn build(file: &Arc<dyn LogFile>, header: &Header) -> Result<(Self, Vec<u32>), StoreError> {
        let mut window = Window::new(header.segment, Arc::clone(file), SCAN_AHEAD);
        let mut seen = Vec::new();
        let walked = walk(&mut window, header, |batch| {
            seen.extend_from_slice(batch);
            Ok(ControlFlow::Continue(()))
        })?;
        if let Some((offset, damage)) = walked.broken {
            return Err(window.damaged(offset, damage));
        }
        let (file_length, file_checksum, last) = checksum_file(header.segment, &**file)?;
        if walked.loose > 0 || last.is_some_and(|last| last >= walked.end) {
            return Err(window.damaged(walked.stop, Damage::Seam));
        }
        seen.sort_unstable_by_key(|record: &Seen| (record.key, record.offset));
        for pair in seen.windows(2) {
            let [before, after] = pair else { continue };
            if before.key == after.key && before.head.revision.checked_add(1) != Some(after.head.revision) {
                return Err(window.damaged(u64::from(after.offset), Damage::Order));
            }
        }
        let bytes = index_bytes::encode(header, &walked, &seen, file_length, file_checksum);
        let decoded = Self::decode(&bytes, header.segment, Bytes::Held(bytes.clone()));
        decoded.ok_or_else(|| window.damaged(walked.end, Damage::Seam))
    }

    /// Writes an index that is in memory to the disk; if the disk will not take it, it stays in memory.
    ///
    /// **Invariant**: the next segment's first commit is durable by then. That there is an index file proves it.
    pub(crate) fn save(&mut self, disk: &Arc<dyn Disk>) {
        if let Bytes::Held(bytes) = &self.bytes
            && store(disk, self.segment, bytes).is_ok()
        {
            self.bytes = Bytes::File(Arc::clone(disk));
        }
    }

    /// The entry of a stream, `None` if it has no record in the segment.
    pub(crate) fn find(&self, key: StreamKey) -> Result<Option<Entry>, StoreError> {
        let shard = crate::embedded::heads::shard_of(key);
        let entries = self.shard_entries(shard, shard + 1)?;
        let entry = |at: usize| entries.get(at * ENTRY..(at + 1) * ENTRY);
        let (mut low, mut high) = (0, entries.len() / ENTRY);
        while low < high {
            let middle = low + (high - low) / 2;
            match entry(middle).and_then(|bytes| get(bytes, 0)).map(|found| StreamKey(found).cmp(&key)) {
                Some(Ordering::Less) => low = middle + 1,
                Some(Ordering::Equal) => return Ok(entry(middle).and_then(Entry::decode)),
                Some(Ordering::Greater) | None => high = middle,
            }
        }
        Ok(None)
    }

    /// Hands out the heads of the streams of some shards.
    pub(crate) fn tips(
        &self,
        from: usize,
        to: usize,
        mut take: impl FnMut(StreamKey, Tip),
    ) -> Result<(), StoreError> {
        let entries = self.shard_entries(from, to)?;
        for entry in entries.chunks_exact(ENTRY).filter_map(Entry::decode) {
            let place = Place::new(self.segment, entry.last_offset);
            take(entry.key, Tip { head: entry.head, place });
        }
        Ok(())
    }

    fn shard_entries(&self, from: usize, to: usize) -> Result<Vec<u8>, StoreError> {
        let bound = |shard: usize| self.fan.get(shard).copied().unwrap_or(self.streams) as usize;
        let (begin, end) = (bound(from), bound(to));
        self.read(INDEX_HEAD + begin * ENTRY, (end - begin) * ENTRY)
    }

    /// The offsets of some of a stream's records, from its `skip`th in the segment.
    pub(crate) fn offsets(&self, entry: &Entry, skip: u32, limit: u32) -> Result<Vec<u32>, StoreError> {
        if entry.count == 1 && skip == 0 {
            return Ok(vec![entry.first_offset]);
        }
        let count = entry.count.saturating_sub(skip).min(limit) as usize;
        let table = INDEX_HEAD + self.streams as usize * ENTRY;
        let bytes = self.read(table + (entry.offsets as usize + skip as usize) * 4, count * 4)?;
        Ok(bytes.chunks_exact(4).filter_map(|offset| get(offset, 0)).map(u32::from_le_bytes).collect())
    }

    fn read(&self, offset: usize, length: usize) -> Result<Vec<u8>, StoreError> {
        let disk = match &self.bytes {
            Bytes::Held(bytes) => {
                return Ok(bytes.get(offset..offset + length).unwrap_or_default().to_vec());
            }
            Bytes::File(disk) => disk,
        };
        let name = index_name(self.segment);
        let file = disk.open(&name).map_err(|source| io_error("open", &name, source))?;
        let mut bytes = vec![0; length];
        match read_full(&*file, &mut bytes, offset as u64) {
            Ok(read) if read == length => Ok(bytes),
            Ok(_) => Err(io_error("read", &name, std::io::ErrorKind::UnexpectedEof.into())),
            Err(source) => Err(io_error("read", &name, source)),
        }
    }
}

impl Entry {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let first_revision = get(bytes, 16).map(u64::from_le_bytes)?;
        let count = get(bytes, 68).map(u32::from_le_bytes)?;
        let head = StreamHead {
            revision: first_revision.checked_add(u64::from(count.checked_sub(1)?))?,
            recorded_at: get(bytes, 24).map(i64::from_le_bytes)?,
            hash: get(bytes, 32)?,
        };
        Some(Self {
            key: StreamKey(get(bytes, 0)?),
            first_revision,
            count,
            head,
            first_offset: get(bytes, 76).map(u32::from_le_bytes)?,
            last_offset: get(bytes, 72).map(u32::from_le_bytes)?,
            offsets: get(bytes, 64).map(u32::from_le_bytes)?,
        })
    }
}

/// Writes an index under its name, whole or not at all.
fn store(disk: &Arc<dyn Disk>, segment: u32, bytes: &[u8]) -> std::io::Result<()> {
    let name = index_name(segment);
    let draft = temporary(&name);
    let written = disk.create(&draft).and_then(|file| {
        write_all(&*file, bytes, 0)?;
        file.sync_data()
    });
    if let Err(error) = written {
        let _gone = disk.remove(&draft);
        return Err(error);
    }
    disk.rename(&draft, &name)?;
    disk.sync_dir()
}

/// Length and CRC-32C of a whole file, and where its last byte lies that is not zero.
pub(crate) fn checksum_file(segment: u32, file: &dyn LogFile) -> Result<(u64, u32, Option<u64>), StoreError> {
    let mut chunk = vec![0; SCAN_AHEAD];
    let (mut length, mut checksum, mut last) = (0, 0, None);
    loop {
        let read = read_full(file, &mut chunk, length)
            .map_err(|source| io_error("read", &index_name(segment), source))?;
        let bytes = chunk.get(..read).unwrap_or_default();
        checksum = crc32c::crc32c_append(checksum, bytes);
        if let Some(at) = super::zeros::last_nonzero(bytes) {
            last = Some(length + at as u64);
        }
        length += read as u64;
        if read < SCAN_AHEAD {
            return Ok((length, checksum, last));
        }
    }
}
