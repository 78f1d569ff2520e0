//! The committer: one thread that writes what was decided, a batch at a time, and then answers.
//!
//! Items come in the order they were decided and are answered in that order. Refusals, reads and repeated keys
//! pass through too: what they were decided on is durable when they are answered.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use compact_str::CompactString;
use crossbeam_channel::{Receiver, Sender};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use scrip_ledger::{BookId, Event, Timestamp, encode};
use scrip_store::{Conflict, EventStore, Expected, Group, NewEvent, StoreError, StreamAppend, StreamName};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::accounts::Snapshot;
use crate::decider::{Ask, Job, Redo};
use crate::inbox::Inbox;
use crate::index::Entry;
use crate::keys::{Scope, Used};
use crate::metadata::{CallMetadata, Row};
use crate::reply::{FirstAnswer, Outcome, Reply};
use crate::request::{Accepted, EngineError, Request, View};
use crate::reservations::Reservation;
use crate::secrets::Secrets;
use crate::stats::Stats;

/// Most items in one batch. Larger ones would make the first wait for the last without saving syncs.
const MAX_BATCH_ITEMS: usize = 4096;
/// Entries that are handed to the index at once.
const INDEX_HAND_OVER: usize = 8192;
/// How long the index waits for entries that are too few to be handed over, while there are batches.
const TELL_INDEX_EVERY: Duration = Duration::from_millis(500);
/// Most events in one batch, but for a single command that leads to more.
const MAX_BATCH_EVENTS: usize = 16_384;

/// One thing that was decided, in its place in the order.
pub(crate) struct Item {
    pub(crate) number: u64,
    /// The stay in memory of the account that it was decided on; zero for none.
    pub(crate) generation: u64,
    pub(crate) job: Option<Job>,
    pub(crate) effect: Effect,
    /// Whether it was handed to the store.
    pub(crate) appended: bool,
}

pub(crate) enum Effect {
    /// Events to be written.
    Write(Box<Write>),
    /// Accepted, and there was nothing to record.
    Nothing,
    Refused(EngineError),
    View(Box<View>),
    /// The key was used before.
    Repeated(FirstAnswer),
    /// To be decided again when everything before it is durable.
    Bounce,
    /// Answered with the position when everything before it is durable.
    Barrier(oneshot::Sender<Result<u64, EngineError>>),
    /// These stays in memory are over: nothing that was decided on them comes any more.
    Forget(Vec<u64>),
    /// To be kept once everything before it is durable.
    Snapshot(Snapshot),
}

/// What a command wrote.
pub(crate) struct Write {
    pub(crate) book: BookId,
    pub(crate) stream: StreamName,
    pub(crate) expected: Expected,
    pub(crate) first_revision: u64,
    pub(crate) events: Vec<Event>,
    pub(crate) recorded_at: Timestamp,
    pub(crate) reserved: Vec<Reservation>,
    pub(crate) used: Option<(Scope, Used)>,
    pub(crate) due: Option<Timestamp>,
    pub(crate) snapshot: Option<Snapshot>,
    /// What the provider said of the call, where that is not kept with the events.
    pub(crate) metadata: Option<Box<Row>>,
}

pub(crate) struct Committer {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) index: Sender<Vec<Entry>>,
    /// What the index has not heard of.
    pub(crate) entries: Vec<Entry>,
    pub(crate) told_index: Instant,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) calls: Arc<CallMetadata>,
    pub(crate) durable_item: Arc<AtomicU64>,
    pub(crate) healthy: Arc<AtomicBool>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) next_position: u64,
    /// The number of events in the log when the last item that was concluded was decided: what a read is sure to know.
    pub(crate) concluded: u64,
    /// Stays in memory that turned out not to be what the store holds.
    pub(crate) failed: HashSet<u64>,
    pub(crate) random: StdRng,
}

/// What became of a batch's writes, in order; one entry for each item that writes.
pub(crate) enum Written {
    At(u64),
    Conflict,
    Full,
    Unknown,
}

/// The thread: commits what is handed over, until nothing more can come.
pub(crate) fn run(committer: &Mutex<Committer>, handed_over: &Receiver<Vec<Item>>, decider: &Inbox) {
    let lock = || committer.lock().unwrap_or_else(PoisonError::into_inner);
    while let Ok(mut batch) = handed_over.recv() {
        let mut rounds = 1;
        let mut events: usize = batch.iter().map(Item::event_count).sum();
        while batch.len() < MAX_BATCH_ITEMS && events < MAX_BATCH_EVENTS {
            let Ok(more) = handed_over.try_recv() else { break };
            rounds += 1;
            events += more.iter().map(Item::event_count).sum::<usize>();
            batch.extend(more);
        }
        let redo = lock().commit(batch);
        decider.finished(rounds, redo);
    }
    lock().tell_index();
}

impl Committer {
    /// Writes a batch and answers its items. Returns what must be decided again.
    pub(crate) fn commit(&mut self, mut batch: Vec<Item>) -> Option<Redo> {
        let mut groups = Vec::with_capacity(batch.len());
        for item in &mut batch {
            if let (Effect::Write(write), Some(job)) = (&item.effect, &item.job)
                && !self.failed.contains(&item.generation)
                && let Ask::Command(request) = &job.ask
            {
                groups.push(group(write, request, &mut self.random));
                item.appended = true;
            }
        }
        let mut written = self.append(&groups).into_iter();
        let last = batch.last().map_or(0, |item| item.number);
        let mut redo = Redo { failed: Vec::new(), keys: Vec::new(), jobs: Vec::new() };
        self.durable_item.store(last, Ordering::Release);
        for item in batch {
            self.conclude(item, &mut written, &mut redo);
        }
        // A hand-over for each batch would cost more than what is in it.
        if self.entries.len() >= INDEX_HAND_OVER || self.told_index.elapsed() >= TELL_INDEX_EVERY {
            self.tell_index();
        }
        let nothing = redo.failed.is_empty() && redo.jobs.is_empty();
        (!nothing).then_some(redo)
    }

    /// Hands the index what it has not heard of, and says how far that goes.
    fn tell_index(&mut self) {
        self.told_index = Instant::now();
        let item = self.durable_item.load(Ordering::Acquire);
        self.entries.push(Entry::Durable { item, next_position: self.next_position });
        let _gone = self.index.send(std::mem::take(&mut self.entries));
    }

    fn append(&mut self, groups: &[Group]) -> Vec<Written> {
        let all = |what: fn() -> Written| groups.iter().map(|_| what()).collect();
        if groups.is_empty() {
            return Vec::new();
        }
        if !self.healthy.load(Ordering::Acquire) {
            return all(|| Written::Unknown);
        }
        let started = Instant::now();
        let result = self.store.append(groups);
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Stats::add(&self.stats.append_micros, micros);
        Stats::add(&self.stats.batches, 1);
        match result {
            Ok(results) => {
                let place = |(group, result): (&Group, Result<scrip_store::Appended, Conflict>)| match result
                {
                    Ok(appended) => {
                        let events: u64 = group.appends.iter().map(|append| append.events.len() as u64).sum();
                        self.next_position = self.next_position.max(appended.first_position + events);
                        Stats::add(&self.stats.events, events);
                        Written::At(appended.first_position)
                    }
                    Err(_) => Written::Conflict,
                };
                groups.iter().zip(results).map(place).collect()
            }
            Err(error @ StoreError::Full { .. }) => {
                tracing::error!(%error, "the store is full; commands are refused until there is room");
                all(|| Written::Full)
            }
            Err(error @ (StoreError::BatchTooLarge { .. } | StoreError::Rejected(_))) if groups.len() > 1 => {
                tracing::warn!(%error, "a batch is written command by command");
                groups.iter().flat_map(|group| self.append(std::slice::from_ref(group))).collect()
            }
            Err(error @ (StoreError::BatchTooLarge { .. } | StoreError::Rejected(_))) => {
                tracing::error!(%error, "a command is too large to be written");
                all(|| Written::Full)
            }
            Err(error) => {
                tracing::error!(%error, "the store failed; nothing more is written until a restart");
                self.healthy.store(false, Ordering::Release);
                all(|| Written::Unknown)
            }
        }
    }

    /// Writes a group that belongs to no item. Reads that come later are sure to know it.
    pub(crate) fn append_alone(&mut self, group: Group) -> Written {
        let events: u64 = group.appends.iter().map(|append| append.events.len() as u64).sum();
        let written = self.append(&[group]).pop().unwrap_or(Written::Unknown);
        if let Written::At(position) = written {
            self.concluded = self.concluded.max(position + events);
        }
        written
    }

    /// Answers an item, or sends it back.
    fn conclude(&mut self, item: Item, written: &mut std::vec::IntoIter<Written>, redo: &mut Redo) {
        let Item { generation, job, effect, appended, .. } = item;
        let written = if appended { written.next().unwrap_or(Written::Unknown) } else { Written::Conflict };
        let Some(job) = job else { return self.internal(generation, effect) };
        let effect = match (effect, written) {
            (Effect::Write(write), Written::At(position)) => return self.accepted(*write, job, position),
            (Effect::Write(write), written) => {
                self.fail(generation, &write, &job, redo);
                return match written {
                    Written::Full => self.done(job).decided(Err(EngineError::Full)),
                    Written::Unknown => self.done(job).decided(Err(EngineError::Unavailable)),
                    Written::Conflict | Written::At(_) => redo.jobs.push(job),
                };
            }
            (effect, _) => effect,
        };
        if self.failed.contains(&generation) || matches!(effect, Effect::Bounce) {
            return redo.jobs.push(job);
        }
        if !self.healthy.load(Ordering::Acquire) {
            // What the store holds is unknown: no answer can be sure of what it was decided on.
            return self.done(job).decided(Err(EngineError::Unavailable));
        }
        match effect {
            Effect::Refused(error) => {
                Stats::add(&self.stats.refused, 1);
                self.done(job).decided(Err(error));
            }
            Effect::Repeated(answer) => {
                Stats::add(&self.stats.replayed, 1);
                self.done(job).send(Outcome::Repeated(answer));
            }
            Effect::View(mut view) => {
                view.as_of_position = self.concluded;
                if let Reply::View(sender) = self.done(job) {
                    let _gone = sender.send(Ok(*view));
                }
            }
            // Only the engine's own sweeps find nothing to record; nobody waits for them.
            Effect::Write(_)
            | Effect::Nothing
            | Effect::Bounce
            | Effect::Barrier(_)
            | Effect::Forget(_)
            | Effect::Snapshot(_) => self.done(job).decided(Err(EngineError::Unavailable)),
        }
    }

    /// A job is not in flight any more when its caller hears of it.
    fn done(&self, job: Job) -> Reply {
        if !matches!(job.reply, Reply::Nobody) {
            self.stats.in_flight.fetch_sub(1, Ordering::AcqRel);
        }
        job.reply
    }

    fn internal(&mut self, generation: u64, effect: Effect) {
        let unhealthy = !self.healthy.load(Ordering::Acquire);
        match effect {
            Effect::Barrier(reply) => {
                let answer = if unhealthy { Err(EngineError::Unavailable) } else { Ok(self.next_position) };
                let _gone = reply.send(answer);
            }
            Effect::Forget(generations) => self.failed.retain(|failed| !generations.contains(failed)),
            Effect::Snapshot(snapshot) if !unhealthy && !self.failed.contains(&generation) => {
                self.entries.push(Entry::Snapshot(snapshot));
            }
            _ => {}
        }
    }

    fn fail(&mut self, generation: u64, write: &Write, job: &Job, redo: &mut Redo) {
        if let Ask::Command(request) = &job.ask {
            redo.failed.push((request.account.clone(), generation));
        }
        redo.keys.extend(write.used.iter().map(|(scope, used)| (*scope, used.answer.clone())));
        self.failed.insert(generation);
    }

    fn accepted(&mut self, write: Write, job: Job, first_position: u64) {
        let Write {
            book, first_revision, events, recorded_at, reserved, used, due, snapshot, metadata, ..
        } = write;
        let end = first_position + events.len() as u64 + reserved.len() as u64;
        self.concluded = self.concluded.max(end);
        let account = job.ask.account().clone();
        for (at, event) in events.iter().enumerate() {
            self.calls.take_in(&account, first_revision + at as u64, event);
            let changed = self.secrets.take_in(&account, first_revision + at as u64, event);
            self.entries.extend(changed.into_iter().map(|(secret, owner)| Entry::Secret(secret, owner)));
        }
        self.calls.reached(end);
        if let Some(row) = metadata {
            self.calls.hand_over(row);
        }
        if let Some((scope, used)) = used {
            self.entries.push(Entry::Key(scope, used));
        }
        if let Some(due) = due {
            self.entries.push(Entry::Due(account.clone(), due));
        }
        if let Some(snapshot) = snapshot {
            self.entries.push(Entry::Snapshot(snapshot));
        }
        Stats::add(&self.stats.accepted, 1);
        let position = (first_position + events.len() as u64).saturating_sub(1);
        let accepted =
            Accepted { account, book, first_revision, events, recorded_at, position, replayed: false };
        self.done(job).decided(Ok(accepted));
    }
}

impl Item {
    /// What it counts for in a batch: itself and its events.
    pub(crate) fn size(&self) -> usize {
        self.event_count().saturating_add(1)
    }

    fn event_count(&self) -> usize {
        match &self.effect {
            Effect::Write(write) => write.events.len() + write.reserved.len(),
            _ => 0,
        }
    }
}

/// The group of one command: its account's events, and what it uses up.
fn group(write: &Write, request: &Request, random: &mut StdRng) -> Group {
    let key = request.key.as_ref().map_or_else(CompactString::default, |key| key.envelope_text(&write.book));
    let fingerprint = request.key.as_ref().map_or([0; 16], |key| key.fingerprint);
    let mut envelope = |event_type: &'static str, version, effective_at: Timestamp, payload| NewEvent {
        id: event_id(write.recorded_at, random),
        event_type: CompactString::const_new(event_type),
        version,
        recorded_at: write.recorded_at.micros(),
        effective_at: effective_at.micros(),
        actor: CompactString::new(request.subject.as_str()),
        correlation: request.correlation.clone(),
        causation: CompactString::default(),
        key: key.clone(),
        fingerprint,
        payload,
    };
    let mut appends = Vec::with_capacity(1 + write.reserved.len());
    let events = write.events.iter().map(|event| {
        let effective_at = event.effective_at().unwrap_or(write.recorded_at);
        envelope(event.wire_name(), scrip_ledger::VERSION, effective_at, encode(event))
    });
    appends.push(StreamAppend {
        stream: write.stream.clone(),
        expected: write.expected,
        events: events.collect(),
    });
    for reservation in &write.reserved {
        let event = envelope(reservation.event_type, 1, write.recorded_at, reservation.payload.clone());
        let Reservation { stream, expected, .. } = reservation;
        appends.push(StreamAppend { stream: stream.clone(), expected: *expected, events: vec![event] });
    }
    Group { appends }
}

/// A UUID of version 7: the time in milliseconds and 74 random bits (RFC 9562).
fn event_id(recorded_at: Timestamp, random: &mut StdRng) -> Uuid {
    let mut bits = [0u8; 10];
    random.fill_bytes(&mut bits);
    let millis = u64::try_from(recorded_at.micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid()
}

pub(crate) fn random() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}
