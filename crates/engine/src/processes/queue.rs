//! The accounts that wait for a process, and who waits until they do not any more.

use std::collections::{HashSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scrip_ledger::AccountId;
use tokio::sync::watch;

/// Accounts that may wait at once. What is beyond is found again by the schedule.
const MAX_WAITING: usize = 65_536;

/// The accounts that wait for a process. Shared by the decider, which adds to it, the thread that takes from it, and
/// the callers that wait for it.
pub(crate) struct Processes {
    state: Mutex<State>,
    filled: Condvar,
    /// Changes whenever an account is done with.
    finished: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    /// In the order they came; each is in `known` too.
    waiting: VecDeque<AccountId>,
    known: HashSet<AccountId>,
    running: Option<AccountId>,
    stopped: bool,
}

impl State {
    fn is_busy_with(&self, account: &AccountId) -> bool {
        !self.stopped && (self.running.as_ref() == Some(account) || self.known.contains(account))
    }

    fn is_busy(&self) -> bool {
        !self.stopped && (self.running.is_some() || !self.waiting.is_empty())
    }
}

impl Processes {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), finished: watch::Sender::new(()) }
    }

    /// An account waits for a process.
    pub(crate) fn wake(&self, account: &AccountId) {
        let mut state = self.lock();
        if state.waiting.len() < MAX_WAITING && state.known.insert(account.clone()) {
            state.waiting.push_back(account.clone());
            self.filled.notify_one();
        }
    }

    /// The next account, once there is one; nothing once it is stopped.
    pub(super) fn take(&self) -> Option<AccountId> {
        let state = self.lock();
        let idle = |state: &mut State| state.waiting.is_empty() && !state.stopped;
        let mut state = self.filled.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return None;
        }
        let account = state.waiting.pop_front()?;
        state.known.remove(&account);
        state.running = Some(account.clone());
        Some(account)
    }

    /// It is done with for now.
    pub(super) fn done(&self, account: &AccountId) {
        let mut state = self.lock();
        if state.running.as_ref() == Some(account) {
            state.running = None;
        }
        drop(state);
        self.finished.send_replace(());
    }

    /// Takes no more accounts, and lets everybody go who waits.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.filled.notify_all();
        self.finished.send_replace(());
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Waits until an account's turn is over, at most for so long.
    pub(crate) async fn wait_for(&self, account: &AccountId, longest: Duration) {
        self.wait_while(|state| state.is_busy_with(account), longest).await;
    }

    /// Waits until no account waits any more, at most for so long. Says whether there was one.
    pub(crate) async fn wait_for_all(&self, longest: Duration) -> bool {
        self.wait_while(State::is_busy, longest).await
    }

    async fn wait_while(&self, busy: impl Fn(&State) -> bool + Send + Sync, longest: Duration) -> bool {
        // From here on no end is missed.
        let mut finished = self.finished.subscribe();
        let is_busy = || busy(&self.lock());
        if !is_busy() {
            return false;
        }
        let wait = async {
            while is_busy() {
                if finished.changed().await.is_err() {
                    break;
                }
            }
        };
        if tokio::time::timeout(longest, wait).await.is_err() {
            tracing::warn!("a process takes long; it goes on behind");
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
