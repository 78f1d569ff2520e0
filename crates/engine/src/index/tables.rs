//! The index on disk: its tables, and the position of the log that they are up to.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use scrip_ledger::event::SecretHash;
use scrip_ledger::{Account, AccountId, Timestamp, Token};
use scrip_store::EventStore;

use super::IndexError;
use crate::accounts::Snapshot;
use crate::keys::{Scope, Used};
use crate::reply::FirstAnswer;
use crate::request::KeyClass;
use crate::secrets::KeyOwner;

/// Rises with every change of what the tables hold or of an account's shape: an older index is built anew.
const FORMAT: &str = concat!("2 of scrip ", env!("CARGO_PKG_VERSION"));
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Fewer keys than this are inserted one by one; more are sorted and become a table of their own.
const BULK: usize = 16_384;

/// The tables.
pub(super) struct Tables {
    database: Database,
    meta: Keyspace,
    /// Keys of money: for ever.
    keys: Keyspace,
    /// Keys of calls, by the period they were used in; the latest period and so many before it are kept.
    calls: RwLock<Vec<(i64, Keyspace)>>,
    period_micros: i64,
    kept_periods: AtomicI64,
    snapshots: Keyspace,
    secrets: Keyspace,
    due: Keyspace,
}

/// What one write takes in.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) keys: Vec<(Scope, Used)>,
    pub(super) secrets: Vec<(SecretHash, KeyOwner)>,
    pub(super) due: Vec<(AccountId, Timestamp)>,
    pub(super) snapshots: Vec<Snapshot>,
}

impl Tables {
    /// Opens the tables in a folder, or makes them anew if they cannot be read or are of another log.
    pub(super) fn open(dir: &Path, store: &dyn EventStore, retention_days: u64) -> Result<Self, IndexError> {
        match Self::open_any(dir, retention_days) {
            Ok(tables) if tables.is_of(store) => return Ok(tables),
            Ok(_) => tracing::warn!(dir = %dir.display(), "the index is of another log; it is built anew"),
            Err(error) => tracing::warn!(dir = %dir.display(), %error, "the index is built anew"),
        }
        if dir.exists() {
            let failed = |source| IndexError::Remove { dir: dir.display().to_string(), source };
            std::fs::remove_dir_all(dir).map_err(failed)?;
        }
        Self::open_any(dir, retention_days)
            .map_err(|source| IndexError::Tree { dir: dir.display().to_string(), source: Box::new(source) })
    }

    fn open_any(dir: &Path, retention_days: u64) -> fjall::Result<Self> {
        let database = Database::builder(dir).worker_threads(1).open()?;
        let table = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default);
        let mut calls = Vec::new();
        for name in database.list_keyspace_names() {
            if let Some(period) = name.strip_prefix("calls-").and_then(|period| period.parse().ok()) {
                calls.push((period, table(&name)?));
            }
        }
        calls.sort_by_key(|(period, _)| *period);
        let [meta, keys, snapshots, secrets, due] =
            [table("meta")?, table("keys")?, table("snapshots")?, table("secrets")?, table("due")?];
        let period_micros = i64::try_from(retention_days).unwrap_or(i64::MAX).saturating_mul(MICROS_PER_DAY);
        let (calls, kept_periods) = (RwLock::new(calls), AtomicI64::new(1));
        Ok(Self { database, meta, keys, calls, period_micros, kept_periods, snapshots, secrets, due })
    }

    /// Keeps the keys of calls for so many days at least: from now on, for what is still there.
    pub(super) fn keep_call_keys(&self, days: u64) {
        let micros = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(MICROS_PER_DAY);
        let periods = micros.saturating_add(self.period_micros - 1) / self.period_micros;
        self.kept_periods.fetch_max(periods, Ordering::Relaxed);
    }

    fn kept_periods(&self) -> i64 {
        self.kept_periods.load(Ordering::Relaxed)
    }

    /// Whether they are of this log, in today's format and with today's periods: the last event that they took in
    /// must be there.
    fn is_of(&self, store: &dyn EventStore) -> bool {
        let stored = |name: &str| self.meta.get(name).ok().flatten();
        let Some(format) = stored("format") else { return self.position() == 0 };
        if stored("period").as_deref() != Some(&self.period_micros.to_be_bytes()[..]) {
            return false;
        }
        let last_hash = self.position().checked_sub(1).and_then(|last| store.read_all(last, 1).ok());
        let last_hash = last_hash.and_then(|events| events.first().map(|event| event.hash));
        &*format == FORMAT.as_bytes()
            && last_hash.is_some()
            && stored("hash").as_deref() == last_hash.as_ref().map(|h| &h[..])
    }

    /// The number of events of the log that they have taken in.
    pub(super) fn position(&self) -> u64 {
        let stored = self.meta.get("position").ok().flatten();
        stored.and_then(|bytes| Some(u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?))).unwrap_or(0)
    }

    /// Takes changes in. The position is written last: were it lost, they would only be taken in again.
    pub(super) fn write(&self, changes: Changes, position: u64, hash: &[u8; 32]) -> fjall::Result<()> {
        let mut calls: Vec<(i64, Vec<(Scope, Used)>)> = Vec::new();
        let mut money = Vec::new();
        for (scope, used) in changes.keys {
            if used.class == KeyClass::Money {
                money.push((scope, used));
                continue;
            }
            let period = self.period_of(used.recorded_at);
            match calls.iter_mut().find(|(known, _)| *known == period) {
                Some((_, keys)) => keys.push((scope, used)),
                None => calls.push((period, vec![(scope, used)])),
            }
        }
        put_keys(&self.keys, money)?;
        for (period, keys) in calls {
            put_keys(&self.period(period)?, keys)?;
        }
        let mut batch = self.database.batch();
        for (secret, owner) in changes.secrets {
            batch.insert(&self.secrets, secret.0, encode_owner(&owner));
        }
        for (account, due) in changes.due {
            batch.insert(&self.due, account.as_str(), due.micros().to_be_bytes());
        }
        for snapshot in changes.snapshots {
            batch.insert(&self.snapshots, snapshot.account.as_str(), snapshot.bytes);
        }
        batch.insert(&self.meta, "format", FORMAT);
        batch.insert(&self.meta, "period", self.period_micros.to_be_bytes());
        batch.insert(&self.meta, "hash", *hash);
        batch.insert(&self.meta, "position", position.to_be_bytes());
        batch.commit()
    }

    /// The period that a key is kept with. One from before those that are kept goes with the oldest of them: kept longer than
    /// it need be, never forgotten on its way in.
    fn period_of(&self, recorded_at: Timestamp) -> i64 {
        let calls = self.calls.read().unwrap_or_else(PoisonError::into_inner);
        let oldest_kept =
            calls.last().map_or(i64::MIN, |(latest, _)| latest.saturating_sub(self.kept_periods()));
        (recorded_at.micros() / self.period_micros).max(oldest_kept)
    }

    /// The table of a period's keys. Periods before those that are kept are dropped.
    fn period(&self, period: i64) -> fjall::Result<Keyspace> {
        let mut calls = self.calls.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, table)) = calls.iter().find(|(known, _)| *known == period) {
            return Ok(table.clone());
        }
        let table = self.database.keyspace(&format!("calls-{period}"), KeyspaceCreateOptions::default)?;
        calls.push((period, table.clone()));
        calls.sort_by_key(|(period, _)| *period);
        let latest = calls.last().map_or(period, |(latest, _)| *latest);
        while calls.first().is_some_and(|(oldest, _)| *oldest < latest.saturating_sub(self.kept_periods())) {
            let (_, past) = calls.remove(0);
            self.database.delete_keyspace(past)?;
        }
        Ok(table)
    }

    pub(super) fn key(&self, scope: &Scope, class: KeyClass) -> fjall::Result<Option<Used>> {
        if class == KeyClass::Money {
            return look_up(&self.keys, scope, class);
        }
        let calls = self.calls.read().unwrap_or_else(PoisonError::into_inner);
        for (_, table) in calls.iter().rev() {
            if let Some(used) = look_up(table, scope, class)? {
                return Ok(Some(used));
            }
        }
        Ok(None)
    }

    pub(super) fn snapshot(&self, account: &AccountId) -> Option<Account> {
        let bytes = self.snapshots.get(account.as_str()).ok().flatten()?;
        serde_json::from_slice::<Account>(&bytes).ok().filter(|snapshot| snapshot.id() == account)
    }

    pub(super) fn each_secret(&self, mut take: impl FnMut(SecretHash, KeyOwner)) -> fjall::Result<()> {
        for entry in self.secrets.iter() {
            let (secret, owner) = entry.into_inner()?;
            if let (Ok(secret), Some(owner)) = (<[u8; 32]>::try_from(&*secret), decode_owner(&owner)) {
                take(SecretHash(secret), owner);
            }
        }
        Ok(())
    }

    pub(super) fn each_due(&self, mut take: impl FnMut(AccountId, Timestamp)) -> fjall::Result<()> {
        for entry in self.due.iter() {
            let (account, due) = entry.into_inner()?;
            if let (Some(account), Ok(due)) = (token(&account), <[u8; 8]>::try_from(&*due)) {
                take(account, Timestamp::from_micros(i64::from_be_bytes(due)));
            }
        }
        Ok(())
    }
}

fn put_keys(table: &Keyspace, mut keys: Vec<(Scope, Used)>) -> fjall::Result<()> {
    if keys.len() < BULK {
        return keys.iter().try_for_each(|(scope, used)| table.insert(scope.0, encode_used(used)));
    }
    keys.sort_by_key(|(scope, _)| *scope);
    keys.dedup_by_key(|(scope, _)| *scope);
    let mut ingestion = table.start_ingestion()?;
    for (scope, used) in &keys {
        ingestion.write(scope.0, encode_used(used))?;
    }
    ingestion.finish()
}

fn look_up(table: &Keyspace, scope: &Scope, class: KeyClass) -> fjall::Result<Option<Used>> {
    Ok(table.get(scope.0)?.and_then(|bytes| decode_used(&bytes, class)))
}

/// Fingerprint, time, revision, number of events, account.
fn encode_used(used: &Used) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(&used.fingerprint);
    bytes.extend_from_slice(&used.recorded_at.micros().to_be_bytes());
    bytes.extend_from_slice(&used.answer.first_revision.to_be_bytes());
    bytes.extend_from_slice(&used.answer.events.to_be_bytes());
    bytes.extend_from_slice(used.answer.account.as_str().as_bytes());
    bytes
}

fn decode_used(bytes: &[u8], class: KeyClass) -> Option<Used> {
    Some(Used {
        fingerprint: bytes.get(..16)?.try_into().ok()?,
        class,
        recorded_at: Timestamp::from_micros(i64::from_be_bytes(bytes.get(16..24)?.try_into().ok()?)),
        answer: FirstAnswer {
            first_revision: u64::from_be_bytes(bytes.get(24..32)?.try_into().ok()?),
            events: u16::from_be_bytes(bytes.get(32..34)?.try_into().ok()?),
            account: token(bytes.get(34..)?)?,
        },
    })
}

/// Whether it was revoked, its key, its account.
fn encode_owner(owner: &KeyOwner) -> Vec<u8> {
    let mut bytes = vec![u8::from(owner.revoked)];
    bytes.extend_from_slice(&owner.key.to_be_bytes());
    bytes.extend_from_slice(owner.account.as_str().as_bytes());
    bytes
}

fn decode_owner(bytes: &[u8]) -> Option<KeyOwner> {
    let key = u64::from_be_bytes(bytes.get(1..9)?.try_into().ok()?);
    Some(KeyOwner { account: token(bytes.get(9..)?)?, key, revoked: *bytes.first()? != 0 })
}

fn token(bytes: &[u8]) -> Option<Token> {
    Token::new(std::str::from_utf8(bytes).ok()?).ok()
}
