//! What callers hand in and what they get back.

use std::sync::Arc;

use compact_str::{CompactString, format_compact};
use scrip_ledger::{Account, AccountId, BookId, Command, Event, Refusal, Timestamp, Token};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// One command for one account, and who asks for it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The account.
    pub account: AccountId,
    /// What is asked of it.
    pub command: Command,
    /// Who asks: a token's subject.
    pub subject: Token,
    /// The books that the subject may act on.
    pub books: BookScope,
    /// The idempotency key; without one the command is decided each time it is sent.
    pub key: Option<IdempotencyKey>,
    /// The request that this belongs to; may be empty.
    pub correlation: CompactString,
}

/// The books that a subject may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookScope {
    /// All.
    All,
    /// These.
    Some(Arc<[BookId]>),
}

impl BookScope {
    /// Whether a book is among them.
    pub fn allows(&self, book: &BookId) -> bool {
        match self {
            Self::All => true,
            Self::Some(books) => books.contains(book),
        }
    }
}

/// How long a key is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyClass {
    /// Money in and out, and everything else that is not a call: for ever.
    Money,
    /// Calls: for at least as many days as the books say, seven or more.
    Call,
}

/// A caller's idempotency key: an accepted command's key, within (book, subject, operation), gives its first answer
/// again, and refuses another command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The operation, such as `hold`.
    pub operation: &'static str,
    /// The key as the caller sent it.
    pub key: Token,
    /// The fingerprint of the canonical command, see [`fingerprint`].
    pub fingerprint: [u8; 16],
}

impl IdempotencyKey {
    /// How long it is remembered.
    pub fn class(&self) -> KeyClass {
        class_of(self.operation)
    }

    /// The class of a key as it stands in an event's envelope.
    pub(crate) fn class_of(envelope_text: &str) -> Option<KeyClass> {
        envelope_text.split('/').nth(1).map(class_of)
    }

    /// As it stands in an event's envelope: with its book and operation, so that the log alone can rebuild the index.
    pub(crate) fn envelope_text(&self, book: &BookId) -> CompactString {
        format_compact!("{book}/{}/{}", self.operation, self.key)
    }
}

fn class_of(operation: &str) -> KeyClass {
    match operation {
        "hold" | "extend" | "capture" | "void" | "debit" => KeyClass::Call,
        _ => KeyClass::Money,
    }
}

/// The fingerprint of what was asked: the first 16 bytes of the SHA-256 of the account or book (or what stands for it
/// where the caller left it out) and the command's canonical JSON. The same over every transport.
pub fn fingerprint(target: &str, command: &impl Serialize) -> [u8; 16] {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(target.as_bytes());
    bytes.push(0);
    // Writing plain structs to memory cannot fail.
    let _infallible = serde_json::to_writer(&mut bytes, command);
    truncated_sha256(&bytes)
}

pub(crate) fn truncated_sha256(bytes: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&Sha256::digest(bytes)[..16]);
    short
}

/// An accepted command: durable.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The account.
    pub account: AccountId,
    /// Its book.
    pub book: BookId,
    /// The revision of the first of `events` in the account's stream.
    pub first_revision: u64,
    /// What happened: at least one event, except for a sweep that found nothing.
    pub events: Vec<Event>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The position of the last event of the command.
    pub position: u64,
    /// This is the first answer again, to a repeated key.
    pub replayed: bool,
}

impl Accepted {
    /// The revision of its last event.
    pub fn revision(&self) -> u64 {
        (self.first_revision + self.events.len() as u64).saturating_sub(1)
    }

    /// The first event that a test picks, with its revision.
    pub fn find<'a, T>(&'a self, pick: impl Fn(&'a Event) -> Option<T>) -> Option<(u64, T)> {
        let mut numbered = self.events.iter().enumerate();
        numbered.find_map(|(at, event)| Some((self.first_revision + at as u64, pick(event)?)))
    }
}

/// An account as it stood when it was asked for; durable.
#[derive(Clone, Debug)]
pub struct View {
    /// The account, with everything that is due by then.
    pub account: Account,
    /// The number of events in the log that this answer is sure to include.
    pub as_of_position: u64,
    /// The time it was asked at.
    pub now: Timestamp,
}

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The rules refuse it. Nothing was recorded.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The key was used for another command. Nothing was recorded.
    #[error("the idempotency key was used for another command")]
    KeyReused,
    /// The account is of a book that the subject may not act on.
    #[error("the subject may not act on the book {0}")]
    ForbiddenBook(BookId),
    /// There is no such book.
    #[error("there is no book {0}")]
    UnknownBook(BookId),
    /// Too much is waiting already. Nothing was recorded.
    #[error("too many commands are waiting")]
    Overloaded,
    /// The store has no room. Nothing was recorded.
    #[error("the store is full")]
    Full,
    /// The store failed or the engine stops. Whether the command was recorded is unknown; with the same key it can
    /// be sent again.
    #[error("the store is unavailable")]
    Unavailable,
}
