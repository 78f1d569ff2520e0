//! The decider: one thread that holds the accounts, decides, and evolves them at once in memory.
//!
//! It waits for the disk only when nothing else waits for it. What it decided goes to the committer in order, refusals and reads included.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;
use scrip_ledger::{AccountId, Command, Refusal, Timestamp, Token, decide};
use scrip_store::{EventStore, Expected};
use tokio::sync::oneshot;

use crate::accounts::{Accounts, Schedule, Slot, Snapshot};
use crate::books::Books;
use crate::claims;
use crate::clock::Clock;
use crate::committer::{Committer, Effect, Item, Write};
use crate::inbox::{Inbox, Waiting};
use crate::index::Index;
use crate::keys::{RecentKeys, Scope, Used};
use crate::metadata;
use crate::processes::Processes;
use crate::publish::{BookAccepted, BookRequest, Publisher};
use crate::recall::{Setback, recall, used_before};
use crate::reply::{FirstAnswer, Reply};
use crate::request::{BookScope, EngineError, Request, View};
use crate::reservations::reserve;
use crate::shared::SharedStreams;
use crate::stats::Stats;

/// How often a command is decided again before its caller is told to come back later.
const MAX_ATTEMPTS: u8 = 8;
/// How long the decider sleeps at most before it looks at the clock: the system's may be set.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);
/// Items that are handed over at once at the most, so that the committer need not wait for a long round.
const HAND_OVER: usize = 1024;
/// Items and events that the decider writes by itself at the most: more are worth deciding others meanwhile.
const ALONE: usize = 64;
/// How long after a failed sweep an account is tried again.
const SWEEP_RETRY_SECONDS: u64 = 5;

/// What is asked of the engine.
#[derive(Debug)]
pub(crate) enum Ask {
    Command(Box<Request>),
    View { account: AccountId, books: BookScope },
}

impl Ask {
    pub(crate) fn account(&self) -> &AccountId {
        match self {
            Self::Command(request) => &request.account,
            Self::View { account, .. } => account,
        }
    }
}

/// Something asked, who waits for it, and how often it was decided.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) ask: Ask,
    pub(crate) reply: Reply,
    pub(crate) attempts: u8,
    /// It waits for something to be durable, and later jobs of its account wait behind it.
    pub(crate) held_back: bool,
}

/// What reaches the decider.
pub(crate) enum Message {
    One(Job),
    Many(Vec<Job>),
    /// Record what is due now, and answer when it is durable.
    Sweep(oneshot::Sender<Result<u64, EngineError>>),
    /// Change a book.
    Publish(Box<BookRequest>, oneshot::Sender<Result<BookAccepted, EngineError>>),
    /// Look at these accounts: something of them may be due.
    Look(Vec<AccountId>),
    /// Keep snapshots and end.
    Stop,
}

/// What the committer sends back: stays in memory that are not what the store holds, and what was decided on them.
pub(crate) struct Redo {
    pub(crate) failed: Vec<(AccountId, u64)>,
    pub(crate) keys: Vec<(Scope, FirstAnswer)>,
    pub(crate) jobs: Vec<Job>,
}

pub(crate) struct Decider {
    pub(crate) accounts: Accounts,
    pub(crate) books: Arc<Books>,
    pub(crate) clock: Clock,
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) shared: SharedStreams,
    pub(crate) publisher: Publisher,
    pub(crate) index: Arc<Index>,
    pub(crate) keys: RecentKeys,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) processes: Arc<Processes>,
    pub(crate) committer: Arc<Mutex<Committer>>,
    pub(crate) to_committer: Sender<Vec<Item>>,
    /// What was decided since something was handed to the committer.
    pub(crate) decided: Vec<Item>,
    pub(crate) durable_item: Arc<AtomicU64>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) system: Token,
    pub(crate) next_item: u64,
    /// When something is next due, as of the last sweep that was asked for; the end of time for never.
    pub(crate) next_due: Arc<AtomicI64>,
}

impl Decider {
    pub(crate) fn run(mut self) {
        let mut waiting = Waiting::default();
        // What a crash left behind goes on before anything new is taken, on a manual clock too.
        self.sweep();
        self.hand_over();
        while self.round(&mut waiting).is_continue() {}
        for snapshot in self.accounts.all_snapshots() {
            self.keep(snapshot);
        }
        self.hand_over();
        // The committer ends when its channel does, after it has written all that is in it.
        self.inbox.close();
    }

    /// Decides what waits, then hands it over.
    fn round(&mut self, waiting: &mut Waiting) -> ControlFlow<()> {
        self.inbox.take(waiting, self.sleep());
        for redo in waiting.redo.drain(..) {
            self.decide_again(redo);
        }
        for message in waiting.messages.drain(..) {
            match message {
                Message::One(job) => self.take(job, false),
                Message::Many(jobs) => jobs.into_iter().for_each(|job| self.take(job, false)),
                Message::Sweep(reply) => {
                    self.sweep();
                    let next = self.accounts.next_due_after(self.clock.now());
                    self.next_due.store(next.map_or(i64::MAX, Timestamp::micros), Ordering::Release);
                    self.send(0, None, Effect::Barrier(reply));
                }
                Message::Publish(request, reply) => {
                    let _gone = reply.send(self.publish(&request));
                }
                Message::Look(accounts) => {
                    let now = self.clock.now();
                    accounts.into_iter().for_each(|account| self.accounts.postpone(account, now));
                }
                Message::Stop => return ControlFlow::Break(()),
            }
        }
        if !self.clock.is_manual() && self.accounts.next_due().is_some_and(|due| due <= self.clock.now()) {
            self.sweep();
        }
        self.shared.prune();
        for snapshot in self.accounts.evict(self.durable_item.load(Ordering::Acquire)) {
            self.keep(snapshot);
        }
        self.stats.resident_accounts.store(self.accounts.len() as u64, Ordering::Relaxed);
        self.hand_over();
        ControlFlow::Continue(())
    }

    /// Changes a book, once everything that was decided before is durable.
    fn publish(&mut self, request: &BookRequest) -> Result<BookAccepted, EngineError> {
        let (sender, before) = oneshot::channel();
        self.send(0, None, Effect::Barrier(sender));
        self.hand_over();
        before.blocking_recv().unwrap_or(Err(EngineError::Unavailable))?;
        self.publisher.publish(request, self.clock.now(), &self.committer)
    }

    /// Has what was decided written: by the committer's thread while this one decides what else waits, or here if
    /// nothing does. Waking another thread takes as long as a good part of a sync.
    fn hand_over(&mut self) {
        while !self.decided.is_empty() {
            let decided = std::mem::take(&mut self.decided);
            if !self.inbox.begin(decided.iter().map(Item::size).sum::<usize>() <= ALONE) {
                return self.send_over(decided);
            }
            let redo = self.committer.lock().unwrap_or_else(PoisonError::into_inner).commit(decided);
            if let Some(redo) = redo {
                self.decide_again(redo);
            }
        }
    }

    fn send_over(&mut self, decided: Vec<Item>) {
        if let Err(unsent) = self.to_committer.send(decided) {
            for job in unsent.0.into_iter().filter_map(|item| item.job) {
                self.finished(&job);
                job.reply.decided(Err(EngineError::Unavailable));
            }
        }
    }

    fn sleep(&self) -> Duration {
        if self.clock.is_manual() {
            return LONGEST_SLEEP;
        }
        let until = self
            .accounts
            .next_due()
            .map_or(i64::MAX, |due| due.micros().saturating_sub(self.clock.now().micros()));
        Duration::from_micros(u64::try_from(until).unwrap_or(0)).min(LONGEST_SLEEP)
    }

    /// Records what is due by now, account by account.
    fn sweep(&mut self) {
        let now = self.clock.now();
        while let Some(account) = self.accounts.take_due(now) {
            self.sweep_account(account);
        }
    }

    /// Records what is due of an account.
    fn sweep_account(&mut self, account: AccountId) {
        let request = Request {
            account,
            command: Command::Sweep,
            subject: self.system.clone(),
            books: BookScope::All,
            key: None,
            correlation: "".into(),
        };
        let ask = Ask::Command(Box::new(request));
        // An expiry takes effect at the end it names: it waits for nothing.
        self.take(Job { ask, reply: Reply::Nobody, attempts: 0, held_back: false }, true);
    }

    /// Records what the terms have in store for an account by now, before it is looked at. What has merely expired need
    /// not be recorded to be seen.
    fn record_appointments(&mut self, id: &AccountId) {
        let now = self.clock.now();
        let Ok((slot, _)) = load(&mut self.accounts, &self.stats, id) else { return };
        let book = slot.account.book().and_then(|book| self.books.get(book));
        if book.is_some_and(|book| slot.account.has_appointment(&book, now)) {
            self.sweep_account(id.clone());
        }
    }

    fn decide_again(&mut self, redo: Redo) {
        for (account, generation) in &redo.failed {
            let later = self.clock.now().plus_seconds(SWEEP_RETRY_SECONDS);
            self.accounts.drop_generation(account, *generation, later);
        }
        if !redo.failed.is_empty() {
            self.shared.forget();
        }
        for (scope, answer) in &redo.keys {
            self.keys.remove(scope, answer);
        }
        let generations = redo.failed.into_iter().map(|(_, generation)| generation).collect();
        self.send(0, None, Effect::Forget(generations));
        for mut job in redo.jobs {
            Stats::add(&self.stats.conflicts, 1);
            job.attempts += 1;
            if job.attempts > MAX_ATTEMPTS {
                self.let_go(&mut job);
                self.finished(&job);
                job.reply.decided(Err(EngineError::Overloaded));
            } else {
                let oldest = self.let_go(&mut job);
                self.take(job, oldest);
            }
        }
    }

    /// Ends a job's wait, if it was held back. It is then the oldest of its account that was: it goes first.
    fn let_go(&mut self, job: &mut Job) -> bool {
        let held_back = std::mem::take(&mut job.held_back);
        if held_back && let Ok((slot, _)) = load(&mut self.accounts, &self.stats, job.ask.account()) {
            slot.held_back = slot.held_back.saturating_sub(1);
        }
        held_back
    }

    /// Decides a job; behind the jobs of its account that are held back, unless it goes before them.
    fn take(&mut self, mut job: Job, goes_first: bool) {
        // The stay in memory that the answer is decided on, a refusal's too.
        let mut generation = 0;
        let decided = match &mut job.ask {
            Ask::Command(request) => self.command(request, goes_first, &mut generation),
            Ask::View { account, books } => {
                let (account, books) = (account.clone(), books.clone());
                self.record_appointments(&account);
                self.view(&account, &books, &mut generation)
            }
        };
        let effect = match decided {
            Ok(effect) => effect,
            Err(Setback::NotDurable) => {
                job.held_back = true;
                if let Ok((slot, _)) = load(&mut self.accounts, &self.stats, job.ask.account()) {
                    slot.held_back += 1;
                }
                Effect::Bounce
            }
            Err(Setback::Failed(error)) => {
                if let (EngineError::Unavailable, Ask::Command(request)) = (&error, &job.ask)
                    && request.command == Command::Sweep
                {
                    let later = self.clock.now().plus_seconds(SWEEP_RETRY_SECONDS);
                    self.accounts.postpone(request.account.clone(), later);
                }
                Effect::Refused(error)
            }
        };
        self.send(generation, Some(job), effect);
        if self.decided.len() >= HAND_OVER {
            self.hand_over();
        }
    }

    fn view(&mut self, id: &AccountId, books: &BookScope, generation: &mut u64) -> Result<Effect, Setback> {
        let now = self.clock.now();
        let (slot, _) = load(&mut self.accounts, &self.stats, id)?;
        *generation = slot.generation;
        let book = slot.account.book().ok_or(Refusal::AccountNotFound)?;
        if !books.allows(book) {
            return Err(Setback::Failed(EngineError::ForbiddenBook(book.clone())));
        }
        let now = now.max(slot.account.last_recorded_at());
        let account = slot.account.as_of(now).into_owned();
        Ok(Effect::View(Box::new(View { account, as_of_position: 0, now })))
    }

    fn command(
        &mut self,
        request: &mut Request,
        goes_first: bool,
        generation: &mut u64,
    ) -> Result<Effect, Setback> {
        let now = self.clock.now();
        if let Command::Migrate(migrate) = &mut request.command {
            let (target, _) = load(&mut self.accounts, &self.stats, &migrate.to)?;
            migrate.target = Some(target.as_target());
        }
        let (slot, schedule) = load(&mut self.accounts, &self.stats, &request.account)?;
        *generation = slot.generation;
        if slot.held_back > 0 && !goes_first {
            return Err(Setback::NotDurable);
        }
        let book_id = match &request.command {
            Command::Open(open) => &open.book,
            _ => slot.account.book().ok_or(Refusal::AccountNotFound)?,
        };
        if !request.books.allows(book_id) {
            return Err(Setback::Failed(EngineError::ForbiddenBook(book_id.clone())));
        }
        let scope = request.key.as_ref().map(|key| Scope::new(&request.subject, book_id, key));
        if let (Some(scope), Some(key)) = (&scope, &request.key)
            && let Some(used) = used_before(&self.keys, &self.index, scope, key.class())?
        {
            return if used.fingerprint == key.fingerprint {
                Ok(Effect::Repeated(used.answer))
            } else {
                Err(Setback::Failed(EngineError::KeyReused))
            };
        }
        let book = self.books.get(book_id);
        let book = &*book.ok_or_else(|| Setback::Failed(EngineError::UnknownBook(book_id.clone())))?;

        let mut is_ahead = false;
        let (slot, schedule) = match &mut request.command {
            Command::Open(open) => {
                is_ahead = self.look_at_owner(open)?;
                load(&mut self.accounts, &self.stats, &request.account)?
            }
            _ => (slot, schedule),
        };
        recall(self.store.as_ref(), slot, &mut request.command)?;
        let at = now.max(slot.account.last_recorded_at());
        is_ahead |= claims::recall(&self.shared, book, &slot.account, &mut request.command, at)?;
        let mut events = decide(&slot.account, book, &request.command, now)
            .map_err(|refusal| if is_ahead { Setback::NotDurable } else { Setback::from(refusal) })?;
        let first_revision = slot.account.next_revision();
        let recorded_at = now.max(slot.account.last_recorded_at());
        let leads_to = (first_revision, events.as_slice());
        let reserved = reserve(&self.shared, book, &slot.account, &request.command, leads_to, recorded_at)?;
        if events.is_empty() {
            slot.reschedule(book, schedule, now);
            if slot.account.waits_for_process() {
                self.processes.wake(&request.account);
            }
            return Ok(Effect::Nothing);
        }

        let metadata = metadata::set_apart(book, &request.account, &mut events, first_revision, recorded_at);
        let expected = first_revision.checked_sub(1).map_or(Expected::NoStream, Expected::Revision);
        for event in &events {
            slot.account.evolve(event, recorded_at);
        }
        if slot.account.waits_for_process() {
            // It looks at the account only once this is durable.
            self.processes.wake(&request.account);
        }
        let item = self.next_item + 1;
        slot.last_item = item;
        self.shared.take(item, &reserved);
        let used = scope.zip(request.key.as_ref()).map(|(scope, key)| {
            let events = u16::try_from(events.len()).unwrap_or(u16::MAX);
            let answer = FirstAnswer { account: request.account.clone(), first_revision, events };
            (scope, Used { fingerprint: key.fingerprint, class: key.class(), recorded_at, answer })
        });
        if let Some((scope, used)) = &used {
            self.keys.insert(*scope, used.clone(), item, self.index.indexed_item());
        }
        Ok(Effect::Write(Box::new(Write {
            book: book.id.clone(),
            stream: slot.stream.clone(),
            expected,
            first_revision,
            events,
            recorded_at,
            reserved,
            used,
            due: slot.reschedule(book, schedule, now),
            snapshot: slot.snapshot_if_worth(),
            metadata: metadata.map(Box::new),
        })))
    }

    fn keep(&mut self, snapshot: Snapshot) {
        self.send(snapshot.generation, None, Effect::Snapshot(snapshot));
    }

    fn send(&mut self, generation: u64, job: Option<Job>, effect: Effect) {
        self.next_item += 1;
        self.decided.push(Item { number: self.next_item, generation, job, effect, appended: false });
    }

    /// A caller's job is not in flight any more; the engine's own never was.
    fn finished(&self, job: &Job) {
        if !matches!(job.reply, Reply::Nobody) {
            self.stats.in_flight.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

pub(crate) fn load<'a>(
    accounts: &'a mut Accounts,
    stats: &Stats,
    id: &AccountId,
) -> Result<(&'a mut Slot, &'a mut Schedule), Setback> {
    match accounts.get(id) {
        Ok((slot, schedule, cold)) => {
            Stats::add(&stats.cold_loads, u64::from(cold));
            Ok((slot, schedule))
        }
        Err(error) => {
            tracing::error!(account = %id, %error, "cannot fold the account");
            Err(Setback::Failed(EngineError::Unavailable))
        }
    }
}
