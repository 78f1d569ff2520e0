//! What waits for the decider.
//!
//! A queue that is taken whole, and that wakes the decider no more often than there is a reason to: at once while
//! the committer has nothing to do, else when enough is waiting, or when the committer is done. A wake for each
//! request would cost more than deciding it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::decider::{Message, Redo};

/// So much waits at the most while a batch is written, before the decider decides it meanwhile.
const ENOUGH: usize = 32;

/// The queue in front of the decider. It is bounded by the commands that are admitted to be in flight.
#[derive(Default)]
pub(crate) struct Inbox {
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Waiting,
    /// Batches that the committer has not finished.
    unfinished: usize,
    /// The decider sleeps until so many messages wait.
    asleep_until: Option<usize>,
    closed: bool,
}

/// What the decider takes at once.
#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) messages: Vec<Message>,
    pub(crate) redo: Vec<Redo>,
}

impl Inbox {
    /// Puts a message in. Gives it back if the decider has ended.
    pub(crate) fn push(&self, message: Message) -> Result<(), Message> {
        let mut queue = self.lock();
        if queue.closed {
            return Err(message);
        }
        queue.waiting.messages.push(message);
        if queue.asleep_until.is_some_and(|enough| queue.waiting.messages.len() >= enough) {
            self.wake(&mut queue);
        }
        Ok(())
    }

    /// The committer has finished some batches, and perhaps something must be decided again.
    pub(crate) fn finished(&self, batches: usize, redo: Option<Redo>) {
        let mut queue = self.lock();
        queue.unfinished = queue.unfinished.saturating_sub(batches);
        if queue.closed {
            // Nobody decides it again; who waits for it is told by its end.
            return;
        }
        queue.waiting.redo.extend(redo);
        if queue.unfinished == 0 && queue.asleep_until.is_some() {
            // From now on there is a reason to go on for whatever comes.
            queue.asleep_until = Some(1);
        }
        let enough = queue.asleep_until.is_some_and(|enough| queue.waiting.messages.len() >= enough);
        if enough || (queue.asleep_until.is_some() && !queue.waiting.redo.is_empty()) {
            self.wake(&mut queue);
        }
    }

    /// A batch is about to be written. Says whether the decider shall do that by itself, for the batch is small, the
    /// committer has nothing to do and nothing else waits; it is not counted then.
    pub(crate) fn begin(&self, is_small: bool) -> bool {
        let mut queue = self.lock();
        let alone = is_small && queue.unfinished == 0 && queue.waiting.messages.is_empty();
        queue.unfinished += usize::from(!alone);
        alone
    }

    /// Takes everything that waits into `taken`, which is empty; sleeps first while there is no reason to go on.
    pub(crate) fn take(&self, taken: &mut Waiting, longest: Duration) {
        let mut queue = self.lock();
        let enough = if queue.unfinished == 0 { 1 } else { ENOUGH };
        if queue.waiting.messages.len() < enough && queue.waiting.redo.is_empty() {
            queue.asleep_until = Some(enough);
            let asleep = self.filled.wait_timeout_while(queue, longest, |queue| queue.asleep_until.is_some());
            queue = asleep.unwrap_or_else(PoisonError::into_inner).0;
            queue.asleep_until = None;
        }
        std::mem::swap(&mut queue.waiting, taken);
    }

    /// Takes no more messages; those that wait are dropped, and with them who waits for an answer is told.
    pub(crate) fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        queue.waiting = Waiting::default();
    }

    fn wake(&self, queue: &mut Queue) {
        queue.asleep_until = None;
        self.filled.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
