//! The follower: it reads the log from where the models stand, folds a batch of events into their net changes, and writes
//! rows and checkpoints in one transaction.
//!
//! - **Invariant**: a model's rows are those of the events before its checkpoint, all of them and no other.
//! - **Invariant**: what a model cannot take stops that model, and no other; nothing here ever blocks a command.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use scrip_ledger::accounting::{Before, booked};
use scrip_ledger::book::event::BookEvent;
use scrip_ledger::{Account, AccountId, BookId, Event, Timestamp};
use scrip_store::{EventStore, StreamName};
use sqlx::{AnyConnection, Connection};

use crate::accounts::Accounts;
use crate::database::{self, Checkpoint, Generation};
use crate::error::OpenError;
use crate::log::{BOOK, Taken, What, charge, ended_hold, fold_until, overtaken};
use crate::model::{AccountStep, BookStep, Fault, Model, Takes};
use crate::models::folds;
use crate::table::Change;

/// A model, and how far it has come.
pub(crate) struct Slot {
    pub(crate) model: Box<dyn Model>,
    pub(crate) position: u64,
    pub(crate) fault: Option<String>,
}

/// Follows the log with one generation of the read models.
pub(crate) struct Follower {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) generation: Generation,
    pub(crate) slots: Vec<Slot>,
    connection: AnyConnection,
    accounts: Accounts,
    /// The number of events that every model which has not stopped has taken into account.
    position: u64,
    /// Until when the periods of books are closed.
    closed: HashMap<BookId, Option<Timestamp>>,
    /// Events that one transaction takes in at the most.
    batch: usize,
    /// Events that somebody has decided to leave out, by model.
    skipped: HashSet<(&'static str, u64)>,
}

/// A batch that is folded and not written yet.
struct Batch {
    until: u64,
    hash: String,
    /// For each slot that took part: what it changes.
    changes: Vec<(usize, Vec<Change>)>,
}

/// How a step ended that did not fail.
pub(crate) enum Written {
    /// Events were taken in.
    Events {
        /// Whether those were all there are.
        all: bool,
        /// When the last of them was recorded.
        recorded_at: Timestamp,
    },
    /// There was nothing to take in.
    Nothing,
}

impl Follower {
    /// Goes on from the checkpoints.
    pub(crate) fn new(
        store: Arc<dyn EventStore>,
        generation: Generation,
        models: Vec<Box<dyn Model>>,
        connection: AnyConnection,
        checkpoints: &[(String, Checkpoint, String)],
        batch: usize,
    ) -> Result<Self, OpenError> {
        let slot = |model: Box<dyn Model>| {
            let known = checkpoints.iter().find(|(name, ..)| name == model.name());
            let (position, fault) =
                known.map_or((0, None), |(_, known, _)| (known.position, known.fault.clone()));
            Slot { model, position, fault }
        };
        let slots = models.into_iter().map(slot).collect();
        let (accounts, closed, skipped) = (Accounts::default(), HashMap::new(), HashSet::new());
        let mut follower =
            Self { store, generation, slots, connection, accounts, position: 0, closed, batch, skipped };
        follower.take_decisions()?;
        Ok(follower)
    }

    /// Reads what was decided on events that stopped a model, and lets those go on that may.
    pub(crate) fn take_decisions(&mut self) -> Result<(), OpenError> {
        for slot in &mut self.slots {
            let name = slot.model.name();
            for position in crate::decisions::skipped(self.store.as_ref(), name)? {
                self.skipped.insert((name, position));
            }
            if self.skipped.contains(&(name, slot.position)) {
                slot.fault = None;
            }
        }
        self.accounts = Accounts::default();
        self.closed.clear();
        self.position = self.lowest();
        Ok(())
    }

    fn lowest(&self) -> u64 {
        let running = self.slots.iter().filter(|slot| slot.fault.is_none()).map(|slot| slot.position);
        running.min().or_else(|| self.slots.iter().map(|slot| slot.position).max()).unwrap_or_default()
    }

    /// The number of events that it has taken into account.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    pub(crate) const fn connection(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }

    pub(crate) fn into_parts(self) -> (AnyConnection, Generation) {
        (self.connection, self.generation)
    }

    /// Takes in the next events, a batch at the most, and none from the position `until` on.
    pub(crate) async fn advance(&mut self, until: u64) -> Result<Written, OpenError> {
        let (events, mut all) = self.read(until)?;
        if events.is_empty() {
            return Ok(Written::Nothing);
        }
        let mut faults = Vec::new();
        let mut events = events.as_slice();
        if let Some(at) = self.fold(events, &mut faults).await? {
            // The batch ends before the event that somebody cannot take: what was gathered is gathered again up to there.
            self.discard();
            faults.clear();
            all = false;
            events = events.get(..at.max(1)).unwrap_or_default();
            self.fold(events, &mut faults).await?;
        }
        loop {
            let Some(last) = events.last() else { return Ok(Written::Nothing) };
            let until = last.place.position.saturating_add(1);
            let batch = self.drain(until, database::hex(&last.hash), &faults);
            if self.write(&batch, &faults, events.len() == 1).await? {
                self.accounts.end_batch();
                self.position = until;
                return Ok(Written::Events { all, recorded_at: last.place.recorded_at });
            }
            // The database refuses what comes of one of these events: by halves it is found which.
            self.discard();
            faults.clear();
            all = false;
            events = events.get(..events.len() / 2).unwrap_or_default();
            self.fold(events, &mut faults).await?;
        }
    }

    /// The events of the next batch, and whether those are all there are.
    fn read(&self, until: u64) -> Result<(Vec<Taken>, bool), OpenError> {
        let (mut events, mut all) = (Vec::new(), true);
        if self.slots.iter().all(|slot| slot.fault.is_some()) {
            return Ok((events, all));
        }
        self.store.scan_all(self.position, &mut |stored| {
            // What a model leaves out changes accounts all the same: no batch goes beyond it, so that rows that are made of
            // accounts at the end of a batch do not depend on where that is.
            let left_out = !events.is_empty() && self.is_left_out(stored.position);
            if stored.position >= until || left_out || events.len() >= self.batch {
                all = stored.position >= until;
                return ControlFlow::Break(());
            }
            events.push(Taken::of(&stored));
            ControlFlow::Continue(())
        })?;
        Ok((events, all))
    }

    fn is_left_out(&self, position: u64) -> bool {
        !self.skipped.is_empty() && self.skipped.iter().any(|(_, left_out)| *left_out == position)
    }

    /// Gives events to the models. Answers the first that one of them cannot take; nothing is given out after it.
    async fn fold(
        &mut self,
        events: &[Taken],
        faults: &mut Vec<(usize, Fault)>,
    ) -> Result<Option<usize>, OpenError> {
        for (at, taken) in events.iter().enumerate() {
            match &taken.what {
                What::Account(id, event) => self.account(taken, id, event.as_ref(), faults).await?,
                What::Book(id, event) => {
                    if let Ok(BookEvent::PeriodClosed(closed)) = event {
                        self.closed.insert(id.clone(), Some(closed.until));
                    }
                    give(&mut self.slots, &self.skipped, taken.place.position, faults, |model| match event {
                        _ if model.takes() == Takes::Accounts => Ok(()),
                        Ok(event) => model.book(&BookStep { place: &taken.place, book: id, event }),
                        Err(why) => Err(Fault::Unreadable(why.clone())),
                    });
                }
                What::Other => {}
            }
            if !faults.is_empty() {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    async fn account(
        &mut self,
        taken: &Taken,
        id: &AccountId,
        event: Result<&Event, &String>,
        faults: &mut Vec<(usize, Fault)>,
    ) -> Result<(), OpenError> {
        let place = &taken.place;
        if self.accounts.touch(id.as_str()).is_none_or(|account| account.next_revision() != place.revision) {
            let account = self.load(id, place.revision).await?;
            self.accounts.insert(account);
        }
        let refunded = match event {
            Ok(Event::UsageRefunded(refund)) => charge(self.store.as_ref(), id, refund.debit)?,
            _ => None,
        };
        let Some(account) = self.accounts.touch(id.as_str()) else { return Ok(()) };
        let ended = event.ok().and_then(ended_hold).and_then(|hold| account.hold(hold)).cloned();
        let before = event.ok().map(|event| Before::of(account, event));
        let overtaken = match event {
            Ok(Event::AccountClosed(_)) => overtaken(account),
            _ => Vec::new(),
        };
        let was_whole = account.inconsistency().is_none();
        let fault = match event {
            Ok(event) => {
                account.evolve(event, place.recorded_at);
                let contradiction = account.inconsistency().filter(|_| was_whole);
                contradiction.map(|found| Fault::Contradiction(found.what.clone()))
            }
            Err(why) => {
                account.pass_over(place.recorded_at);
                Some(Fault::Unreadable(why.clone()))
            }
        };
        let account = &*account;
        let postings = match (event, before) {
            (Ok(event), Some(before)) => before.postings(account, event),
            _ => Ok(Vec::new()),
        };
        let closed_until = match account.book() {
            Some(book) => closed_until(&mut self.closed, self.store.as_ref(), book, place.position)?,
            None => None,
        };
        let booked = booked(place.effective_at, place.recorded_at, closed_until);
        give(&mut self.slots, &self.skipped, place.position, faults, |model| {
            match (&fault, event, account.book()) {
                _ if model.takes() == Takes::Books => Ok(()),
                (Some(fault), ..) => Err(fault.clone()),
                (None, Ok(event), Some(book)) => {
                    let (refunded, ended) = (refunded.as_ref(), ended.as_ref());
                    let postings = postings.as_deref().map_err(|error| *error);
                    model.account(&AccountStep {
                        place,
                        event,
                        account,
                        book,
                        refunded,
                        ended,
                        overtaken: &overtaken,
                        postings,
                        booked,
                    })
                }
                _ => Ok(()),
            }
        });
        Ok(())
    }

    /// An account as it was before one of its events.
    async fn load(&mut self, id: &AccountId, revision: u64) -> Result<Account, OpenError> {
        let kept = folds::latest(&mut self.connection, id, revision).await?;
        let mut account = kept.unwrap_or_else(|| Account::absent(id.clone()));
        fold_until(self.store.as_ref(), &mut account, revision)?;
        Ok(account)
    }

    /// Forgets what was gathered and not written.
    fn discard(&mut self) {
        for slot in &mut self.slots {
            slot.model.drain(&self.accounts);
        }
        self.accounts = Accounts::default();
        self.closed.clear();
    }

    fn drain(&mut self, until: u64, hash: String, faults: &[(usize, Fault)]) -> Batch {
        let mut changes = Vec::with_capacity(self.slots.len());
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let drained = slot.model.drain(&self.accounts);
            let stopped = faults.iter().any(|(faulty, _)| *faulty == index);
            if slot.fault.is_none() && slot.position < until && !stopped {
                changes.push((index, drained));
            }
        }
        Batch { until, hash, changes }
    }

    /// Writes rows and checkpoints, all together. Where the database refuses the rows of a model, that model stops if they are
    /// those of one event; else nothing is written, and the answer is no.
    async fn write(
        &mut self,
        batch: &Batch,
        faults: &[(usize, Fault)],
        of_one_event: bool,
    ) -> Result<bool, OpenError> {
        let mut transaction = self.connection.begin().await?;
        let mut refused = Vec::new();
        for (index, changes) in &batch.changes {
            let Some(slot) = self.slots.get(*index) else { continue };
            let mut part = transaction.begin().await?;
            let mut outcome = Ok(());
            for (table, change) in slot.model.tables().iter().zip(changes) {
                outcome = database::apply(&mut part, self.generation.places(), table, change).await;
                if outcome.is_err() {
                    break;
                }
            }
            match outcome {
                Ok(()) => {
                    let moved = (slot.position, batch.until);
                    database::checkpoint(&mut part, slot.model.name(), moved, &batch.hash, None).await?;
                    part.commit().await?;
                }
                Err(error) if database::is_refusal(&error) => {
                    part.rollback().await?;
                    if !of_one_event {
                        transaction.rollback().await?;
                        return Ok(false);
                    }
                    refused.push((*index, Fault::Refused(error.to_string())));
                }
                Err(error) => return Err(error.into()),
            }
        }
        for (index, fault) in faults.iter().chain(&refused) {
            let Some(slot) = self.slots.get_mut(*index) else { continue };
            let (model, position) = (slot.model.name(), batch.until.saturating_sub(1));
            let text = fault.to_string();
            sqlx::query("UPDATE models SET fault = $1 WHERE name = $2")
                .bind(text.clone())
                .bind(model)
                .execute(&mut *transaction)
                .await?;
            tracing::error!(model, position, fault = text, "a read model has stopped");
            slot.fault = Some(text);
        }
        transaction.commit().await?;
        for (index, _) in &batch.changes {
            if let Some(slot) = self.slots.get_mut(*index).filter(|slot| slot.fault.is_none()) {
                slot.position = batch.until;
            }
        }
        Ok(true)
    }
}

/// Gives an event to every model that takes it.
fn give(
    slots: &mut [Slot],
    skipped: &HashSet<(&'static str, u64)>,
    position: u64,
    faults: &mut Vec<(usize, Fault)>,
    take: impl Fn(&mut dyn Model) -> Result<(), Fault>,
) {
    for (index, slot) in slots.iter_mut().enumerate() {
        let due = slot.fault.is_none() && slot.position <= position;
        if !due || (!skipped.is_empty() && skipped.contains(&(slot.model.name(), position))) {
            continue;
        }
        if let Err(fault) = take(slot.model.as_mut()) {
            faults.push((index, fault));
        }
    }
}

/// Until when the periods of a book were closed at a position.
fn closed_until(
    known: &mut HashMap<BookId, Option<Timestamp>>,
    store: &dyn EventStore,
    book: &BookId,
    position: u64,
) -> Result<Option<Timestamp>, OpenError> {
    if let Some(closed) = known.get(book) {
        return Ok(*closed);
    }
    let mut closed = None;
    if let Ok(stream) = StreamName::new(&format!("{BOOK}{book}")) {
        store.scan_stream(&stream, 0, &mut |stored| {
            if stored.position >= position {
                return ControlFlow::Break(());
            }
            if let Ok(BookEvent::PeriodClosed(event)) = BookEvent::read(stored.event_type, stored.payload) {
                closed = Some(event.until);
            }
            ControlFlow::Continue(())
        })?;
    }
    known.insert(book.clone(), closed);
    Ok(closed)
}
