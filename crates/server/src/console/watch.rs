//! The one verification that runs in the background at a time, and how far it is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scrip_engine::{Expectation, Verified, verify};
use scrip_store::EventStore;

/// The last verification that was asked for.
#[derive(Default)]
pub(super) struct Watch(Mutex<Option<Arc<Job>>>);

/// A verification.
pub(super) struct Job {
    /// Who asked for it.
    pub(super) by: String,
    /// What it is compared with.
    pub(super) expect: Option<Expectation>,
    /// Events that there were when it began.
    pub(super) total: u64,
    passed: AtomicU64,
    ended: Mutex<Option<Result<Verified, String>>>,
}

impl Job {
    /// Events that were passed.
    pub(super) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed).min(self.total)
    }

    /// What it found, or why it broke off; nothing while it runs.
    pub(super) fn ended(&self) -> Option<Result<Verified, String>> {
        lock(&self.ended).clone()
    }
}

impl Watch {
    /// The last one that was asked for.
    pub(super) fn last(&self) -> Option<Arc<Job>> {
        lock(&self.0).clone()
    }

    /// Begins one, unless one runs. It reads on one thread of its own, so that calls go on beside it; the thread ends with
    /// the log, or with the process. Blocks on the store for a moment.
    pub(super) fn begin(
        &self,
        store: Arc<dyn EventStore>,
        by: String,
        expect: Option<Expectation>,
    ) -> Result<(), Busy> {
        let mut last = lock(&self.0);
        if last.as_ref().is_some_and(|job| job.ended().is_none()) {
            return Err(Busy::Running);
        }
        let total = store.head().map_err(|_| Busy::NoStore)?.next_position;
        let job = Arc::new(Job { by, expect, total, passed: AtomicU64::new(0), ended: Mutex::new(None) });
        let own = Arc::clone(&job);
        let run = move || {
            // Whatever happens in it, it ends: a job that never did would keep every later one away.
            let work = std::panic::AssertUnwindSafe(|| verify(store.as_ref(), 1, &own.passed, own.expect));
            let ended = match std::panic::catch_unwind(work) {
                Ok(found) => found.map_err(|error| error.to_string()),
                Err(_) => Err("the verification broke off: the server's log says more".to_owned()),
            };
            *lock(&own.ended) = Some(ended);
        };
        std::thread::Builder::new().name("scrip-verify".to_owned()).spawn(run).map_err(|_| Busy::NoThread)?;
        *last = Some(job);
        Ok(())
    }
}

/// Why none was begun.
#[derive(Clone, Copy, Debug)]
pub(super) enum Busy {
    Running,
    NoStore,
    NoThread,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
