//! Folds the whole log: every account from its first event, on several threads.
//!
//! Each thread reads the log from end to end and takes the streams that are its own, so there is nothing to pass
//! around and nothing to wait for; skipping an event costs a fraction of folding one.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use scrip_ledger::{Account, AccountId, Timestamp, Token};
use scrip_store::{EventStore, RecordedRef};

use crate::history::{ACCOUNT_PREFIX, HistoryError, decode_event};

/// What one thread has folded.
#[derive(Debug, Default)]
pub struct Folded<S> {
    /// Its accounts.
    pub accounts: HashMap<AccountId, Account>,
    /// What the visitor has gathered.
    pub gathered: S,
    /// How many events of accounts it folded.
    pub events: u64,
}

/// Folds every account. `visit` sees each event of each stream once, on the thread that owns the stream; `progress`
/// counts the events of all streams that were passed.
///
/// Errors: the store's, and an event that cannot be decoded. A history that contradicts itself is no error here: the
/// account says so ([`Account::inconsistency`]).
pub fn fold_all<S: Default + Send>(
    store: &dyn EventStore,
    threads: usize,
    progress: &AtomicU64,
    visit: &(dyn Fn(&mut S, &RecordedRef<'_>) + Sync),
) -> Result<Vec<Folded<S>>, HistoryError> {
    let hasher = RandomState::new();
    let threads = threads.max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|own| {
                let hasher = &hasher;
                let is_own = move |stream: &str| hasher.hash_one(stream) % threads as u64 == own as u64;
                scope.spawn(move || fold_own(store, (own == 0).then_some(progress), &is_own, visit))
            })
            .collect();
        let joined = workers.into_iter().map(|worker| match worker.join() {
            Ok(folded) => folded,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    })
}

fn fold_own<S: Default>(
    store: &dyn EventStore,
    progress: Option<&AtomicU64>,
    is_own: &dyn Fn(&str) -> bool,
    visit: &dyn Fn(&mut S, &RecordedRef<'_>),
) -> Result<Folded<S>, HistoryError> {
    let mut folded = Folded { accounts: HashMap::new(), gathered: S::default(), events: 0 };
    let mut failed = None;
    store.scan_all(0, &mut |stored| {
        if let Some(progress) = progress {
            progress.store(stored.position + 1, Ordering::Relaxed);
        }
        if !is_own(stored.stream) {
            return ControlFlow::Continue(());
        }
        visit(&mut folded.gathered, &stored);
        if let Err(error) = folded.take(&stored) {
            failed = Some(error);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    failed.map_or(Ok(folded), Err)
}

impl<S> Folded<S> {
    fn take(&mut self, stored: &RecordedRef<'_>) -> Result<(), HistoryError> {
        let Some(id) = stored.stream.strip_prefix(ACCOUNT_PREFIX) else { return Ok(()) };
        let event = decode_event(stored)?;
        let recorded_at = Timestamp::from_micros(stored.recorded_at);
        self.events += 1;
        match self.accounts.get_mut(id) {
            Some(account) => account.evolve(&event, recorded_at),
            None => {
                let Ok(id) = Token::new(id) else { return Ok(()) };
                let mut account = Account::absent(id.clone());
                account.evolve(&event, recorded_at);
                self.accounts.insert(id, account);
            }
        }
        Ok(())
    }
}
