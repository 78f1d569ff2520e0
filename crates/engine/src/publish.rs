//! Changes of books: versions of their terms, campaigns, the end of a service. Each goes to the stream of its book.
//!
//! **Invariant**: a version is in force in memory only once it is durable, and everything that was decided before it is
//! durable before it. So a call that is recorded after a version has taken effect never goes by the one before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use compact_str::CompactString;
use scrip_ledger::book::event::BookEvent;
use scrip_ledger::book::{Book, BookCommand};
use scrip_ledger::{BookId, Timestamp, Token};
use scrip_store::{EventStore, Expected, Group, StreamAppend};

use crate::books::{BookLog, Books, BooksError, new_event, read_log};
use crate::committer::{Committer, Written};
use crate::index::Index;
use crate::keys::Scope;
use crate::request::{BookScope, EngineError, IdempotencyKey};

/// How often a command is decided again, because another process has written to the book meanwhile.
const MAX_ATTEMPTS: usize = 8;

/// A command to a book, and who asks for it.
#[derive(Clone, Debug)]
pub struct BookRequest {
    /// The book.
    pub book: BookId,
    /// What is asked of it.
    pub command: BookCommand,
    /// Who asks: a token's subject.
    pub subject: Token,
    /// The books that the subject may act on.
    pub books: BookScope,
    /// The idempotency key.
    pub key: IdempotencyKey,
    /// The request that this belongs to; may be empty.
    pub correlation: CompactString,
}

/// An accepted command to a book: durable, and in force from its time on.
#[derive(Clone, Debug)]
pub struct BookAccepted {
    /// The book.
    pub book: BookId,
    /// What happened.
    pub event: BookEvent,
    /// When it was recorded: when its notice was given.
    pub announced_at: Timestamp,
    /// When it takes effect.
    pub effective_at: Timestamp,
    /// Its revision in the book's stream.
    pub revision: u64,
    /// Its position.
    pub position: u64,
    /// This is the first answer again, to a repeated key.
    pub replayed: bool,
}

/// Writes to the streams of books. Only the decider has one.
pub(crate) struct Publisher {
    store: Arc<dyn EventStore>,
    books: Arc<Books>,
    index: Arc<Index>,
    /// Where the stream of each book ends, and which keys were used there.
    logs: HashMap<BookId, BookLog>,
}

impl Publisher {
    pub(crate) fn new(
        store: Arc<dyn EventStore>,
        books: Arc<Books>,
        index: Arc<Index>,
    ) -> Result<Self, BooksError> {
        let mut logs = HashMap::new();
        for book in books.all() {
            logs.insert(book.id.clone(), read_log(&book.id, store.as_ref())?);
        }
        Ok(Self { store, books, index, logs })
    }

    /// Carries out a command. Everything that was decided before is durable.
    pub(crate) fn publish(
        &mut self,
        request: &BookRequest,
        now: Timestamp,
        committer: &Mutex<Committer>,
    ) -> Result<BookAccepted, EngineError> {
        if !request.books.allows(&request.book) {
            return Err(EngineError::ForbiddenBook(request.book.clone()));
        }
        let scope = Scope::new(&request.subject, &request.book, &request.key);
        for _ in 0..MAX_ATTEMPTS {
            let unknown = || EngineError::UnknownBook(request.book.clone());
            let book = self.books.get(&request.book).ok_or_else(unknown)?;
            let log = self.logs.get_mut(&request.book).ok_or_else(unknown)?;
            if let Some((fingerprint, revision)) = log.used.get(&scope).copied() {
                let same = fingerprint == request.key.fingerprint;
                return if same {
                    self.first_answer(&request.book, revision)
                } else {
                    Err(EngineError::KeyReused)
                };
            }
            let now = now.max(log.recorded_at);
            let announcement = book.decide(&request.command, now)?;
            let mut event = new_event(&announcement, now, CompactString::new(request.subject.as_str()))
                .map_err(|error| unavailable(&error))?;
            event.correlation = request.correlation.clone();
            event.key = request.key.envelope_text(&request.book);
            event.fingerprint = request.key.fingerprint;
            let revision = log.last.map_or(0, |last| last.saturating_add(1));
            let append = StreamAppend {
                stream: log.stream.clone(),
                expected: Expected::after(log.last),
                events: vec![event],
            };
            let group = Group { appends: vec![append] };
            match committer.lock().unwrap_or_else(PoisonError::into_inner).append_alone(group) {
                Written::At(position) => {
                    log.last = Some(revision);
                    log.recorded_at = now;
                    log.used.insert(scope, (request.key.fingerprint, revision));
                    let mut changed = Book::clone(&book);
                    changed.evolve(announcement.event.clone(), now, announcement.effective_at);
                    self.put(changed);
                    return Ok(BookAccepted {
                        book: request.book.clone(),
                        event: announcement.event,
                        announced_at: now,
                        effective_at: announcement.effective_at,
                        revision,
                        position,
                        replayed: false,
                    });
                }
                Written::Conflict => self.reload(&request.book)?,
                Written::Full => return Err(EngineError::Full),
                Written::Unknown => return Err(EngineError::Unavailable),
            }
        }
        Err(EngineError::Overloaded)
    }

    /// Another process has written to the book's stream.
    fn reload(&mut self, id: &BookId) -> Result<(), EngineError> {
        let log = read_log(id, self.store.as_ref()).map_err(|error| unavailable(&error))?;
        if let Some(book) = log.book.clone() {
            self.put(book);
        }
        self.logs.insert(id.clone(), log);
        Ok(())
    }

    fn put(&self, book: Book) {
        let days = book.policies().iter().map(|version| version.terms.idempotency.call_key_days).max();
        self.index.keep_call_keys(days.unwrap_or(0));
        self.books.replace(Arc::new(book));
    }

    fn first_answer(&self, book: &BookId, revision: u64) -> Result<BookAccepted, EngineError> {
        let Some(log) = self.logs.get(book) else { return Err(EngineError::Unavailable) };
        let stored = self.store.read_stream(&log.stream, revision, 1).map_err(|error| unavailable(&error))?;
        let Some(stored) = stored.first() else { return Err(EngineError::Unavailable) };
        let event = &stored.event;
        Ok(BookAccepted {
            book: book.clone(),
            event: BookEvent::read(&event.event_type, &event.payload).map_err(|error| unavailable(&error))?,
            announced_at: Timestamp::from_micros(event.recorded_at),
            effective_at: Timestamp::from_micros(event.effective_at),
            revision,
            position: stored.position,
            replayed: true,
        })
    }
}

fn unavailable(error: &dyn std::fmt::Display) -> EngineError {
    tracing::error!(%error, "a book's stream cannot be read or written");
    EngineError::Unavailable
}
