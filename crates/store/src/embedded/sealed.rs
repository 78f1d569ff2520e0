//! Opening the segments that will not change any more: on all processors, by their indexes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::StoreError;
use crate::disk::Disk;
use crate::embedded::frame::Header;
use crate::embedded::heads::{Heads, Shard};
use crate::embedded::index::{Index, checksum_file};
use crate::embedded::io_error;
use crate::embedded::names::segment_name;
use crate::embedded::report::Verify;

/// Shards of heads that are loaded together: small enough for a processor's cache.
const SHARDS_AT_ONCE: usize = 8;

/// A segment with its index, which may just have been built again.
pub(crate) struct Sealed {
    pub(crate) index: Index,
    pub(crate) places: Vec<u32>,
    pub(crate) rebuilt: bool,
}

/// Opens sealed segments, in parallel; the error is that of the first damaged one.
pub(crate) fn open_sealed(
    disk: &Arc<dyn Disk>,
    headers: &[Header],
    verify: Verify,
) -> Result<Vec<Sealed>, StoreError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(header) = headers.get(at) else { return done };
            done.push((at, open_one(disk, header, verify)));
        }
    };
    let mut all = in_parallel(headers.len(), work);
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, sealed)| sealed).collect()
}

/// Runs `work` on as many threads as there are processors, at most `parts`, and puts together what they made.
fn in_parallel<T: Send>(parts: usize, work: impl Fn() -> Vec<T> + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(parts);
    if threads <= 1 {
        return work();
    }
    thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(&work)).collect();
        let mut all = work();
        for helper in helpers {
            match helper.join() {
                Ok(more) => all.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

fn open_one(disk: &Arc<dyn Disk>, header: &Header, verify: Verify) -> Result<Sealed, StoreError> {
    let name = segment_name(header.segment);
    let file = disk.open(&name).map_err(|source| io_error("open", &name, source))?;
    if let Some((index, places)) = Index::load(disk, header.segment)
        && index.first_position == header.first_position
    {
        let whole = match verify {
            Verify::Tail => true,
            Verify::All => {
                let (length, checksum, _) = checksum_file(header.segment, &*file)?;
                (length, checksum) == (index.file_length, index.file_checksum)
            }
        };
        if whole {
            return Ok(Sealed { index, places, rebuilt: false });
        }
    }
    // Either the index or the segment is not what it was: reading the segment tells which, and where.
    let (index, places) = Index::build(&file, header)?;
    Ok(Sealed { index, places, rebuilt: true })
}

/// Loads the ends of all streams from the indexes, some shards at a time, so that the table being filled stays
/// in the processor's cache.
pub(crate) fn load_heads(sealed: &[Sealed]) -> Result<Heads, StoreError> {
    let mut heads = Heads::new();
    let parts = if sealed.is_empty() { 1 } else { heads.shards.len() / SHARDS_AT_ONCE };
    let jobs: Vec<_> = (0..).step_by(SHARDS_AT_ONCE).zip(heads.shards.chunks_mut(SHARDS_AT_ONCE)).collect();
    let jobs = std::sync::Mutex::new(jobs);
    let work = || {
        let mut failed = Vec::new();
        loop {
            let Some((first, shards)) = super::hold(&jobs).pop() else { return failed };
            failed.extend(load_shards(sealed, first, shards).err());
        }
    };
    let failed = in_parallel(parts, work);
    match failed.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(heads),
    }
}

fn load_shards(sealed: &[Sealed], first: usize, shards: &mut [Shard]) -> Result<(), StoreError> {
    let end = first + shards.len();
    for sealed in sealed {
        sealed.index.tips(first, end, |key, tip| {
            let shard = super::heads::shard_of(key).checked_sub(first);
            if let Some(shard) = shard.and_then(|shard| shards.get_mut(shard)) {
                shard.set(key, tip);
            }
        })?;
    }
    Ok(())
}
