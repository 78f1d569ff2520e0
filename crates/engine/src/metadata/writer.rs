//! The thread that writes the metadata of calls, answers what is read of it, and purges it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use scrip_ledger::{AccountId, Timestamp};
use scrip_store::EventStore;
use tokio::sync::mpsc::Receiver;
use tokio::sync::{Notify, oneshot};

use super::legal_holds::LegalHolds;
use super::table::{Opened, Table};
use super::{KeptCall, MetadataError, Row};
use crate::clock::Clock;
use crate::stats::Stats;

/// Rows that are written at once at the most.
const BATCH: usize = 4096;
/// Rows whose time is over are deleted together with those of the next instants. They are not read meanwhile.
const PURGE_EVERY: Duration = Duration::from_secs(1);
/// How often, at the least, is looked at the clock and said how far the log was taken in.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How long copies of deleted rows may be left in the slack of pages. To rewrite the file takes a while.
const REWRITE_EVERY: Duration = Duration::from_secs(86_400);

/// What reaches the thread, in order.
pub(super) enum Message {
    /// To be written.
    Row(Box<Row>),
    /// What is kept of an account's calls between two revisions, once what came before is written.
    Read { account: AccountId, revisions: (u64, u64), answer: oneshot::Sender<sqlx::Result<Vec<KeptCall>>> },
    /// Delete now what is past its time, and leave nothing of it.
    Purge(oneshot::Sender<sqlx::Result<()>>),
    /// A legal hold was released: something may be overdue.
    Released,
    /// Write what came before, and end.
    Stop,
}

/// What the thread works on.
pub(super) struct Writer {
    pub(super) inbox: Receiver<Message>,
    pub(super) store: Arc<dyn EventStore>,
    pub(super) clock: Clock,
    pub(super) stats: Arc<Stats>,
    /// Told whenever something was taken from the queue.
    pub(super) written: Arc<Notify>,
}

/// The thread: opens the table, says how that went, and works until it is stopped.
pub(super) fn run(
    writer: Writer,
    file: Option<PathBuf>,
    opened: &SyncSender<Result<Arc<LegalHolds>, MetadataError>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(opened.send(Err(error.into()))),
    };
    runtime.block_on(async {
        let table = match Table::open(file.as_deref(), writer.store.as_ref()).await {
            Ok(table) => table,
            Err(error) => return drop(opened.send(Err(error))),
        };
        let Opened { table, position, legal_holds, remnants } = table;
        let legal_holds = match LegalHolds::recover(legal_holds, position, writer.store.as_ref()) {
            Ok(legal_holds) => Arc::new(legal_holds),
            Err(error) => return drop(opened.send(Err(error))),
        };
        let _gone = opened.send(Ok(Arc::clone(&legal_holds)));
        Working::new(writer, table, legal_holds, remnants, position).run().await;
    });
}

/// The thread at work.
struct Working {
    shared: Writer,
    table: Table,
    legal_holds: Arc<LegalHolds>,
    rows: Vec<Row>,
    /// Up to where the table says that the log was taken in.
    saved: u64,
    saved_at: Instant,
    /// When a row's time is over next, as far as is known.
    next_end: Option<Timestamp>,
    purged_at: Instant,
    remnants: bool,
    rewritten_at: Option<Instant>,
}

impl Working {
    fn new(
        shared: Writer,
        table: Table,
        legal_holds: Arc<LegalHolds>,
        remnants: bool,
        position: u64,
    ) -> Self {
        let now = Instant::now();
        Self {
            shared,
            table,
            legal_holds,
            rows: Vec::new(),
            saved: position,
            saved_at: now,
            // Whatever became overdue while nothing ran is found at once.
            next_end: Some(Timestamp::from_micros(0)),
            purged_at: now,
            remnants,
            rewritten_at: None,
        }
    }

    async fn run(mut self) {
        let mut messages = Vec::new();
        let mut going = true;
        while going {
            let rest = self.rest();
            tokio::select! {
                taken = self.shared.inbox.recv_many(&mut messages, BATCH) => {
                    going = taken > 0;
                    for message in messages.drain(..) {
                        going &= self.take(message).await;
                    }
                    self.write().await;
                    self.shared.written.notify_waiters();
                }
                () = tokio::time::sleep(rest) => {}
            }
            self.look().await;
        }
        self.report(Self::save).await;
        if let Err(error) = self.table.close().await {
            tracing::error!(%error, "the call metadata cannot be closed");
        }
    }

    /// Takes a message. Says whether more may come.
    async fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Row(row) => self.rows.push(*row),
            Message::Read { account, revisions, answer } => {
                self.write().await;
                // What a legal hold keeps can be read for as long as it stands.
                let at = (!self.legal_holds.holds(&account)).then(|| self.shared.clock.now());
                let kept = self.table.kept(&account, revisions, at).await;
                let _gone = answer.send(kept.inspect_err(|error| self.failed(error)));
            }
            Message::Purge(answer) => {
                self.write().await;
                let purged = self.purge_for_good().await;
                let _gone = answer.send(purged.inspect_err(|error| self.failed(error)));
            }
            Message::Released => self.next_end = Some(Timestamp::from_micros(0)),
            Message::Stop => return false,
        }
        true
    }

    /// Writes the rows that were taken. Those that cannot be written are lost, and counted.
    async fn write(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        let count = self.rows.len() as u64;
        match self.table.insert(&self.rows).await {
            Ok(()) => {
                Stats::add(&self.shared.stats.call_metadata_written, count);
                let ends = self.rows.iter().map(|row| row.kept_until);
                self.next_end = self.next_end.into_iter().chain(ends).min();
            }
            Err(error) => {
                Stats::add(&self.shared.stats.call_metadata_lost, count);
                tracing::error!(%error, count, "what providers said of calls is lost; what was charged is not");
            }
        }
        self.rows.clear();
    }

    /// How long there is nothing to do. A clock that is moved by hand is looked at when it was moved.
    fn rest(&self) -> Duration {
        let Some(end) = self.next_end.filter(|_| !self.shared.clock.is_manual()) else { return LOOK_EVERY };
        let until = end.micros().saturating_sub(self.shared.clock.now().micros()).saturating_add(1);
        let until = Duration::from_micros(u64::try_from(until).unwrap_or(0));
        until.max(PURGE_EVERY.saturating_sub(self.purged_at.elapsed())).min(LOOK_EVERY)
    }

    /// Does what is due.
    async fn look(&mut self) {
        if self.saved_at.elapsed() >= LOOK_EVERY {
            self.saved_at = Instant::now();
            self.report(Self::save).await;
        }
        if self.shared.clock.is_manual() {
            return;
        }
        let over = self.next_end.is_some_and(|end| end < self.shared.clock.now());
        if over && self.purged_at.elapsed() >= PURGE_EVERY {
            self.report(Self::purge).await;
        }
        if self.remnants && self.rewritten_at.is_none_or(|at| at.elapsed() >= REWRITE_EVERY) {
            self.report(Self::rewrite).await;
        }
    }

    async fn purge(&mut self) -> sqlx::Result<()> {
        self.purged_at = Instant::now();
        self.save().await?;
        let now = self.shared.clock.now();
        let purged = self.table.purge(now).await?;
        Stats::add(&self.shared.stats.call_metadata_purged, purged);
        self.remnants |= purged > 0;
        self.next_end = self.table.next_end(now).await?;
        Ok(())
    }

    async fn purge_for_good(&mut self) -> sqlx::Result<()> {
        self.purge().await?;
        if self.remnants { self.rewrite().await } else { Ok(()) }
    }

    async fn rewrite(&mut self) -> sqlx::Result<()> {
        self.rewritten_at = Some(Instant::now());
        self.table.rewrite().await?;
        self.remnants = false;
        Ok(())
    }

    /// Says in the table how far the log was taken in. What stands there is never ahead of what was taken in.
    async fn save(&mut self) -> sqlx::Result<()> {
        let (position, legal_holds) = self.legal_holds.snapshot();
        let Some(last) = position.checked_sub(1).filter(|_| position != self.saved) else { return Ok(()) };
        let store = Arc::clone(&self.shared.store);
        let events = store.read_all(last, 1).map_err(|error| sqlx::Error::Decode(error.into()))?;
        if let Some(event) = events.first() {
            self.table.save((position, &event.hash), &legal_holds).await?;
            self.saved = position;
        }
        Ok(())
    }

    /// Does something that nobody waits for.
    async fn report(&mut self, work: impl AsyncFnOnce(&mut Self) -> sqlx::Result<()>) {
        if let Err(error) = work(self).await {
            self.failed(&error);
        }
    }

    fn failed(&self, error: &sqlx::Error) {
        Stats::add(&self.shared.stats.call_metadata_failures, 1);
        tracing::error!(%error, "the call metadata cannot be read or written");
    }
}
