//! What happens beside the append path: the next segment is written ahead with zeros, the last one gets its
//! index. On a thread of its own, or at once where a test wants every step in order.

use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::disk::{Disk, LogFile, is_full};
use crate::embedded::frame::{HEADER, Header, HeaderState};
use crate::embedded::index::Index;
use crate::embedded::names::{segment_name, temporary};
use crate::embedded::segment::Segment;
use crate::embedded::zeros::write_zeros;
use crate::embedded::{Helper, hold};

/// How much is written ahead between two looks at whether to stop.
const STEP: u64 = 1 << 20;

/// The next segment's file, on its way.
#[derive(Debug)]
enum Next {
    /// Nobody works on it.
    None,
    Working,
    Ready(u32, Arc<dyn LogFile>),
    Failed(io::Error),
}

#[derive(Debug)]
struct Workshop {
    disk: Arc<dyn Disk>,
    segment_size: u64,
    next: Mutex<Next>,
    changed: Condvar,
    stop: AtomicBool,
}

enum Job {
    Prepare(u32),
    Seal(Arc<Segment>),
}

/// Prepares and seals segments.
#[derive(Debug)]
pub(crate) struct Preparer {
    shop: Arc<Workshop>,
    /// Closed when the preparer is dropped, which ends the thread.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Preparer {
    pub(crate) fn new(disk: &Arc<dyn Disk>, segment_size: u64, helper: Helper) -> io::Result<Self> {
        let shop = Arc::new(Workshop {
            disk: Arc::clone(disk),
            segment_size,
            next: Mutex::new(Next::None),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
        });
        let Helper::Thread = helper else { return Ok(Self { shop, jobs: None, thread: None }) };
        let (jobs, inbox) = channel();
        let worker = Arc::clone(&shop);
        let thread =
            thread::Builder::new().name("scrip-segments".to_owned()).spawn(move || worker.run(inbox))?;
        Ok(Self { shop, jobs: Some(jobs), thread: Some(thread) })
    }

    /// Gives a file that was found prepared.
    pub(crate) fn found(&self, segment: u32, file: Arc<dyn LogFile>) {
        *hold(&self.shop.next) = Next::Ready(segment, file);
    }

    /// Has the file of a segment prepared, unless it is.
    pub(crate) fn prepare(&self, segment: u32) {
        let mut next = hold(&self.shop.next);
        if !matches!(*next, Next::None | Next::Failed(_)) {
            return;
        }
        *next = Next::Working;
        drop(next);
        self.give(Job::Prepare(segment));
    }

    /// Has the index of a segment built that is written to no more.
    pub(crate) fn seal(&self, segment: Arc<Segment>) {
        self.give(Job::Seal(segment));
    }

    fn give(&self, job: Job) {
        match &self.jobs {
            None => self.shop.work(job),
            Some(jobs) => {
                if let Err(unsent) = jobs.send(job) {
                    self.shop.work(unsent.0);
                }
            }
        }
    }

    /// The prepared file of a segment; waits for it, or prepares it now.
    pub(crate) fn take(&self, segment: u32) -> io::Result<Arc<dyn LogFile>> {
        let next = hold(&self.shop.next);
        let working = |next: &mut Next| matches!(next, Next::Working);
        let mut next = self.shop.changed.wait_while(next, working).unwrap_or_else(PoisonError::into_inner);
        match mem::replace(&mut *next, Next::None) {
            Next::Ready(number, file) if number == segment => Ok(file),
            // A file that could not be synced is gone, but a disk that cannot sync is not to be trusted.
            Next::Failed(error) if !is_full(&error) => Err(error),
            _ => self.shop.prepare(segment),
        }
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        self.shop.stop.store(true, Ordering::Relaxed);
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

impl Workshop {
    fn run(&self, inbox: Receiver<Job>) {
        for job in inbox {
            if !self.stop.load(Ordering::Relaxed) {
                self.work(job);
            }
        }
    }

    fn work(&self, job: Job) {
        match job {
            Job::Prepare(segment) => {
                let made = self.prepare(segment);
                *hold(&self.next) = match made {
                    Ok(file) => Next::Ready(segment, file),
                    Err(error) => Next::Failed(error),
                };
                self.changed.notify_all();
            }
            Job::Seal(segment) => self.seal(&segment),
        }
    }

    /// A segment without an index is read by its back pointers, and gets one when the store is next opened:
    /// so whatever fails here, damage included, is found again by those who read.
    fn seal(&self, segment: &Segment) {
        let Ok(file) = segment.file() else { return };
        let mut bytes = [0; HEADER];
        if crate::disk::read_full(&*file, &mut bytes, 0).is_err() {
            return;
        }
        if let HeaderState::Whole(header) = Header::decode(&bytes, segment.number)
            && let Ok((mut index, _)) = Index::build(&file, &header)
        {
            index.save(&self.disk);
            segment.seal(index);
        }
    }

    /// Creates a segment's file, writes it full of zeros, and gives it its name: all durable, or not there.
    fn prepare(&self, segment: u32) -> io::Result<Arc<dyn LogFile>> {
        let name = segment_name(segment);
        let draft = temporary(&name);
        let file = self.disk.create(&draft)?;
        let filled = self.fill(&*file).and_then(|()| file.sync_data());
        if let Err(error) = filled {
            self.disk.remove(&draft)?;
            return Err(error);
        }
        self.disk.rename(&draft, &name)?;
        self.disk.sync_dir()?;
        Ok(file)
    }

    fn fill(&self, file: &dyn LogFile) -> io::Result<()> {
        let mut done = 0;
        while done < self.segment_size {
            if self.stop.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let next = (done + STEP).min(self.segment_size);
            write_zeros(file, done..next)?;
            done = next;
        }
        Ok(())
    }
}
