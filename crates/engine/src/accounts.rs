//! The accounts in memory, ahead of the disk by what the committer has not written yet.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use scrip_ledger::book::Book;
use scrip_ledger::command::MigrationTarget;
use scrip_ledger::{Account, AccountId, Timestamp};
use scrip_store::{EventStore, StreamName};

use crate::history::{HistoryError, account_stream, decode_event};
use crate::index::Index;

/// Events since the last snapshot that make another one worth its while.
const SNAPSHOT_EVERY: u64 = 1024;
/// The same when an account leaves memory.
const SNAPSHOT_ON_EVICTION: u64 = 16;
/// How long a process has until its account is looked at again.
const PROCESS_RETRY_SECONDS: u64 = 5;
/// When an account is due that is looked at as soon as there is time.
pub(crate) const AT_ONCE: Timestamp = Timestamp::from_micros(0);

/// An account in memory.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) account: Account,
    pub(crate) stream: StreamName,
    /// Told apart from earlier stays in memory: what was decided on one that was dropped is decided again.
    pub(crate) generation: u64,
    /// The item that last wrote to it.
    pub(crate) last_item: u64,
    /// Jobs that wait for something of it to be durable. Later ones wait behind them, in order: each is counted here
    /// when it goes to the committer to be sent back, and goes first when it comes back. Such an account stays in
    /// memory.
    pub(crate) held_back: u32,
    scheduled: Option<Timestamp>,
    snapshot_revision: u64,
    used: u64,
}

/// All accounts in memory, and when each has something due.
pub(crate) struct Accounts {
    store: Arc<dyn EventStore>,
    index: Arc<Index>,
    /// Boxed, so that the table's slack is of pointers, and growing it moves no accounts.
    slots: HashMap<AccountId, Box<Slot>>,
    schedule: Schedule,
    capacity: usize,
    next_generation: u64,
    uses: u64,
}

/// When each account, resident or not, has something due: never later than its own next expiry.
pub(crate) struct Schedule(BTreeSet<(Timestamp, AccountId)>);

/// A snapshot to be kept: of an account whose latest change came with an item.
pub(crate) struct Snapshot {
    pub(crate) account: AccountId,
    pub(crate) bytes: Vec<u8>,
    /// The stay in memory that it was taken of.
    pub(crate) generation: u64,
}

impl Accounts {
    pub(crate) fn new(
        store: Arc<dyn EventStore>,
        index: Arc<Index>,
        capacity: usize,
        due: BTreeSet<(Timestamp, AccountId)>,
    ) -> Self {
        Self {
            store,
            index,
            slots: HashMap::new(),
            schedule: Schedule(due),
            capacity,
            next_generation: 0,
            uses: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// An account, folded from its snapshot and what came after if it is cold. Says whether it was.
    pub(crate) fn get(&mut self, id: &AccountId) -> Result<(&mut Slot, &mut Schedule, bool), HistoryError> {
        self.uses += 1;
        let mut cold = false;
        if !self.slots.contains_key(id) {
            cold = true;
            let stream = account_stream(id);
            let (account, snapshot_revision) = self.fold(id, &stream)?;
            self.next_generation += 1;
            let slot = Slot {
                account,
                stream,
                generation: self.next_generation,
                last_item: 0,
                held_back: 0,
                scheduled: None,
                snapshot_revision,
                used: 0,
            };
            self.slots.insert(id.clone(), Box::new(slot));
        }
        // It was put there if it was not.
        let slot = self.slots.get_mut(id).ok_or(HistoryError::BeyondEnd(0))?;
        slot.used = self.uses;
        Ok((slot, &mut self.schedule, cold))
    }

    fn fold(&self, id: &AccountId, stream: &StreamName) -> Result<(Account, u64), HistoryError> {
        let mut account = self.index.snapshot(id).unwrap_or_else(|| Account::absent(id.clone()));
        if account.next_revision() > 0 {
            // A snapshot that is ahead of the log belongs to another one.
            let last = self.store.stream_head(stream)?.map(|head| head.revision);
            if last.is_none_or(|last| last.saturating_add(1) < account.next_revision()) {
                account = Account::absent(id.clone());
            }
        }
        let snapshot_revision = account.next_revision();
        let mut failed = None;
        self.store.scan_stream(stream, snapshot_revision, &mut |stored| match decode_event(&stored) {
            Ok(event) => {
                account.evolve(&event, Timestamp::from_micros(stored.recorded_at));
                std::ops::ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(error);
                std::ops::ControlFlow::Break(())
            }
        })?;
        failed.map_or(Ok((account, snapshot_revision)), Err)
    }

    /// When something is next due after a time.
    pub(crate) fn next_due_after(&self, time: Timestamp) -> Option<Timestamp> {
        self.schedule.0.iter().map(|(due, _)| *due).find(|due| *due > time)
    }

    /// When something is next due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.schedule.0.first().map(|(due, _)| *due)
    }

    /// The next account that has, or had, something due by a time.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<AccountId> {
        let (due, _) = self.schedule.0.first()?;
        if *due > now {
            return None;
        }
        let (_, id) = self.schedule.0.pop_first()?;
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.scheduled = None;
        }
        Some(id)
    }

    /// Has an account looked at by a time: one that could not be swept, or whose terms have changed.
    pub(crate) fn postpone(&mut self, id: AccountId, until: Timestamp) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.scheduled = Some(until);
        }
        self.schedule.0.insert((until, id));
    }

    /// Drops what was decided on a stay in memory that turned out not to be what the store holds, and looks at the
    /// account again by a time.
    pub(crate) fn drop_generation(&mut self, id: &AccountId, generation: u64, until: Timestamp) {
        if self.slots.get(id).is_some_and(|slot| slot.generation == generation)
            && let Some(slot) = self.slots.remove(id)
        {
            // What it has due is found when it is looked at again; what failed may have been the recording of it.
            let at = slot.scheduled.map_or(until, |scheduled| scheduled.min(until));
            self.schedule.0.insert((at, id.clone()));
        }
    }

    /// Makes room where there is too little: the accounts that were not used for longest leave, except those that are
    /// ahead of the disk.
    /// Returns the snapshots of those that changed.
    pub(crate) fn evict(&mut self, durable_item: u64) -> Vec<Snapshot> {
        if self.slots.len() <= self.capacity {
            return Vec::new();
        }
        let mut idle: Vec<(u64, AccountId)> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.last_item <= durable_item && slot.held_back == 0)
            .map(|(id, slot)| (slot.used, id.clone()))
            .collect();
        let leaving = (self.slots.len() - self.capacity + self.capacity / 8).min(idle.len());
        if leaving == 0 {
            return Vec::new();
        }
        if leaving < idle.len() {
            idle.select_nth_unstable(leaving);
        }
        let mut snapshots = Vec::new();
        for (_, id) in idle.into_iter().take(leaving) {
            if let Some(mut slot) = self.slots.remove(&id)
                && slot.account.next_revision().saturating_sub(slot.snapshot_revision) >= SNAPSHOT_ON_EVICTION
            {
                snapshots.extend(slot.snapshot());
            }
        }
        snapshots
    }

    /// Snapshots of every account that changed since its last one; asked for when the engine stops.
    pub(crate) fn all_snapshots(&mut self) -> Vec<Snapshot> {
        let changed = |slot: &&mut Slot| slot.account.next_revision() > slot.snapshot_revision;
        self.slots.values_mut().map(Box::as_mut).filter(changed).filter_map(Slot::snapshot).collect()
    }
}

impl Slot {
    /// The account as one that a migration may go to. What it is not any more when that arrives is refused then.
    pub(crate) fn as_target(&self) -> MigrationTarget {
        MigrationTarget { book: self.account.book().cloned(), status: self.account.status() }
    }

    /// Takes what a changed account has due next into the schedule. Says when, if that is news.
    pub(crate) fn reschedule(
        &mut self,
        book: &Book,
        schedule: &mut Schedule,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let waits = self.account.waits_for_process();
        let again = waits.then(|| now.plus_seconds(PROCESS_RETRY_SECONDS));
        let due = self.account.next_due(book).into_iter().chain(again).min()?;
        if self.scheduled.is_none_or(|scheduled| due < scheduled) {
            if let Some(scheduled) = self.scheduled.replace(due) {
                schedule.0.remove(&(scheduled, self.account.id().clone()));
            }
            schedule.0.insert((due, self.account.id().clone()));
        } else if !waits {
            return None;
        }
        // A process has been told of it now; after a restart it must be told at once.
        Some(if waits { AT_ONCE } else { due })
    }

    /// A snapshot, if the account has changed much since its last one.
    pub(crate) fn snapshot_if_worth(&mut self) -> Option<Snapshot> {
        let since = self.account.next_revision().saturating_sub(self.snapshot_revision);
        if since >= SNAPSHOT_EVERY { self.snapshot() } else { None }
    }

    fn snapshot(&mut self) -> Option<Snapshot> {
        if self.account.inconsistency().is_some() {
            return None;
        }
        self.snapshot_revision = self.account.next_revision();
        let bytes = serde_json::to_vec(&self.account).ok()?;
        Some(Snapshot { account: self.account.id().clone(), bytes, generation: self.generation })
    }
}
