//! The log as the entries of double entry: one event after the other, each with its postings and when it is booked.
//!
//! Accounts are folded as the log goes by, so that what is kept is bounded by the accounts and not by the events. Nothing here is
//! stored: the same log gives the same entries.

use std::collections::{HashMap, HashSet};

use scrip_ledger::accounting::{AccountingError, Before, Booked, Posting, booked};
use scrip_ledger::book::event::{BookEvent, BookEventError};
use scrip_ledger::{Account, AccountId, BookId, Event, Timestamp, Token};
use scrip_store::RecordedRef;

use crate::books::BOOK_PREFIX;
use crate::history::{ACCOUNT_PREFIX, HistoryError, decode_event};

/// What one event of an account means for the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position in the log.
    pub position: u64,
    /// The account.
    pub account: AccountId,
    /// Its place in the account's stream.
    pub revision: u64,
    /// The book that the account runs under: the book whose credits the postings count.
    pub book: BookId,
    /// What happened: the type's wire name.
    pub event: &'static str,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When it took effect.
    pub effective_at: Timestamp,
    /// When it is booked.
    pub booked: Booked,
    /// Its postings, which balance; never none.
    pub postings: Vec<Posting>,
}

/// Why the log does not give entries.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// An event of an account cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// An event of a book cannot be read.
    #[error("event {revision} of {stream}: {source}")]
    Book {
        /// The book's stream.
        stream: String,
        /// The event's revision.
        revision: u64,
        /// Why not.
        source: BookEventError,
    },
    /// An event has no postings that could be booked.
    #[error("position {position}, event {revision} of {stream}: {source}")]
    Postings {
        /// The event's position.
        position: u64,
        /// Its stream.
        stream: String,
        /// Its revision.
        revision: u64,
        /// Why not.
        source: AccountingError,
    },
}

/// The fold of the log into entries, of all accounts or of some.
#[derive(Debug, Default)]
pub struct Entries {
    account: Option<AccountId>,
    book: Option<BookId>,
    accounts: HashMap<AccountId, Account>,
    /// Accounts of other books.
    others: HashSet<AccountId>,
    /// Books that the log has told of, and the end of the latest period of each that was closed.
    closed: HashMap<BookId, Option<Timestamp>>,
}

impl Entries {
    /// Of all accounts, or only of one, or only of those of a book.
    pub fn of(account: Option<AccountId>, book: Option<BookId>) -> Self {
        Self { account, book, ..Self::default() }
    }

    /// Takes the next event of the log, and answers its entry; nothing of one that moves neither money nor credits, or is of
    /// another account.
    pub fn take(&mut self, stored: &RecordedRef<'_>) -> Result<Option<Entry>, EntryError> {
        if let Some(id) = stored.stream.strip_prefix(ACCOUNT_PREFIX) {
            return self.take_of_account(id, stored);
        }
        match stored.stream.strip_prefix(BOOK_PREFIX).map(Token::new) {
            Some(Ok(book)) => self.take_of_book(book, stored).map(|()| None),
            Some(Err(_)) | None => Ok(None),
        }
    }

    /// Whether an account has come by.
    pub fn knows_account(&self, account: &AccountId) -> bool {
        self.accounts.contains_key(account.as_str()) || self.others.contains(account.as_str())
    }

    /// Whether a book has come by.
    pub fn knows_book(&self, book: &BookId) -> bool {
        self.closed.contains_key(book.as_str())
    }

    /// The accounts as they stand.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    fn take_of_book(&mut self, book: BookId, stored: &RecordedRef<'_>) -> Result<(), EntryError> {
        let closed_until = self.closed.entry(book).or_default();
        if stored.event_type == BookEvent::PERIOD_CLOSED {
            let read = BookEvent::read(stored.event_type, stored.payload).map_err(|source| {
                EntryError::Book { stream: stored.stream.to_owned(), revision: stored.revision, source }
            })?;
            if let BookEvent::PeriodClosed(closed) = read {
                *closed_until = Some(closed.until);
            }
        }
        Ok(())
    }

    fn take_of_account(&mut self, id: &str, stored: &RecordedRef<'_>) -> Result<Option<Entry>, EntryError> {
        if self.account.as_ref().is_some_and(|only| only.as_str() != id) || self.others.contains(id) {
            return Ok(None);
        }
        let event = decode_event(stored)?;
        let account = match self.accounts.get_mut(id) {
            Some(account) => account,
            None => {
                let Ok(id) = Token::new(id) else { return Ok(None) };
                if let (Event::AccountOpened(opened), Some(only)) = (&event, &self.book)
                    && opened.book != *only
                {
                    self.others.insert(id);
                    return Ok(None);
                }
                self.accounts.entry(id.clone()).or_insert_with(|| Account::absent(id))
            }
        };
        let recorded_at = Timestamp::from_micros(stored.recorded_at);
        let before = Before::of(account, &event);
        account.evolve(&event, recorded_at);
        let postings = before.postings(account, &event).map_err(|source| EntryError::Postings {
            position: stored.position,
            stream: stored.stream.to_owned(),
            revision: stored.revision,
            source,
        })?;
        let (Some(book), false) = (account.book(), postings.is_empty()) else { return Ok(None) };
        let effective_at = Timestamp::from_micros(stored.effective_at);
        let closed_until = self.closed.get(book.as_str()).copied().flatten();
        Ok(Some(Entry {
            position: stored.position,
            account: account.id().clone(),
            revision: stored.revision,
            book: book.clone(),
            event: event.wire_name(),
            recorded_at,
            effective_at,
            booked: booked(effective_at, recorded_at, closed_until),
            postings,
        }))
    }
}
