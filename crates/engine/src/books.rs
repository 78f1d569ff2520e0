//! Books from a folder, and their versions in the log.
//!
//! A version that was ever in force is an event of the stream `book-<id>`, document and all: calls that were
//! admitted under it are settled by it, and an auditor sees what was charged by. A file that changes a version that
//! is in the log already is refused.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use scrip_ledger::book::{Book, BookFiles, CATALOG_FILE, Catalog, POLICY_FILE, Policy, Version};
use scrip_ledger::{BookError, BookId, Timestamp};
use scrip_store::{EventStore, Expected, Group, NewEvent, StoreError, StreamAppend, StreamName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const CATALOG_PUBLISHED: &str = "catalog_published";
const POLICY_PUBLISHED: &str = "policy_published";
const ACTOR: &str = "system";

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

/// Reads every book of a folder, and publishes to the log the versions that are new, in force from `now` on.
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
        books.push(publish(files, store, now)?);
    }
    if books.is_empty() { Err(BooksError::None(dir.to_owned())) } else { Ok(books) }
}

/// A version in the log.
#[derive(Serialize, Deserialize)]
struct Published<T> {
    version: u32,
    document: T,
}

fn publish(files: BookFiles, store: &dyn EventStore, now: Timestamp) -> Result<Book, BooksError> {
    let book = files.id.as_str();
    let stored = |revision, reason: &dyn std::fmt::Display| BooksError::Stored {
        book: book.to_owned(),
        revision,
        reason: reason.to_string(),
    };
    let stream = StreamName::new(&format!("book-{book}")).map_err(|error| stored(0, &error))?;
    let mut past = Vec::new();
    store.scan_stream(&stream, 0, &mut |event| {
        past.push(event.to_owned());
        ControlFlow::Continue(())
    })?;
    let mut catalogs: Vec<Version<Catalog>> = Vec::new();
    let mut policies: Vec<Version<Policy>> = Vec::new();
    for event in &past {
        let since = Timestamp::from_micros(event.event.effective_at);
        match event.event.event_type.as_str() {
            CATALOG_PUBLISHED => {
                catalogs.push(read(&event.event.payload, since).map_err(|e| stored(event.revision, &e))?)
            }
            POLICY_PUBLISHED => {
                policies.push(read(&event.event.payload, since).map_err(|e| stored(event.revision, &e))?)
            }
            unknown => return Err(stored(event.revision, &format_args!("unknown event type {unknown:?}"))),
        }
    }

    let mut events = Vec::new();
    let versions = [(files.catalog.version, CATALOG_FILE), (files.policy.version, POLICY_FILE)];
    if let Some(payload) = next(book, versions[0], files.catalog, &mut catalogs, |c| c.version, now)? {
        events.push(event(CATALOG_PUBLISHED, payload, now));
    }
    if let Some(payload) = next(book, versions[1], files.policy, &mut policies, |p| p.version, now)? {
        events.push(event(POLICY_PUBLISHED, payload, now));
    }
    if !events.is_empty() {
        let expected = past.last().map_or(Expected::NoStream, |last| Expected::Revision(last.revision));
        let group = Group { appends: vec![StreamAppend { stream, expected, events }] };
        if let Some(Err(conflict)) = store.append(&[group])?.into_iter().next() {
            return Err(stored(
                conflict.actual.unwrap_or(0),
                &"another process publishes versions of it right now",
            ));
        }
    }
    Book::new(files.id.clone(), catalogs, policies).ok_or_else(|| stored(0, &"no version"))
}

fn read<T: DeserializeOwned>(payload: &[u8], effective_at: Timestamp) -> serde_json::Result<Version<T>> {
    let published: Published<T> = serde_json::from_slice(payload)?;
    Ok(Version {
        announced_at: effective_at,
        effective_at,
        for_subscribed_at: None,
        terms: published.document,
    })
}

/// Adds the version of a file to those in the log; its payload if it is new.
fn next<T: Clone + PartialEq + Serialize>(
    book: &str,
    (version, file): (u32, &'static str),
    terms: T,
    known: &mut Vec<Version<T>>,
    number: impl Fn(&T) -> u32,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, BooksError> {
    let wrong = |reason: String| BooksError::Version { book: book.to_owned(), file, version, reason };
    let latest = known.last().map_or(0, |latest| number(&latest.terms));
    if version == latest {
        let unchanged = known.last().is_some_and(|latest| latest.terms == terms);
        let raise =
            || wrong(format!("it is in force with other contents; make the change version {}", version + 1));
        return if unchanged { Ok(None) } else { Err(raise()) };
    }
    if latest > 0 && Some(version) != latest.checked_add(1) {
        return Err(wrong(format!(
            "version {latest} is in force; the next one is {}",
            latest.saturating_add(1)
        )));
    }
    let published = Published { version, document: terms.clone() };
    let payload = serde_json::to_vec(&published).map_err(|error| wrong(error.to_string()))?;
    known.push(Version::at_once(now, terms));
    Ok(Some(payload))
}

#[expect(clippy::disallowed_methods, reason = "the engine mints the ids of its own events")]
fn event(event_type: &'static str, payload: Vec<u8>, now: Timestamp) -> NewEvent {
    NewEvent {
        id: Uuid::now_v7(),
        event_type: event_type.into(),
        version: 1,
        recorded_at: now.micros(),
        effective_at: now.micros(),
        actor: ACTOR.into(),
        correlation: "".into(),
        causation: "".into(),
        key: "".into(),
        fingerprint: [0; 16],
        payload,
    }
}
