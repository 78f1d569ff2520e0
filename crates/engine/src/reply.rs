//! How an answer gets back to whoever waits for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use scrip_ledger::AccountId;
use tokio::sync::oneshot;

use crate::request::{Accepted, EngineError, View};

/// What became of a command.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Decided and durable, or not carried out.
    Decided(Result<Accepted, EngineError>),
    /// The key was used for the same command: its first answer is to be read from these events.
    Repeated(FirstAnswer),
}

/// Where the events of an accepted command are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FirstAnswer {
    pub(crate) account: AccountId,
    pub(crate) first_revision: u64,
    pub(crate) events: u16,
}

/// Where an answer goes.
#[derive(Debug)]
pub(crate) enum Reply {
    /// To nobody: the engine asked itself.
    Nobody,
    /// One command.
    Command(oneshot::Sender<Outcome>),
    /// One of many commands that are answered together.
    OneOf(Arc<Many>, usize),
    /// A question about an account.
    View(oneshot::Sender<Result<View, EngineError>>),
}

impl Reply {
    pub(crate) fn decided(self, result: Result<Accepted, EngineError>) {
        match self {
            Self::View(sender) => {
                if let Err(error) = result {
                    let _gone = sender.send(Err(error));
                }
            }
            other => other.send(Outcome::Decided(result)),
        }
    }

    /// Whoever waited may have gone: what was decided stands all the same.
    pub(crate) fn send(self, outcome: Outcome) {
        match self {
            Self::Nobody | Self::View(_) => {}
            Self::Command(sender) => drop(sender.send(outcome)),
            Self::OneOf(many, at) => many.fill(at, outcome),
        }
    }
}

/// The answers of many commands, collected until the last one is there.
#[derive(Debug)]
pub(crate) struct Many {
    outcomes: Mutex<Vec<Option<Outcome>>>,
    missing: AtomicUsize,
    done: Mutex<Option<oneshot::Sender<()>>>,
}

impl Many {
    pub(crate) fn new(count: usize) -> (Arc<Self>, oneshot::Receiver<()>) {
        let (done, wait) = oneshot::channel();
        let many = Self {
            outcomes: Mutex::new((0..count).map(|_| None).collect()),
            missing: AtomicUsize::new(count),
            done: Mutex::new(Some(done)),
        };
        (Arc::new(many), wait)
    }

    fn fill(&self, at: usize, outcome: Outcome) {
        if let Some(slot) = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).get_mut(at) {
            *slot = Some(outcome);
        }
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(done) = self.done.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            let _gone = done.send(());
        }
    }

    pub(crate) fn take(&self) -> Vec<Option<Outcome>> {
        std::mem::take(&mut *self.outcomes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
