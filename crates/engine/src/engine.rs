//! The engine from outside: start it, hand it requests, stop it.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use scrip_ledger::book::Book;
use scrip_ledger::event::SecretHash;
use scrip_ledger::{AccountId, BookId, IdError, Timestamp, Token};
use scrip_store::{EventStore, StoreError};
use tokio::sync::{Semaphore, oneshot};

use crate::accounts::Accounts;
use crate::books::{Books, BooksError};
use crate::clock::Clock;
use crate::committer::{self, Committer};
use crate::decider::{Ask, Decider, Job, Message};
use crate::history::History;
use crate::inbox::Inbox;
use crate::index::{Index, IndexError};
use crate::looks::Looks;
use crate::metadata::{CallMetadata, KeptCall, MetadataError, Start};
use crate::processes::{self, Processes, Steps};
use crate::publish::{BookAccepted, BookRequest, Publisher};
use crate::reply::{FirstAnswer, Many, Outcome, Reply};
use crate::request::{Accepted, BookScope, EngineError, Request, View};
use crate::secrets::{KeyOwner, Secrets};
use crate::shared::SharedStreams;
use crate::stats::Stats;

/// Rounds of the decider that the committer may have waiting.
const COMMITTER_QUEUE: usize = 64;
/// First answers that are read from the store at once.
const MAX_FIRST_ANSWERS: usize = 16;
/// How long the answer to a command waits for the process that it started. The process goes on behind.
const PROCESS_WAIT: Duration = Duration::from_secs(10);
/// How long a sweep waits for all processes.
const PROCESSES_WAIT: Duration = Duration::from_secs(60);
/// Stops that a manual clock makes on its way at the most; then it goes on in one step.
const MAX_STOPS: usize = 20_000;

/// How an engine runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of the index; without one, idempotency keys are kept in memory and the whole log is read at start.
    pub index: Option<PathBuf>,
    /// The file of what providers said of calls, where a book keeps that for a time only; without one, it is kept in
    /// memory.
    pub call_metadata: Option<PathBuf>,
    /// Accounts that stay in memory.
    pub resident_accounts: usize,
    /// Commands that may wait or be decided at once; more are turned away as `overloaded`.
    pub max_in_flight: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { index: None, call_metadata: None, resident_accounts: 200_000, max_in_flight: 65_536 }
    }
}

/// Why an engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The metadata of calls.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stream of a book.
    #[error(transparent)]
    Books(#[from] BooksError),
    /// A thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// Never: the name of the engine's own subject.
    #[error(transparent)]
    Subject(#[from] IdError),
}

/// A running engine. Clones are handles to the same one.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

struct Shared {
    inbox: Arc<Inbox>,
    processes: Arc<Processes>,
    store: Arc<dyn EventStore>,
    books: Arc<Books>,
    clock: Clock,
    secrets: Arc<Secrets>,
    calls: Arc<CallMetadata>,
    stats: Arc<Stats>,
    healthy: Arc<AtomicBool>,
    looks: Arc<Looks>,
    next_due: Arc<AtomicI64>,
    max_in_flight: u64,
    first_answers: Semaphore,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Engine {
    /// Starts an engine on a store. It is the only writer of accounts' streams in this process.
    pub fn start(
        store: Arc<dyn EventStore>,
        books: Vec<Book>,
        clock: Clock,
        options: Options,
    ) -> Result<Self, StartError> {
        let retention_days = books
            .iter()
            .flat_map(Book::policies)
            .map(|policy| policy.terms.idempotency.call_key_days)
            .max()
            .unwrap_or(7);
        let books: Vec<Arc<Book>> = books.into_iter().map(Arc::new).collect();
        let recovered = Index::open(options.index.as_deref(), &store, &books, retention_days)?;
        let next_position = store.head()?.next_position;
        let last = next_position.checked_sub(1).map_or(Ok(Vec::new()), |last| store.read_all(last, 1))?;
        let last = last.first().map_or(0, |last| last.event.recorded_at);
        let stats = Arc::new(Stats::default());
        let secrets = Arc::new(recovered.secrets);
        let calls = Arc::new(CallMetadata::start(Start {
            file: options.call_metadata,
            store: Arc::clone(&store),
            clock: clock.clone(),
            stats: Arc::clone(&stats),
        })?);
        let healthy = Arc::new(AtomicBool::new(true));
        let durable_item = Arc::new(AtomicU64::new(0));

        let books = Arc::new(Books::new(books));
        let inbox = Arc::new(Inbox::default());
        let processes = Arc::new(Processes::new());
        let system = Token::new("system")?;
        let looks = Looks::new(
            Arc::clone(&store),
            Arc::clone(&books),
            Arc::clone(&inbox),
            Timestamp::from_micros(last),
        );
        let looks = Arc::new(looks);
        let next_due = Arc::new(AtomicI64::new(i64::MAX));
        let (to_committer, committer_inbox) = crossbeam_channel::bounded(COMMITTER_QUEUE);
        let index_writer = recovered.index.start(Arc::clone(&store), Arc::clone(&stats))?;

        let committer = Arc::new(Mutex::new(Committer {
            store: Arc::clone(&store),
            index: index_writer.sender,
            entries: Vec::new(),
            told_index: std::time::Instant::now(),
            secrets: Arc::clone(&secrets),
            calls: Arc::clone(&calls),
            durable_item: Arc::clone(&durable_item),
            healthy: Arc::clone(&healthy),
            stats: Arc::clone(&stats),
            next_position,
            concluded: next_position,
            failed: HashSet::new(),
            random: committer::random(),
        }));
        let decider = Decider {
            accounts: Accounts::new(
                Arc::clone(&store),
                Arc::clone(&recovered.index),
                options.resident_accounts.max(1),
                recovered.due,
            ),
            books: Arc::clone(&books),
            clock: clock.clone(),
            store: Arc::clone(&store),
            publisher: Publisher::new(Arc::clone(&store), Arc::clone(&books), Arc::clone(&recovered.index))?,
            shared: SharedStreams::new(Arc::clone(&store), Arc::clone(&durable_item)),
            index: recovered.index,
            keys: recovered.keys,
            inbox: Arc::clone(&inbox),
            processes: Arc::clone(&processes),
            committer: Arc::clone(&committer),
            to_committer,
            decided: Vec::new(),
            durable_item,
            stats: Arc::clone(&stats),
            system: system.clone(),
            next_item: 0,
            next_due: Arc::clone(&next_due),
        };
        let steps = Steps {
            inbox: Arc::clone(&inbox),
            store: Arc::clone(&store),
            stats: Arc::clone(&stats),
            system,
            processes: Arc::clone(&processes),
        };
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let mut threads = vec![
            thread("scrip-decider").spawn(move || decider.run())?,
            thread("scrip-committer").spawn({
                let decider = Arc::clone(&inbox);
                move || committer::run(&committer, &committer_inbox, &decider)
            })?,
            index_writer.thread,
            thread("scrip-processes").spawn(move || steps.run())?,
        ];
        if !clock.is_manual() {
            let (looks, clock) = (Arc::clone(&looks), clock.clone());
            threads.push(thread("scrip-looks").spawn(move || looks.run(|| clock.now()))?);
        }
        Ok(Self(Arc::new(Shared {
            inbox,
            processes,
            store,
            books,
            clock,
            secrets,
            calls,
            stats,
            healthy,
            looks,
            next_due,
            max_in_flight: options.max_in_flight,
            first_answers: Semaphore::new(MAX_FIRST_ANSWERS),
            threads: Mutex::new(threads),
        })))
    }

    /// Carries out a command. The answer is durable. What a command starts that takes more steps is done when it is
    /// answered, or goes on behind if that takes long; the answer says only what the first step did.
    pub async fn submit(&self, request: Request) -> Result<Accepted, EngineError> {
        self.0.calls.keep_pace().await;
        self.admit(1)?;
        let (sender, answer) = oneshot::channel();
        let job = Job {
            ask: Ask::Command(Box::new(request)),
            reply: Reply::Command(sender),
            attempts: 0,
            held_back: false,
        };
        self.send(Message::One(job), 1)?;
        self.resolve(answer.await.unwrap_or(Outcome::Decided(Err(EngineError::Unavailable)))).await
    }

    /// Carries out commands, those of one account in the order given. They stand or fall one by one.
    pub async fn submit_batch(&self, requests: Vec<Request>) -> Vec<Result<Accepted, EngineError>> {
        let count = requests.len();
        let nothing = |error: EngineError| (0..count).map(|_| Err(error.clone())).collect();
        if count == 0 {
            return Vec::new();
        }
        self.0.calls.keep_pace().await;
        if let Err(error) = self.admit(count as u64) {
            return nothing(error);
        }
        let (many, done) = Many::new(count);
        let job = |(at, request)| Job {
            ask: Ask::Command(Box::new(request)),
            reply: Reply::OneOf(Arc::clone(&many), at),
            attempts: 0,
            held_back: false,
        };
        let jobs = requests.into_iter().enumerate().map(job).collect();
        if let Err(error) = self.send(Message::Many(jobs), count as u64) {
            return nothing(error);
        }
        let _stopped = done.await;
        let mut answers = Vec::with_capacity(count);
        for outcome in many.take() {
            answers
                .push(self.resolve(outcome.unwrap_or(Outcome::Decided(Err(EngineError::Unavailable)))).await);
        }
        answers
    }

    /// An account as it stands now, strongly consistent and durable.
    pub async fn view(&self, account: &AccountId, books: &BookScope) -> Result<View, EngineError> {
        self.admit(1)?;
        let (sender, answer) = oneshot::channel();
        let ask = Ask::View { account: account.clone(), books: books.clone() };
        self.send(Message::One(Job { ask, reply: Reply::View(sender), attempts: 0, held_back: false }), 1)?;
        answer.await.unwrap_or(Err(EngineError::Unavailable))
    }

    /// Changes a book. The answer is durable, and in force from its time on.
    pub async fn publish(&self, request: BookRequest) -> Result<BookAccepted, EngineError> {
        let (sender, answer) = oneshot::channel();
        self.send(Message::Publish(Box::new(request), sender), 0)?;
        answer.await.unwrap_or(Err(EngineError::Unavailable))
    }

    /// Moves a manual clock to a time as if it had passed: what falls due on the way is recorded at its own time. Answers
    /// the number of events in the log when that is durable; nothing if the clock cannot be moved there.
    pub async fn advance(&self, to: Timestamp) -> Result<Option<u64>, EngineError> {
        let clock = &self.0.clock;
        if !clock.is_manual() || to < clock.now() {
            return Ok(None);
        }
        for _ in 0..MAX_STOPS {
            self.sweep().await?;
            let due = Timestamp::from_micros(self.0.next_due.load(Ordering::Acquire));
            let next =
                self.0.looks.next().filter(|next| *next > clock.now()).map_or(due, |next| next.min(due));
            if next >= to || !clock.set(next) {
                break;
            }
        }
        if clock.set(to) { self.sweep().await.map(Some) } else { Ok(None) }
    }

    /// Records everything that is due now, and purges what is kept for a time only; answers the number of events in the
    /// log when that is durable and no process is under way any more.
    pub async fn sweep(&self) -> Result<u64, EngineError> {
        let now = self.0.clock.now();
        if self.0.looks.next().is_some_and(|next| next <= now) {
            let looks = Arc::clone(&self.0.looks);
            let looked = tokio::task::spawn_blocking(move || looks.look(now)).await;
            if !matches!(looked, Ok(Ok(()))) {
                tracing::error!("the accounts of a book cannot be looked at");
                return Err(EngineError::Unavailable);
            }
        }
        let mut position = self.sweep_once().await?;
        if self.0.processes.wait_for_all(PROCESSES_WAIT).await {
            position = self.sweep_once().await?;
        }
        self.0.calls.purge().await?;
        Ok(position)
    }

    async fn sweep_once(&self) -> Result<u64, EngineError> {
        let (sender, answer) = oneshot::channel();
        self.send(Message::Sweep(sender), 0)?;
        answer.await.unwrap_or(Err(EngineError::Unavailable))
    }

    /// What is still kept of an account's calls, apart from the log, between two revisions: what providers said of
    /// calls that were charged before this was asked.
    pub async fn kept_calls(
        &self,
        account: &AccountId,
        revisions: RangeInclusive<u64>,
    ) -> Result<Vec<KeptCall>, EngineError> {
        self.0.calls.kept(account, revisions.into_inner()).await
    }

    /// The account and key that a secret belongs to, revoked ones included.
    pub fn key_owner(&self, secret: &SecretHash) -> Option<KeyOwner> {
        self.0.secrets.get(secret)
    }

    /// Every book, as it stands now.
    pub fn books(&self) -> Vec<Arc<Book>> {
        self.0.books.all()
    }

    /// A book, as it stands now.
    pub fn book(&self, id: &BookId) -> Option<Arc<Book>> {
        self.0.books.get(id)
    }

    /// The past. Its calls block.
    pub fn history(&self) -> History {
        History::new(Arc::clone(&self.0.store))
    }

    /// The store. Its calls block.
    pub fn store(&self) -> &Arc<dyn EventStore> {
        &self.0.store
    }

    /// The time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What it counts.
    pub fn stats(&self) -> &Stats {
        &self.0.stats
    }

    /// Whether it writes: not any more once the store has failed.
    pub fn is_healthy(&self) -> bool {
        self.0.healthy.load(Ordering::Acquire)
    }

    /// Carries out what it was handed, keeps snapshots, and ends its threads. What comes later is unavailable.
    pub async fn shutdown(&self) {
        let shared = Arc::clone(&self.0);
        let stopped = tokio::task::spawn_blocking(move || {
            // A process ends between two steps, and goes on after the next start.
            shared.processes.stop();
            shared.looks.stop();
            let _stopped_already = shared.inbox.push(Message::Stop);
            let threads = std::mem::take(&mut *shared.threads.lock().unwrap_or_else(PoisonError::into_inner));
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a thread of the engine panicked");
                }
            }
            // Nothing is handed over to it any more.
            shared.calls.stop();
        });
        if stopped.await.is_err() {
            tracing::error!("the engine could not be stopped");
        }
    }

    fn admit(&self, count: u64) -> Result<(), EngineError> {
        let in_flight = &self.0.stats.in_flight;
        if in_flight.fetch_add(count, Ordering::AcqRel).saturating_add(count) > self.0.max_in_flight {
            in_flight.fetch_sub(count, Ordering::AcqRel);
            Stats::add(&self.0.stats.overloaded, count);
            return Err(EngineError::Overloaded);
        }
        Ok(())
    }

    fn send(&self, message: Message, count: u64) -> Result<(), EngineError> {
        self.0.inbox.push(message).map_err(|_stopped| {
            self.0.stats.in_flight.fetch_sub(count, Ordering::AcqRel);
            EngineError::Unavailable
        })
    }

    async fn resolve(&self, outcome: Outcome) -> Result<Accepted, EngineError> {
        let accepted = match outcome {
            Outcome::Decided(result) => result?,
            Outcome::Repeated(first) => self.first_answer(first).await?,
        };
        if accepted.events.iter().any(processes::starts) {
            self.0.processes.wait_for(&accepted.account, PROCESS_WAIT).await;
        }
        Ok(accepted)
    }

    async fn first_answer(&self, first: FirstAnswer) -> Result<Accepted, EngineError> {
        let _permit = self.0.first_answers.acquire().await.map_err(|_| EngineError::Unavailable)?;
        let history = self.history();
        let read = tokio::task::spawn_blocking(move || history.first_answer(&first)).await;
        match read {
            Ok(Ok(Some(accepted))) => Ok(accepted),
            Ok(Ok(None)) | Err(_) => Err(EngineError::Unavailable),
            Ok(Err(error)) => {
                tracing::error!(%error, "cannot read a first answer");
                Err(EngineError::Unavailable)
            }
        }
    }
}
