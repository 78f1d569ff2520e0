//! The embedded store: a log of our own in segment files, for one machine and no server.
//!
//! `docs/log-format.md` has the bytes, `docs/adr/0002-own-log.md` the reasons.
//!
//! **Invariants**
//! - What a reader sees is durable: heads and the end of the log move after the sync, never before.
//! - A batch is written only when the one before it is durable.
//! - Bytes before the end of the log never change; so reads need no lock.
//! - After a write or sync whose outcome is unknown nothing is written until the store is opened again.

mod frame;
mod heads;
mod index;
mod index_bytes;
mod names;
mod open;
mod prepare;
mod read;
mod report;
mod sealed;
mod segment;
mod tail;
mod walk;
mod window;
mod writer;
mod zeros;

use std::io;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use self::heads::Heads;
pub use self::report::{Cut, Helper, OpenReport, Options, Verify};
use self::segment::Segment;
use self::writer::{Writer, Written};
use crate::disk::{Disk, DiskLock, LockError, RealDisk};
use crate::key::StreamKey;
use crate::plan::{Plan, plan};
use crate::{Appended, Conflict, EventStore, Group, Head, RecordedRef, StoreError, StreamHead, StreamName};

const MIN_SEGMENT: u64 = 4 << 10;
const MAX_SEGMENT: u64 = 1 << 30;

/// The log as readers see it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) segments: Arc<Vec<Arc<Segment>>>,
    pub(crate) head: Head,
}

/// An event store in a directory.
///
/// Any number of threads may append and read; appends queue for the one writer, reads wait for nobody. A
/// stream costs about 100 bytes of memory, a sealed segment about 10 KiB.
#[derive(Debug)]
pub struct EmbeddedStore {
    writer: Mutex<Writer>,
    view: RwLock<View>,
    heads: RwLock<Heads>,
    /// The durable `next_position`, to wait on.
    end: Mutex<u64>,
    grown: Condvar,
    /// Dropped last: the directory is free when nothing of the store runs any more.
    _lock: Box<dyn DiskLock>,
}

impl EmbeddedStore {
    /// Opens the store in a directory, creating both if they are not there.
    ///
    /// What a crash left behind the last whole commit is cut off and reported; any other damage refuses.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, OpenReport), StoreError> {
        let name = dir.display().to_string();
        let disk = RealDisk::new(dir).map_err(|source| io_error("create", &name, source))?;
        Self::open_on(Arc::new(disk), options)
    }

    /// Opens the store on any disk: how the fault tests get under it.
    pub fn open_on(disk: Arc<dyn Disk>, options: Options) -> Result<(Self, OpenReport), StoreError> {
        if !(MIN_SEGMENT..=MAX_SEGMENT).contains(&options.segment_size) {
            let (bytes, min, max) = (options.segment_size, MIN_SEGMENT, MAX_SEGMENT);
            return Err(StoreError::SegmentSize { bytes, min, max });
        }
        let lock = disk.lock().map_err(|error| match error {
            LockError::Held { holder } => StoreError::Locked { dir: disk.label(), holder },
            LockError::Io(source) => io_error("lock", &disk.label(), source),
        })?;
        let opened = open::open(&disk, &options)?;
        let store = Self {
            end: Mutex::new(opened.view.head.next_position),
            writer: Mutex::new(opened.writer),
            view: RwLock::new(opened.view),
            heads: RwLock::new(opened.heads),
            grown: Condvar::new(),
            _lock: lock,
        };
        Ok((store, opened.report))
    }

    /// Cuts the log into at most `parts` ranges of positions, along segments, for as many threads to scan.
    pub fn partitions(&self, parts: usize) -> Vec<Range<u64>> {
        let view = self.view();
        let per_part = view.segments.len().div_ceil(parts.max(1)).max(1);
        let starts: Vec<u64> =
            view.segments.iter().step_by(per_part).map(|segment| segment.first_position).collect();
        let ends = starts.iter().skip(1).copied().chain([view.head.next_position]);
        starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
    }

    /// Visits the events of a range of positions, in order, until the visitor breaks.
    pub fn scan_range(
        &self,
        range: Range<u64>,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut view = self.view();
        view.head.next_position = view.head.next_position.min(range.end);
        read::scan_all(&view, range.start, visit)
    }

    fn view(&self) -> View {
        read(&self.view).clone()
    }

    /// Lets readers see a batch that is durable.
    fn publish(&self, writer: &Writer, plan: &Plan<'_, heads::Tip>, written: Written) {
        let next_position = writer.position;
        {
            let mut view = write(&self.view);
            view.head = Head { next_position, running_hash: writer.running.get() };
            if let Some(segment) = written.opened {
                Arc::make_mut(&mut view.segments).push(segment);
            }
        }
        {
            let mut heads = write(&self.heads);
            for (stream, tip) in plan.streams.iter().zip(&written.tips) {
                if let Some(tip) = tip {
                    heads.set(stream.key, *tip);
                }
            }
        }
        *hold(&self.end) = next_position;
        self.grown.notify_all();
    }
}

impl EventStore for EmbeddedStore {
    fn append(&self, groups: &[Group]) -> Result<Vec<Result<Appended, Conflict>>, StoreError> {
        let Ok(mut writer) = self.writer.lock() else {
            return Err(StoreError::Poisoned { cause: "a thread died while it was appending".to_owned() });
        };
        writer.check()?;
        let plan = {
            let heads = read(&self.heads);
            plan(groups, writer.position, |key| heads.get(key).map(|tip| (tip.head.revision, tip)))?
        };
        if plan.writes.is_empty() {
            return Ok(plan.answers);
        }
        let mut written = writer.write(&plan)?;
        let (opened, sealed) = (written.opened.clone(), written.sealed.take());
        self.publish(&writer, &plan, written);
        if let Some(opened) = opened {
            writer.preparer.prepare(opened.number.saturating_add(1));
        }
        if let Some(sealed) = sealed {
            writer.preparer.seal(sealed);
        }
        Ok(plan.answers)
    }

    fn head(&self) -> Result<Head, StoreError> {
        Ok(read(&self.view).head)
    }

    fn stream_head(&self, stream: &StreamName) -> Result<Option<StreamHead>, StoreError> {
        Ok(read(&self.heads).get(StreamKey::of(stream)).map(|tip| tip.head))
    }

    fn scan_stream(
        &self,
        stream: &StreamName,
        from: u64,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let key = StreamKey::of(stream);
        // First the head, then the view: the view then holds the head's segment.
        let tip = read(&self.heads).get(key);
        match tip {
            Some(tip) => read::scan_stream(&self.view(), key, stream.as_str(), tip, from, visit),
            None => Ok(()),
        }
    }

    fn scan_all(
        &self,
        from: u64,
        visit: &mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        read::scan_all(&self.view(), from, visit)
    }

    fn wait_past(&self, position: u64, timeout: Duration) -> Result<u64, StoreError> {
        let short = |end: &mut u64| *end <= position;
        let (end, _) = self
            .grown
            .wait_timeout_while(hold(&self.end), timeout, short)
            .unwrap_or_else(PoisonError::into_inner);
        Ok(*end)
    }
}

fn io_error(action: &'static str, name: &str, source: io::Error) -> StoreError {
    StoreError::Io { action, name: name.to_owned(), source }
}

// No code that can fail runs under these locks, so what they guard is whole even if a thread died.

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
