//! Idempotency keys: which were used, for what, and where the first answer is.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use scrip_ledger::{BookId, Timestamp, Token};
use sha2::{Digest, Sha256};

use crate::reply::FirstAnswer;
use crate::request::{IdempotencyKey, KeyClass};

/// How many keys stay in memory at the least, once the index on disk has them too.
const RECENT: usize = 500_000;

/// A key within (book, subject, operation), as 128 bits of its SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scope(pub(crate) [u8; 16]);

impl Scope {
    pub(crate) fn new(subject: &Token, book: &BookId, key: &IdempotencyKey) -> Self {
        let parts = [subject.as_str(), "\0", book.as_str(), "/", key.operation, "/", key.key.as_str()];
        Self::of(parts)
    }

    /// From what stands in an event's envelope.
    pub(crate) fn from_envelope(actor: &str, key: &str) -> Self {
        Self::of([actor, "\0", key])
    }

    fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hasher = Sha256::new();
        parts.into_iter().for_each(|part| hasher.update(part.as_bytes()));
        let mut short = [0; 16];
        short.copy_from_slice(&hasher.finalize()[..16]);
        Self(short)
    }
}

/// Scopes are hashes already: their first bytes are as good as any hash of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        let mut first = [0; 8];
        first.iter_mut().zip(bytes).for_each(|(first, byte)| *first = *byte);
        self.0 = u64::from_le_bytes(first);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Hash for Scope {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

type ByScope = HashMap<Scope, Used, BuildHasherDefault<FirstBytes>>;

/// A key that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) fingerprint: [u8; 16],
    pub(crate) class: KeyClass,
    pub(crate) recorded_at: Timestamp,
    pub(crate) answer: FirstAnswer,
}

/// The keys in memory: everything that the index on disk may not have yet, and the latest of what it has.
#[derive(Debug, Default)]
pub(crate) struct RecentKeys {
    current: ByScope,
    /// Older ones, the last of which came with this item.
    previous: (u64, ByScope),
    last_item: u64,
}

impl RecentKeys {
    pub(crate) fn get(&self, scope: &Scope) -> Option<&Used> {
        self.current.get(scope).or_else(|| self.previous.1.get(scope))
    }

    /// Remembers a key that came with an item; forgets old ones that are on disk, by the item indexed last.
    pub(crate) fn insert(&mut self, scope: Scope, used: Used, item: u64, indexed_item: u64) {
        if self.current.len() >= RECENT && self.previous.0 <= indexed_item {
            self.previous = (self.last_item, std::mem::take(&mut self.current));
        }
        self.last_item = item;
        self.current.insert(scope, used);
    }

    /// Remembers a key that no index has: it stays.
    pub(crate) fn restore(&mut self, scope: Scope, used: Used) {
        self.current.insert(scope, used);
    }

    /// Forgets a key whose command was not written after all.
    pub(crate) fn remove(&mut self, scope: &Scope, answer: &FirstAnswer) {
        for keys in [&mut self.current, &mut self.previous.1] {
            if keys.get(scope).is_some_and(|used| used.answer == *answer) {
                keys.remove(scope);
            }
        }
    }
}
