//! What an engine starts from: the index and what the log has beyond it, or the whole log.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use scrip_ledger::book::Book;
use scrip_ledger::{Account, AccountId, Event, Timestamp, Token};
use scrip_store::{EventStore, RecordedRef};

use super::tables::Changes;
use super::{Index, IndexError, Recovered};
use crate::accounts::{AT_ONCE, Snapshot};
use crate::history::{ACCOUNT_PREFIX, decode_event};
use crate::keys::{RecentKeys, Scope, Used};
use crate::replay::{Folded, fold_all};
use crate::reply::FirstAnswer;
use crate::request::IdempotencyKey;
use crate::secrets::{KeyOwner, Secrets};

/// Keys that one thread gathers before it writes them.
const KEYS_PER_WRITE: usize = 262_144;
/// Events that make an account's snapshot worth its while.
const SNAPSHOT_FROM: u64 = 64;

/// Folds the whole log: for an index that is empty, was deleted, or is not kept.
pub(super) fn from_start(
    index: Index,
    store: &dyn EventStore,
    books: &[Arc<Book>],
) -> Result<Recovered, IndexError> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let secrets = Secrets::default();
    let spilled = Mutex::new(Ok(()));
    let folded: Vec<Folded<Gathered>> =
        fold_all(store, threads, &AtomicU64::new(0), &|gathered: &mut Gathered, event| {
            gathered.take(event, &secrets);
            if gathered.keys.len() >= KEYS_PER_WRITE && index.tables.is_some() {
                let keys = gathered.spill();
                let changes = Changes { keys, ..Changes::default() };
                let mut spilled = spilled.lock().unwrap_or_else(PoisonError::into_inner);
                if spilled.is_ok() {
                    *spilled = write(&index, changes, 0, &[0; 32]);
                }
            }
        })?;
    spilled.into_inner().unwrap_or_else(PoisonError::into_inner)?;

    let mut keys = RecentKeys::default();
    let mut due = BTreeSet::new();
    let mut changes = Changes::default();
    for part in folded {
        for (id, account) in part.accounts {
            if let Some(next) = next_due(&account, books) {
                due.insert((next, id.clone()));
                changes.due.push((id.clone(), next));
            }
            if account.next_revision() >= SNAPSHOT_FROM
                && index.tables.is_some()
                && account.inconsistency().is_none()
                && let Ok(bytes) = serde_json::to_vec(&account)
            {
                changes.snapshots.push(Snapshot { account: id, bytes, generation: 0 });
            }
        }
        for (scope, used) in part.gathered.keys {
            if index.tables.is_some() {
                changes.keys.push((scope, used));
            } else {
                keys.restore(scope, used);
            }
        }
        changes.secrets.extend(part.gathered.secrets);
    }
    let next_position = store.head().map_err(crate::history::HistoryError::from)?.next_position;
    if let Some(last) = next_position.checked_sub(1)
        && let Some(event) = store.read_all(last, 1).map_err(crate::history::HistoryError::from)?.first()
    {
        write(&index, changes, next_position, &event.hash)?;
    }
    Ok(Recovered { index: Arc::new(index), keys, secrets, due })
}

/// When an account has something due, by the terms of its book; at once if it waits for a process.
fn next_due(account: &Account, books: &[Arc<Book>]) -> Option<Timestamp> {
    if account.waits_for_process() {
        return Some(AT_ONCE);
    }
    let book = books.iter().find(|book| Some(&book.id) == account.book())?;
    account.next_due(book)
}

/// Reads what the log has beyond the index, and writes it to the index before anything else is: its position must
/// never pass what it has not taken in.
pub(super) fn from_tail(
    index: Index,
    store: &Arc<dyn EventStore>,
    from: u64,
) -> Result<Recovered, IndexError> {
    let secrets = Secrets::default();
    let mut due: BTreeSet<(Timestamp, AccountId)> = BTreeSet::new();
    if let Some(tables) = &index.tables {
        tables.each_secret(|secret, owner| secrets.restore(secret, owner)).map_err(tree)?;
        tables.each_due(|account, at| due.extend([(at, account)])).map_err(tree)?;
    }
    let mut gathered = Gathered::default();
    let mut touched: BTreeSet<AccountId> = BTreeSet::new();
    let mut end = None;
    store
        .scan_all(from, &mut |event| {
            gathered.take(&event, &secrets);
            touched.extend(event.stream.strip_prefix(ACCOUNT_PREFIX).and_then(|id| Token::new(id).ok()));
            end = Some((event.position.saturating_add(1), event.hash));
            ControlFlow::Continue(())
        })
        .map_err(crate::history::HistoryError::from)?;
    if let Some((position, hash)) = end {
        // Whatever these accounts have due now is found when they are looked at, which is soon.
        due.extend(touched.iter().map(|account| (AT_ONCE, account.clone())));
        let changes = Changes {
            keys: gathered.keys,
            secrets: gathered.secrets,
            due: touched.into_iter().map(|account| (account, AT_ONCE)).collect(),
            snapshots: Vec::new(),
        };
        write(&index, changes, position, &hash)?;
    }
    Ok(Recovered { index: Arc::new(index), keys: RecentKeys::default(), secrets, due })
}

fn tree(source: fjall::Error) -> IndexError {
    IndexError::Tree { dir: "(open)".to_owned(), source: Box::new(source) }
}

fn write(index: &Index, changes: Changes, position: u64, hash: &[u8; 32]) -> Result<(), IndexError> {
    let Some(tables) = &index.tables else { return Ok(()) };
    tables.write(changes, position, hash).map_err(tree)
}

/// What the index takes from events.
#[derive(Default)]
struct Gathered {
    keys: Vec<(Scope, Used)>,
    secrets: Vec<(scrip_ledger::event::SecretHash, KeyOwner)>,
}

impl Gathered {
    fn take(&mut self, event: &RecordedRef<'_>, secrets: &Secrets) {
        let Some(account) = event.stream.strip_prefix(ACCOUNT_PREFIX) else { return };
        if !event.key.is_empty() {
            self.key(event, account);
        }
        if event.event_type.starts_with("key_")
            && let (Ok(decoded), Ok(account)) = (decode_event(event), Token::new(account))
            && let Event::KeyIssued(_) | Event::KeyRotated(_) | Event::KeyRevoked(_) | Event::KeyReinstated(_) =
                decoded
        {
            self.secrets.extend(secrets.take_in(&account, event.revision, &decoded));
        }
    }

    /// A command's events follow each other in their stream and carry its key: the first begins the entry, the
    /// others lengthen it.
    fn key(&mut self, event: &RecordedRef<'_>, account: &str) {
        let scope = Scope::from_envelope(event.actor, event.key);
        if let Some((last, used)) = self.keys.last_mut()
            && *last == scope
            && used.answer.first_revision + u64::from(used.answer.events) == event.revision
        {
            used.answer.events = used.answer.events.saturating_add(1);
            return;
        }
        let (Ok(account), Some(class)) = (Token::new(account), IdempotencyKey::class_of(event.key)) else {
            return;
        };
        let answer = FirstAnswer { account, first_revision: event.revision, events: 1 };
        let recorded_at = Timestamp::from_micros(event.recorded_at);
        self.keys.push((scope, Used { fingerprint: event.fingerprint, class, recorded_at, answer }));
    }

    /// Takes out the keys that are complete: the last may still be lengthened.
    fn spill(&mut self) -> Vec<(Scope, Used)> {
        let last = self.keys.len().saturating_sub(1);
        let tail = self.keys.split_off(last);
        std::mem::replace(&mut self.keys, tail)
    }
}
