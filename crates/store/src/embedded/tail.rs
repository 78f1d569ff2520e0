//! The last segment: what a crash may have left half done.
//!
//! **Invariant**: a batch is written only when the one before it is durable. So what a crash leaves behind the
//! last whole commit is of one batch, and a commit of a batch that begins later proves damage instead.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::disk::{Disk, LogFile, read_full, write_all};
use crate::embedded::frame::{COMMIT, Frame, HEADER, Header, Place, parse};
use crate::embedded::heads::{Heads, Tip};
use crate::embedded::io_error;
use crate::embedded::names::segment_name;
use crate::embedded::report::Cut;
use crate::embedded::walk::{Seen, Walk, walk};
use crate::embedded::window::{SCAN_AHEAD, Window};
use crate::embedded::zeros::{last_nonzero, write_zeros};
use crate::{Damage, StoreError};

/// The last segment, its torn end cut off.
pub(crate) struct Tail {
    pub(crate) header: Header,
    pub(crate) walked: Walk,
    pub(crate) file: Arc<dyn LogFile>,
    pub(crate) capacity: u64,
    pub(crate) cut: Option<Cut>,
}

/// What keeps a segment's first batch from being whole, and where; `None` if it is.
///
/// A segment counts from its first whole batch on. Without one it is a prepared file that a crash scribbled on.
pub(crate) fn first_batch(
    disk: &Arc<dyn Disk>,
    header: &Header,
) -> Result<Option<(u64, Damage)>, StoreError> {
    let name = segment_name(header.segment);
    let file = disk.open(&name).map_err(|source| io_error("open", &name, source))?;
    let mut window = Window::new(header.segment, file, SCAN_AHEAD);
    let walked = walk(&mut window, header, |_| Ok(ControlFlow::Break(())))?;
    Ok(match walked.last_batch {
        Some(_) => None,
        None => Some(walked.broken.unwrap_or((walked.stop, Damage::Tag))),
    })
}

/// Reads the last segment, takes its streams' ends into `heads`, and finds its torn end, changing nothing.
pub(crate) fn recover_tail(
    disk: &Arc<dyn Disk>,
    header: &Header,
    heads: &mut Heads,
) -> Result<Tail, StoreError> {
    let name = segment_name(header.segment);
    let file = disk.open(&name).map_err(|source| io_error("open", &name, source))?;
    let mut window = Window::new(header.segment, Arc::clone(&file), SCAN_AHEAD);
    let walked = walk(&mut window, header, |batch| take(header.segment, batch, heads))?;
    let found = survey(&file, header.segment, walked.end, walked.end)?;
    let (offset, damage) = walked.broken.unwrap_or((walked.stop, Damage::Tag));
    if found.later_commit {
        return Err(window.damaged(offset, damage));
    }
    let cut = found.last_nonzero.map(|last| Cut {
        segment: u64::from(header.segment),
        offset: walked.end,
        bytes: last + 1 - walked.end,
        records: walked.loose,
    });
    let capacity = file.len().map_err(|source| io_error("measure", &name, source))?;
    Ok(Tail { header: *header, walked, file, capacity, cut })
}

/// Takes a batch's streams into the heads, each record where the one before it left its stream.
fn take(segment: u32, batch: &[Seen], heads: &mut Heads) -> Result<ControlFlow<()>, StoreError> {
    for seen in batch {
        let before = heads.get(seen.key);
        let expected = before.map_or(Some(0), |tip| tip.head.revision.checked_add(1));
        let place = before.map_or(Place::NONE, |tip| tip.place);
        if expected != Some(seen.head.revision) || place != seen.previous {
            return Err(StoreError::Damaged {
                segment: u64::from(segment),
                offset: u64::from(seen.offset),
                damage: Damage::Order,
            });
        }
        heads.set(seen.key, Tip { head: seen.head, place: Place::new(segment, seen.offset) });
    }
    Ok(ControlFlow::Continue(()))
}

impl Tail {
    /// Cuts the torn end and makes sure that what is left is on the disk: writes the last whole batch again and
    /// zeros behind it, and syncs. A sync that failed before may have left pages in the cache that say they
    /// are on the disk and are not.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        let name = segment_name(self.header.segment);
        self.rewrite().map_err(|source| io_error("rewrite the end of", &name, source))
    }

    fn rewrite(&self) -> std::io::Result<()> {
        let (file, end) = (&*self.file, self.walked.end);
        let mut chunk = vec![0; SCAN_AHEAD];
        // The first batch is written together with the header.
        let mut at = self.walked.last_batch.filter(|&begin| begin > HEADER as u64).unwrap_or(0);
        while at < end {
            let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(chunk.len());
            let part = chunk.get_mut(..length).unwrap_or_default();
            if read_full(file, part, at)? < part.len() {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            write_all(file, part, at)?;
            at += part.len() as u64;
        }
        let wipe = self.cut.as_ref().map_or(end, |cut| cut.offset + cut.bytes);
        write_zeros(file, end..wipe)?;
        file.sync_data()
    }
}

/// What lies behind the last whole commit.
pub(crate) struct Survey {
    /// Offset of the last byte that is not zero.
    pub(crate) last_nonzero: Option<u64>,
    /// Whether there is a whole commit of a batch that begins after `batch_start`.
    pub(crate) later_commit: bool,
}

/// Looks through a segment file from an offset, a multiple of 8, to its end.
pub(crate) fn survey(
    file: &Arc<dyn LogFile>,
    segment: u32,
    from: u64,
    batch_start: u64,
) -> Result<Survey, StoreError> {
    let mut found = Survey { last_nonzero: None, later_commit: false };
    let mut chunk = vec![0; SCAN_AHEAD + COMMIT];
    let mut at = from;
    loop {
        let read = read_full(&**file, &mut chunk, at)
            .map_err(|source| io_error("read", &segment_name(segment), source))?;
        let bytes = chunk.get(..read).unwrap_or_default();
        if let Some(last) = last_nonzero(bytes) {
            found.last_nonzero = Some(at + last as u64);
            found.later_commit |= (0..=last).step_by(8).any(|offset| {
                let frame = bytes.get(offset..offset + COMMIT).filter(|bytes| bytes.first() == Some(&0xFF));
                match frame.map(parse) {
                    Some(Ok(Frame::Commit(commit))) => {
                        commit.segment == u64::from(segment) && commit.batch_start > batch_start
                    }
                    _ => false,
                }
            });
        }
        if read < chunk.len() {
            return Ok(found);
        }
        at += SCAN_AHEAD as u64;
    }
}
