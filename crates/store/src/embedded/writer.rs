//! The one writer: encodes a batch into one buffer, writes it with one call, syncs once.

use std::sync::Arc;

use crate::disk::{Disk, LogFile, is_full, write_all};
use crate::embedded::frame::{
    COMMIT, Commit, HEADER, Header, Place, RecordPlan, push_commit, push_record, record_length,
};
use crate::embedded::heads::Tip;
use crate::embedded::names::segment_name;
use crate::embedded::prepare::Preparer;
use crate::embedded::segment::Segment;
use crate::embedded::zeros::write_zeros;
use crate::envelope::ZERO_HASH;
use crate::plan::Plan;
use crate::{RunningHash, StoreError, StreamHead, limits};

/// A buffer that grew beyond this for one large batch is not kept.
const KEEP_BUFFER: usize = 16 << 20;

/// The segment that is written to.
#[derive(Clone, Debug)]
pub(crate) struct Active {
    pub(crate) segment: Arc<Segment>,
    pub(crate) file: Arc<dyn LogFile>,
    /// Where the last whole batch ends.
    pub(crate) end: u64,
    /// How far the file was written ahead.
    pub(crate) capacity: u64,
    /// Whether the disk may hold something else than zeros behind `end`, whatever the cache says: left by a
    /// batch that found no room, or by a sync that failed before the store was opened.
    pub(crate) dirty: bool,
}

/// The end of the log, and what is needed to go on.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) preparer: Preparer,
    pub(crate) active: Option<Active>,
    pub(crate) position: u64,
    pub(crate) running: RunningHash,
    pub(crate) buffer: Vec<u8>,
    /// Why nothing more may be written.
    pub(crate) broken: Option<String>,
}

/// A batch that is durable, for readers to be told of.
pub(crate) struct Written {
    /// The ends of its streams, in the plan's order; `None` where nothing was accepted.
    pub(crate) tips: Vec<Option<Tip>>,
    /// The segment that it was the first batch of.
    pub(crate) opened: Option<Arc<Segment>>,
    /// The segment that is sealed by that.
    pub(crate) sealed: Option<Arc<Segment>>,
}

impl Writer {
    /// Refuses if an earlier failure left the disk's state unknown.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &self.broken {
            None => Ok(()),
            Some(cause) => Err(StoreError::Poisoned { cause: cause.clone() }),
        }
    }

    /// Writes a plan's events, which are at least one, and makes them durable.
    pub(crate) fn write(&mut self, plan: &Plan<'_, Tip>) -> Result<Written, StoreError> {
        let length = batch_length(plan)?;
        let fits = |active: &&Active| active.end.saturating_add(length as u64) <= active.capacity;
        let (target, fresh) = match self.active.as_ref().filter(fits) {
            Some(active) => (active.clone(), false),
            None => (self.next_segment()?, true),
        };
        let (tips, offsets, running) = self.encode(plan, &target, fresh);
        self.put(&target, fresh)?;
        self.position = plan.next_position;
        self.running = running;
        let base = if fresh { 0 } else { target.end };
        let end = base + self.buffer.len() as u64;
        let (opened, segment) = (fresh.then(|| Arc::clone(&target.segment)), Arc::clone(&target.segment));
        let before = self.active.replace(Active { end, capacity: target.capacity.max(end), ..target });
        if self.buffer.capacity() > KEEP_BUFFER {
            self.buffer = Vec::new();
        }
        if let Some(first) = plan.next_position.checked_sub(offsets.len() as u64) {
            segment.add_places(first, &offsets);
        }
        let sealed = before.filter(|_| fresh).map(|active| active.segment);
        Ok(Written { tips, opened, sealed })
    }

    /// The file that follows the active one, written ahead but empty.
    fn next_segment(&mut self) -> Result<Active, StoreError> {
        self.clean_end()?;
        let last = self.active.as_ref().map_or(0, |active| active.segment.number);
        let Some(number) = last.checked_add(1) else {
            return Err(self.poison("there are no segment numbers left".to_owned()));
        };
        let taken = self.preparer.take(number);
        let file = self.guard_room("prepare", number, taken)?;
        let length = file.len();
        let capacity = self.guard("measure", length)?;
        let segment =
            Arc::new(Segment::active(&self.disk, number, self.position, Arc::clone(&file), Vec::new()));
        Ok(Active { segment, file, end: HEADER as u64, capacity, dirty: false })
    }

    /// Encodes the batch into the buffer, behind a header if it is a segment's first.
    fn encode(
        &mut self,
        plan: &Plan<'_, Tip>,
        target: &Active,
        fresh: bool,
    ) -> (Vec<Option<Tip>>, Vec<u32>, RunningHash) {
        let number = target.segment.number;
        let buffer = &mut self.buffer;
        buffer.clear();
        let base = if fresh { 0 } else { target.end };
        if fresh {
            let header =
                Header { segment: number, first_position: self.position, running_hash: self.running.get() };
            buffer.extend_from_slice(&header.encode());
        }
        let mut running = self.running;
        let mut position = self.position;
        let mut ends: Vec<Option<Tip>> = plan.streams.iter().map(|stream| stream.found).collect();
        let mut written: Vec<Option<Tip>> = vec![None; ends.len()];
        let mut offsets = Vec::with_capacity((plan.next_position - self.position) as usize);
        for write in &plan.writes {
            let (Some(stream), Some(end)) = (plan.streams.get(write.stream), ends.get_mut(write.stream))
            else {
                continue;
            };
            for (revision, event) in (write.first_revision..).zip(write.events) {
                let offset = (base + buffer.len() as u64) as u32;
                let record = RecordPlan {
                    stream: stream.name,
                    key: stream.key,
                    position,
                    revision,
                    previous: end.map_or(Place::NONE, |tip| tip.place),
                    previous_hash: end.map_or(ZERO_HASH, |tip| tip.head.hash),
                };
                let hash = push_record(buffer, &record, event);
                running.push(&hash);
                offsets.push(offset);
                position += 1;
                let head = StreamHead { revision, recorded_at: event.recorded_at, hash };
                *end = Some(Tip { head, place: Place::new(number, offset) });
            }
            if let Some(tip) = written.get_mut(write.stream) {
                *tip = *end;
            }
        }
        let commit = Commit {
            events: offsets.len() as u32,
            batch_start: target.end,
            first_position: self.position,
            next_position: position,
            segment: u64::from(number),
            running_hash: running.get(),
        };
        push_commit(buffer, &commit);
        (written, offsets, running)
    }

    /// Writes the buffer and syncs it.
    fn put(&mut self, target: &Active, fresh: bool) -> Result<(), StoreError> {
        let base = if fresh { 0 } else { target.end };
        if let Err(source) = write_all(&*target.file, &self.buffer, base) {
            if !is_full(&source) {
                let cause = format!("writing segment {} failed: {source}", target.segment.number);
                return Err(self.poison(cause));
            }
            let undone = if fresh { self.discard(target.segment.number) } else { self.wipe() };
            self.guard("take back a batch for which there was no room", undone)?;
            return Err(StoreError::Full { name: segment_name(target.segment.number), source });
        }
        let synced = target.file.sync_data();
        self.guard("sync", synced)
    }

    /// Removes the file of a segment whose first batch found no room.
    fn discard(&self, number: u32) -> std::io::Result<()> {
        self.disk.remove(&segment_name(number))?;
        self.disk.sync_dir()
    }

    /// Zeros what may have been written of a batch that found no room. It lay within the bytes written ahead.
    fn wipe(&mut self) -> std::io::Result<()> {
        let Some(active) = &mut self.active else { return Ok(()) };
        active.dirty = true;
        write_zeros(&*active.file, active.end..active.capacity.min(active.end + self.buffer.len() as u64))
    }

    /// Makes the rest of a segment durably empty before another one follows it.
    fn clean_end(&mut self) -> Result<(), StoreError> {
        let Some(Active { dirty: true, file, end, capacity, segment }) = &self.active else { return Ok(()) };
        let (zeroed, file, number) =
            (write_zeros(&**file, *end..*capacity), Arc::clone(file), segment.number);
        self.guard_room("empty the end of a segment", number, zeroed)?;
        let synced = file.sync_data();
        self.guard("sync", synced)?;
        if let Some(active) = &mut self.active {
            active.dirty = false;
        }
        Ok(())
    }

    fn guard<T>(&mut self, action: &str, result: std::io::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| self.poison(format!("could not {action}: {error}")))
    }

    fn guard_room<T>(
        &mut self,
        action: &str,
        segment: u32,
        result: std::io::Result<T>,
    ) -> Result<T, StoreError> {
        match result {
            Err(source) if is_full(&source) => Err(StoreError::Full { name: segment_name(segment), source }),
            other => self.guard(action, other),
        }
    }

    fn poison(&mut self, cause: String) -> StoreError {
        self.broken = Some(cause.clone());
        StoreError::Poisoned { cause }
    }
}

/// Bytes that a plan's batch will take, without a segment's header.
fn batch_length(plan: &Plan<'_, Tip>) -> Result<usize, StoreError> {
    let mut length = COMMIT;
    for write in &plan.writes {
        let Some(stream) = plan.streams.get(write.stream) else { continue };
        for event in write.events {
            length = length.saturating_add(record_length(stream.name, event));
        }
    }
    if length > limits::BATCH {
        return Err(StoreError::BatchTooLarge { bytes: length, limit: limits::BATCH });
    }
    Ok(length)
}
