//! The read side as others see it: started, asked, waited for, rebuilt, stopped.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use scrip_ledger::Timestamp;
use scrip_store::{EventStore, StoreError};
use sqlx::{AnyPool, Transaction};
use tokio::sync::watch;

use crate::database::{self, Generation, Source};
use crate::decisions::{self, Decided, Decision, SkipError};
use crate::error::{OpenError, ReadError};
use crate::follow;
use crate::follower::Follower;
use crate::models;

/// What is computed from the log, to be asked.
///
/// Cheap to clone. When the last one is dropped, its threads end.
#[derive(Clone)]
pub struct ReadSide(Arc<Handle>);

/// Ends the threads when nobody asks any more.
struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.stopping.store(true, Ordering::Release);
        self.0.wake.1.notify_all();
    }
}

/// What the thread and the queries share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) current: RwLock<Current>,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) stopping: AtomicBool,
    /// A decision was recorded that the thread has not seen.
    pub(crate) decided: AtomicBool,
    /// Who waits for a position: the thread does not wait for more events then.
    pub(crate) waiting: AtomicUsize,
    pub(crate) wake: (Mutex<()>, Condvar),
    /// Held while a batch is taken in: who builds a new generation holds it to compare.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// A generation that takes the place of the one in use.
    pub(crate) replacement: Mutex<Option<Generation>>,
    /// Events that one transaction takes in at the most.
    pub(crate) batch: usize,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// How the log is followed.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Events that one transaction takes in at the most: at least one.
    pub batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { batch: 65_536 }
    }
}

/// The generation that is asked.
pub(crate) struct Current {
    pub(crate) generation: Generation,
    pub(crate) pool: AnyPool,
}

/// How the read side stands.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// Which generation of the read models is in use.
    pub generation: u64,
    /// The number of events that all models which have not stopped have taken into account.
    pub position: u64,
    /// When the last of them was recorded.
    pub recorded_at: Option<Timestamp>,
    /// It has caught up with the log at least once: before, it is not asked.
    pub complete: bool,
    /// Its models.
    pub models: Vec<ModelStatus>,
    /// What keeps it from going on, if anything does: it is tried again.
    pub trouble: Option<String>,
    /// A generation that is being built, and how many events it has taken in.
    pub building: Option<(u64, u64)>,
    /// How the last generation that took the place of another compared with it.
    pub compared: Option<Comparison>,
}

/// How a model stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelStatus {
    /// Its name.
    pub name: &'static str,
    /// The number of events that it has taken into account.
    pub position: u64,
    /// Why it takes no more: the event at `position`.
    pub fault: Option<String>,
}

/// How a new generation compared with the one whose place it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The new generation.
    pub generation: u64,
    /// The number of events that both had taken in.
    pub position: u64,
    /// Rows that were compared.
    pub rows: u64,
    /// How many of them differ.
    pub differences: u64,
    /// The first of those, in words.
    pub examples: Vec<String>,
}

impl Comparison {
    /// Nothing is compared yet.
    pub(crate) const fn at(generation: u64, position: u64) -> Self {
        Self { generation, position, rows: 0, differences: 0, examples: Vec::new() }
    }

    /// Counts something that was compared, and tells how it differs if it does.
    pub(crate) fn count(&mut self, difference: Option<String>) {
        self.rows = self.rows.saturating_add(1);
        if let Some(difference) = difference {
            self.differences = self.differences.saturating_add(1);
            if self.examples.len() < EXAMPLES {
                self.examples.push(difference);
            }
        }
    }
}

/// Differences that are told in words.
const EXAMPLES: usize = 20;

/// What is read in one go: everything in it is of one position.
pub struct Snapshot {
    pub(crate) transaction: Transaction<'static, sqlx::Any>,
    models: Vec<(String, database::Checkpoint)>,
}

/// Answers that are waited for at the most so long.
const STOP_WITHIN: Duration = Duration::from_secs(30);

impl ReadSide {
    /// Opens what is there, or begins anew, and follows the log from then on.
    ///
    /// What cannot be trusted (damaged, of another log, of another shape) is built anew. Errors: a place that holds something
    /// else, the database's own, the log's.
    pub async fn start(store: Arc<dyn EventStore>, source: Source) -> Result<Self, OpenError> {
        Self::start_with(store, source, Options::default()).await
    }

    /// The same, by other options.
    pub async fn start_with(
        store: Arc<dyn EventStore>,
        source: Source,
        options: Options,
    ) -> Result<Self, OpenError> {
        let (generation, connection, complete) = follow::open(&store, &source).await?;
        drop(connection);
        let pool = generation.readers()?;
        let status = Status { generation: generation.number, complete, ..Status::default() };
        let shared = Arc::new(Shared {
            store,
            current: RwLock::new(Current { generation: generation.clone(), pool }),
            status: watch::Sender::new(status),
            stopping: AtomicBool::new(false),
            decided: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            wake: (Mutex::new(()), Condvar::new()),
            turn: tokio::sync::Mutex::new(()),
            replacement: Mutex::new(None),
            batch: options.batch.max(1),
            threads: Mutex::new(Vec::new()),
        });
        let side = Self(Arc::new(Handle(shared)));
        side.spawn("scrip-read-side", move |shared| follow::run(&shared, generation))?;
        Ok(side)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }

    pub(crate) fn spawn(
        &self,
        name: &str,
        run: impl FnOnce(Arc<Shared>) + Send + 'static,
    ) -> Result<(), OpenError> {
        let shared = Arc::clone(self.shared());
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || run(shared));
        let mut threads = self.shared().threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.push(thread.map_err(OpenError::Thread)?);
        Ok(())
    }

    /// How it stands.
    pub fn status(&self) -> Status {
        self.shared().status.borrow().clone()
    }

    /// The log that it follows.
    pub fn store(&self) -> &Arc<dyn EventStore> {
        &self.shared().store
    }

    /// Events of the log that it has not taken into account yet.
    pub fn lag(&self) -> Result<u64, StoreError> {
        Ok(self.shared().store.head()?.next_position.saturating_sub(self.shared().status.borrow().position))
    }

    /// Waits, bounded, until it has taken the event at a position into account. Answers whether it has.
    pub async fn wait_for(&self, position: u64, timeout: Duration) -> bool {
        let mut status = self.shared().status.subscribe();
        // Before it has caught up for the first time it is not asked.
        let has_taken = |status: &Status| status.complete && status.position > position;
        if has_taken(&status.borrow()) {
            return true;
        }
        self.shared().waiting.fetch_add(1, Ordering::AcqRel);
        self.shared().wake.1.notify_all();
        let reached = tokio::time::timeout(timeout, status.wait_for(has_taken)).await;
        self.shared().waiting.fetch_sub(1, Ordering::AcqRel);
        matches!(reached, Ok(Ok(_)))
    }

    /// A view of everything at one position.
    pub async fn snapshot(&self) -> Result<Snapshot, ReadError> {
        if !self.shared().status.borrow().complete {
            return Err(ReadError::CatchingUp);
        }
        let (pool, begin) = {
            let current = self.shared().current.read().unwrap_or_else(PoisonError::into_inner);
            let begin = match current.generation.source {
                Source::Folder(_) => "BEGIN",
                Source::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            };
            (current.pool.clone(), begin)
        };
        let mut transaction = pool.begin_with(begin).await?;
        let models = database::checkpoints(&mut transaction).await?;
        let models = models.into_iter().map(|(name, checkpoint, _)| (name, checkpoint)).collect();
        Ok(Snapshot { transaction, models })
    }

    /// Records that a model leaves out the event that stopped it. Blocks on the store.
    ///
    /// Errors: the model has not stopped there; another decision was recorded in the same moment; the store's own.
    pub fn skip(&self, model: &str, decision: &Decision) -> Result<Decided, SkipError> {
        let of_model = |known: &&ModelStatus| known.name == model && known.fault.is_some();
        let stopped_at =
            self.shared().status.borrow().models.iter().find(of_model).map(|known| known.position);
        let decided = decisions::skip(self.shared().store.as_ref(), model, stopped_at, decision)?;
        self.shared().decided.store(true, Ordering::Release);
        self.shared().wake.1.notify_all();
        Ok(decided)
    }

    /// Builds a new generation beside the one in use; it takes its place once it has caught up and was compared. Answers
    /// whether it was begun: only one is built at a time.
    pub fn rebuild(&self) -> Result<bool, OpenError> {
        let mut begun = false;
        let generation = {
            let current = self.shared().current.read().unwrap_or_else(PoisonError::into_inner);
            current.generation.next()
        };
        self.shared().status.send_if_modified(|status| {
            begun = status.building.is_none();
            if begun {
                status.building = Some((generation.number, 0));
            }
            begun
        });
        if begun {
            let side = self.clone();
            self.spawn("scrip-rebuild", move |_| follow::rebuild(&side, generation))?;
        }
        Ok(begun)
    }

    /// Stops following the log. Blocks until its threads have ended.
    pub fn stop(&self) {
        self.shared().stopping.store(true, Ordering::Release);
        self.shared().wake.1.notify_all();
        let threads =
            std::mem::take(&mut *self.shared().threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the read side panicked");
            }
        }
    }

    /// Closes the connections of queries, then stops.
    pub async fn shutdown(&self) {
        let pool = self.shared().current.read().unwrap_or_else(PoisonError::into_inner).pool.clone();
        let _late = tokio::time::timeout(STOP_WITHIN, pool.close()).await;
        let side = self.clone();
        let _ended = tokio::task::spawn_blocking(move || side.stop()).await;
    }
}

impl Shared {
    /// Waits for more events, or less long if somebody waits for them.
    pub(crate) fn rest(&self, duration: Duration) {
        let idle = |_: &mut ()| {
            !self.stopping.load(Ordering::Acquire)
                && !self.decided.load(Ordering::Acquire)
                && self.waiting.load(Ordering::Acquire) == 0
        };
        let guard = self.wake.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.wake.1.wait_timeout_while(guard, duration, idle));
    }

    /// Waits, whoever waits for it: only a stop is heard of.
    pub(crate) fn pause(&self, duration: Duration) {
        let guard = self.wake.0.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = |_: &mut ()| !self.stopping.load(Ordering::Acquire);
        drop(self.wake.1.wait_timeout_while(guard, duration, idle));
    }

    /// Shows how a follower stands.
    pub(crate) fn publish(&self, follower: &Follower, recorded_at: Option<Timestamp>) {
        let models = follower.slots.iter().map(|slot| ModelStatus {
            name: slot.model.name(),
            position: slot.position,
            fault: slot.fault.clone(),
        });
        let models: Vec<_> = models.collect();
        self.status.send_modify(|status| {
            status.generation = follower.generation.number;
            status.position = follower.position();
            status.recorded_at = recorded_at.or(status.recorded_at);
            status.models = models;
            status.trouble = None;
        });
    }
}

impl Snapshot {
    /// The number of events that the models which have not stopped have taken into account.
    pub fn position(&self) -> u64 {
        let running = self.models.iter().filter(|(_, checkpoint)| checkpoint.fault.is_none());
        let positions = running.map(|(_, checkpoint)| checkpoint.position);
        positions
            .min()
            .or_else(|| self.models.iter().map(|(_, checkpoint)| checkpoint.position).min())
            .unwrap_or(0)
    }

    /// The number of events that these models have taken into account. Refuses what one that has stopped would answer.
    pub(crate) fn needs(&self, models: &[&str]) -> Result<u64, ReadError> {
        let of = self.models.iter().filter(|(name, _)| models.contains(&name.as_str()));
        if let Some((name, checkpoint)) = of.clone().find(|(_, checkpoint)| checkpoint.fault.is_some()) {
            return Err(ReadError::Stopped { model: name.clone(), position: checkpoint.position });
        }
        let positions = of.map(|(_, checkpoint)| checkpoint.position);
        match (positions.clone().min(), positions.max()) {
            (Some(first), Some(last)) if first == last => Ok(first),
            // One of them makes up for the time that it stood still.
            _ => Err(ReadError::CatchingUp),
        }
    }
}

/// The models by name, in the order that they are kept in.
pub fn model_names() -> Vec<&'static str> {
    models::all().iter().map(|model| model.name()).collect()
}
