//! When new terms take effect, or a service ends, every account of the book is looked at: something of it may be due by
//! them.
//!
//! Looking at an account that has nothing due records nothing, so that it does no harm to look again after a restart.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scrip_ledger::book::Book;
use scrip_ledger::{AccountId, BookId, Event, Timestamp, Token};
use scrip_store::{EventStore, StoreError};

use crate::books::Books;
use crate::decider::Message;
use crate::history::{ACCOUNT_PREFIX, decode_event};
use crate::inbox::Inbox;

/// How often the clock is looked at.
const EVERY: Duration = Duration::from_millis(500);
/// Accounts that are handed to the decider at once.
const CHUNK: usize = 4096;

/// What takes effect: a version of the policy, or the end of the service (nothing).
type Change = (BookId, Option<u32>);

/// Which changes of books have reached their accounts.
pub(crate) struct Looks {
    store: Arc<dyn EventStore>,
    books: Arc<Books>,
    inbox: Arc<Inbox>,
    state: Mutex<State>,
    stopped: Condvar,
}

#[derive(Default)]
struct State {
    done: HashSet<Change>,
    stopped: bool,
}

impl Looks {
    /// Of a log whose last event was recorded at a time: what took effect by then has reached every account, but for the
    /// ends of services and the policies in force, which are looked at once more. A policy may have come with the files
    /// of this very start, or just before the last process ended; and what a look has found due is kept in memory only.
    pub(crate) fn new(
        store: Arc<dyn EventStore>,
        books: Arc<Books>,
        inbox: Arc<Inbox>,
        last: Timestamp,
    ) -> Self {
        let mut done = HashSet::new();
        for book in books.all() {
            let in_force = book.policy_at(last).map(|version| version.terms.version);
            done.extend(book.policies().iter().filter_map(|version| {
                let passed = version.effective_at <= last && Some(version.terms.version) != in_force;
                passed.then(|| (book.id.clone(), Some(version.terms.version)))
            }));
            // An account cannot be older than the first version.
            done.extend(book.policies().first().map(|first| (book.id.clone(), Some(first.terms.version))));
        }
        let state = Mutex::new(State { done, stopped: false });
        Self { store, books, inbox, state, stopped: Condvar::new() }
    }

    /// When something next takes effect that has not reached the accounts.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let state = self.lock();
        let books = self.books.all();
        books
            .iter()
            .flat_map(|book| changes(book))
            .filter(|(change, _)| !state.done.contains(change))
            .map(|(_, at)| at)
            .min()
    }

    /// Has every account looked at whose book has changed by now. Blocks on the store.
    pub(crate) fn look(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut due = Vec::new();
        let mut changed = HashSet::new();
        {
            let state = self.lock();
            for book in self.books.all() {
                for (change, _) in changes(&book).filter(|(_, at)| *at <= now) {
                    if !state.done.contains(&change) {
                        changed.insert(book.id.clone());
                        due.push(change);
                    }
                }
            }
        }
        if !changed.is_empty() {
            self.scan(&changed)?;
            self.lock().done.extend(due);
        }
        Ok(())
    }

    /// The thread: looks whenever something has taken effect, until it is stopped.
    pub(crate) fn run(&self, now: impl Fn() -> Timestamp) {
        let mut state = self.lock();
        while !state.stopped {
            drop(state);
            if let Err(error) = self.look(now()) {
                tracing::error!(%error, "the accounts of a book cannot be looked at; it is tried again");
            }
            let waited = self.stopped.wait_timeout_while(self.lock(), EVERY, |state| !state.stopped);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.stopped.notify_all();
    }

    fn scan(&self, books: &HashSet<BookId>) -> Result<(), StoreError> {
        let mut accounts: Vec<AccountId> = Vec::new();
        self.store.scan_all(0, &mut |stored| {
            let opened = stored.revision == 0 && stored.stream.starts_with(ACCOUNT_PREFIX);
            if opened
                && let Ok(Event::AccountOpened(opened)) = decode_event(&stored)
                && books.contains(&opened.book)
            {
                accounts
                    .extend(stored.stream.strip_prefix(ACCOUNT_PREFIX).and_then(|id| Token::new(id).ok()));
            }
            if accounts.len() >= CHUNK {
                return self.hand_over(&mut accounts);
            }
            ControlFlow::Continue(())
        })?;
        let _stopped = self.hand_over(&mut accounts);
        Ok(())
    }

    fn hand_over(&self, accounts: &mut Vec<AccountId>) -> ControlFlow<()> {
        match self.inbox.push(Message::Look(std::mem::take(accounts))) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_stopped) => ControlFlow::Break(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of a book changes for its accounts, and when.
fn changes(book: &Book) -> impl Iterator<Item = (Change, Timestamp)> {
    let policies = book.policies().iter().map(|version| (Some(version.terms.version), version.effective_at));
    let end = book.shutdown().map(|notice| (None, notice.effective_at));
    policies.chain(end).map(|(version, at)| ((book.id.clone(), version), at))
}
