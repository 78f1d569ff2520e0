//! The end of the log, followed for all who wait for it: one thread, and none while nobody waits.

use std::sync::{Arc, Mutex, PoisonError};

use scrip_store::EventStore;
use tokio::sync::watch;

use crate::limits;

/// How far the log is: the position that its next event will get; nothing once the store has failed.
pub(crate) type End = Option<u64>;

/// Follows the end of the log.
pub(crate) struct Tail {
    store: Arc<dyn EventStore>,
    end: watch::Sender<End>,
    /// Whether the thread runs. Whoever changes it holds the lock, so that it neither ends unseen nor runs twice.
    follows: Mutex<bool>,
}

impl Tail {
    pub(crate) fn new(store: Arc<dyn EventStore>) -> Arc<Self> {
        Arc::new(Self { store, end: watch::Sender::new(Some(0)), follows: Mutex::new(false) })
    }

    /// The end of the log, told whenever it moves for as long as the answer is kept.
    pub(crate) fn follow(self: &Arc<Self>) -> watch::Receiver<End> {
        let receiver = self.end.subscribe();
        let mut follows = self.follows.lock().unwrap_or_else(PoisonError::into_inner);
        if !*follows {
            *follows = true;
            // It may have failed before, and what it knew then may be old: what is there is told first.
            self.end.send_replace(Some(0));
            let tail = Arc::clone(self);
            // Ends by itself: nobody has to wait for it.
            let _follower = tokio::task::spawn_blocking(move || tail.run());
        }
        receiver
    }

    fn run(&self) {
        let mut known = 0;
        loop {
            match self.store.wait_past(known, limits::TAIL_WAIT) {
                Ok(end) if end > known => {
                    known = end;
                    self.end.send_replace(Some(end));
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "the log cannot be followed");
                    let mut follows = self.follows.lock().unwrap_or_else(PoisonError::into_inner);
                    self.end.send_replace(None);
                    *follows = false;
                    return;
                }
            }
            let mut follows = self.follows.lock().unwrap_or_else(PoisonError::into_inner);
            if self.end.receiver_count() == 0 {
                *follows = false;
                return;
            }
        }
    }
}
