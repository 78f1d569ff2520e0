//! Books from a folder, and their versions in the log.
//!
//! A version that was ever announced is an event of the stream `book-<id>`, document and all: calls that were
//! admitted under it are settled by it, and an auditor sees what was charged by. A book is the fold of its stream. A
//! file that changes a version that is in the log already is refused.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use compact_str::CompactString;
use scrip_ledger::book::event::BookEvent;
use scrip_ledger::book::{Announcement, Book, BookFiles, CATALOG_FILE, FileNews, POLICY_FILE};
use scrip_ledger::{BookError, BookId, Timestamp};
use scrip_store::{EventStore, Expected, Group, InvalidName, NewEvent, StoreError, StreamAppend, StreamName};
use uuid::Uuid;

use crate::keys::Scope;

const ACTOR: &str = "system";
/// What the names of books' streams begin with.
pub(crate) const BOOK_PREFIX: &str = "book-";

/// The books as they stand now. Only the decider changes them.
#[derive(Debug)]
pub(crate) struct Books(RwLock<Vec<Arc<Book>>>);

impl Books {
    pub(crate) const fn new(books: Vec<Arc<Book>>) -> Self {
        Self(RwLock::new(books))
    }

    pub(crate) fn all(&self) -> Vec<Arc<Book>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn get(&self, id: &BookId) -> Option<Arc<Book>> {
        let books = self.0.read().unwrap_or_else(PoisonError::into_inner);
        books.iter().find(|book| book.id == *id).cloned()
    }

    /// Puts a book in the place of the one with its id.
    pub(crate) fn replace(&self, book: Arc<Book>) {
        let mut books = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match books.iter_mut().find(|known| known.id == book.id) {
            Some(known) => *known = book,
            None => books.push(book),
        }
    }
}

/// Why the books cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// The folder or a file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no book in the folder.
    #[error("{0} holds no book: a book is a folder with {CATALOG_FILE} and {POLICY_FILE}")]
    None(PathBuf),
    /// A file is not a book's.
    #[error(transparent)]
    Malformed(#[from] BookError),
    /// A version that is in the log already would change, or a number would be left out or go back.
    #[error("book {book}: {file}: version {version}: {reason}")]
    Version {
        /// The book.
        book: String,
        /// The file.
        file: &'static str,
        /// The version in the file.
        version: u32,
        /// What is wrong with it.
        reason: String,
    },
    /// A version in the log cannot be read.
    #[error("book {book}: the version at revision {revision} of its stream cannot be read: {reason}")]
    Stored {
        /// The book.
        book: String,
        /// The revision.
        revision: u64,
        /// Why not.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads every book of a folder, and publishes to the log the versions that are new: the first ones in force at once,
/// later ones as soon as the terms allow.
pub fn load_books(dir: &Path, store: &dyn EventStore, now: Timestamp) -> Result<Vec<Book>, BooksError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| BooksError::Unreadable { path, source }
    };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable(dir))? {
        let path = entry.map_err(unreadable(dir))?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    let mut books = Vec::new();
    for folder in folders {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let read = |file| {
            let path = folder.join(file);
            std::fs::read_to_string(&path).map_err(unreadable(&path))
        };
        let files = BookFiles::parse(&name, &read(CATALOG_FILE)?, &read(POLICY_FILE)?)?;
        books.push(publish(&files, store, now)?);
    }
    if books.is_empty() { Err(BooksError::None(dir.to_owned())) } else { Ok(books) }
}

/// What the stream of a book holds.
pub(crate) struct BookLog {
    pub(crate) stream: StreamName,
    /// The book; nothing while it has no catalog or no policy.
    pub(crate) book: Option<Book>,
    /// The revision of the last event.
    pub(crate) last: Option<u64>,
    /// When that was recorded.
    pub(crate) recorded_at: Timestamp,
    /// The keys that were used, each with its fingerprint and the revision of what it led to.
    pub(crate) used: HashMap<Scope, ([u8; 16], u64)>,
}

/// The stream of a book.
pub(crate) fn book_stream(book: &BookId) -> Result<StreamName, InvalidName> {
    StreamName::new(&format!("{BOOK_PREFIX}{book}"))
}

/// Reads the stream of a book.
pub(crate) fn read_log(id: &BookId, store: &dyn EventStore) -> Result<BookLog, BooksError> {
    let stored =
        |revision, reason: String| BooksError::Stored { book: id.as_str().to_owned(), revision, reason };
    let stream = book_stream(id).map_err(|error| stored(0, error.to_string()))?;
    let mut log =
        BookLog { stream, book: None, last: None, recorded_at: Timestamp::default(), used: HashMap::new() };
    let mut events = Vec::new();
    let mut failed = None;
    store.scan_stream(
        &log.stream,
        0,
        &mut |event| match BookEvent::read(event.event_type, event.payload) {
            Ok(read) => {
                let [recorded_at, effective_at] =
                    [event.recorded_at, event.effective_at].map(Timestamp::from_micros);
                log.last = Some(event.revision);
                log.recorded_at = log.recorded_at.max(recorded_at);
                if !event.key.is_empty() {
                    let scope = Scope::from_envelope(event.actor, event.key);
                    log.used.insert(scope, (event.fingerprint, event.revision));
                }
                events.push((read, recorded_at, effective_at));
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(stored(event.revision, error.to_string()));
                ControlFlow::Break(())
            }
        },
    )?;
    log.book = Book::from_events(id.clone(), events);
    failed.map_or(Ok(log), Err)
}

/// A book by its stream and its files: what is new in the files is announced.
fn publish(files: &BookFiles, store: &dyn EventStore, now: Timestamp) -> Result<Book, BooksError> {
    let BookLog { stream, book, last, recorded_at, .. } = read_log(&files.id, store)?;
    let stored = |revision: Option<u64>, reason: &str| BooksError::Stored {
        book: files.id.as_str().to_owned(),
        revision: revision.unwrap_or(0),
        reason: reason.to_owned(),
    };
    let now = now.max(recorded_at);
    let news = match (&book, last) {
        (Some(book), _) => {
            let wrong = |FileNews { file, version, reason }| BooksError::Version {
                book: files.id.as_str().to_owned(),
                file,
                version,
                reason,
            };
            book.news_of_files(files, now).map_err(wrong)?
        }
        (None, None) => files.first(now).into(),
        (None, Some(_)) => return Err(stored(last, "it has no whole version")),
    };
    let mut events = Vec::new();
    for announcement in &news {
        let announced = new_event(announcement, now, ACTOR.into());
        events.push(announced.map_err(|error| stored(last, &error.to_string()))?);
        if announcement.effective_at > now {
            let (event, effective_at) = (announcement.event.wire_name(), announcement.effective_at);
            tracing::info!(book = %files.id, event, %effective_at, "what its files announce takes effect later");
        }
    }
    if !events.is_empty() {
        let append = StreamAppend { stream, expected: Expected::after(last), events };
        if let Some(Err(conflict)) = store.append(&[Group { appends: vec![append] }])?.into_iter().next() {
            return Err(stored(conflict.actual, "another process publishes versions of it right now"));
        }
    }
    let news = news.into_iter().map(|news| (news.event, now, news.effective_at));
    let folded = match book {
        Some(mut book) => {
            news.for_each(|(event, now, effective_at)| book.evolve(event, now, effective_at));
            Some(book)
        }
        None => Book::from_events(files.id.clone(), news),
    };
    folded.ok_or_else(|| stored(last, "no version"))
}

/// An announcement as an event for the book's stream, without a key.
#[expect(clippy::disallowed_methods, reason = "the engine mints the ids of its own events")]
pub(crate) fn new_event(
    announcement: &Announcement,
    now: Timestamp,
    actor: CompactString,
) -> serde_json::Result<NewEvent> {
    Ok(NewEvent {
        id: Uuid::now_v7(),
        event_type: CompactString::const_new(announcement.event.wire_name()),
        version: 1,
        recorded_at: now.micros(),
        effective_at: announcement.effective_at.micros(),
        actor,
        correlation: "".into(),
        causation: "".into(),
        key: "".into(),
        fingerprint: [0; 16],
        payload: announcement.event.write()?,
    })
}
