//! The handle: what is handed over, read and purged from outside the thread.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use scrip_ledger::{AccountId, Event};
use scrip_store::EventStore;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Sender};
use tokio::sync::{Notify, oneshot};

use super::legal_holds::LegalHolds;
use super::writer::{self, Message, Writer};
use super::{KeptCall, MetadataError, Row};
use crate::clock::Clock;
use crate::request::EngineError;
use crate::stats::Stats;

/// Rows that may wait to be written.
const QUEUE: usize = 131_072;
/// With so few places left in the queue, new commands wait for it. Those that are decided already find a place.
const FEW: usize = QUEUE / 2;
/// How long they wait at the most: what is charged is more than what is said of it.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What providers said of calls, where that is kept for a time only.
pub(crate) struct CallMetadata {
    to_writer: Sender<Message>,
    legal_holds: Arc<LegalHolds>,
    written: Arc<Notify>,
    stats: Arc<Stats>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What it starts from.
pub(crate) struct Start {
    /// Where it is kept; without a file, in memory.
    pub(crate) file: Option<PathBuf>,
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) clock: Clock,
    pub(crate) stats: Arc<Stats>,
}

impl CallMetadata {
    /// Opens it, reads what the log has beyond it, and starts its thread.
    pub(crate) fn start(start: Start) -> Result<Self, MetadataError> {
        let Start { file, store, clock, stats } = start;
        let (to_writer, inbox) = mpsc::channel(QUEUE);
        let written = Arc::new(Notify::new());
        let writer = Writer { inbox, store, clock, stats: Arc::clone(&stats), written: Arc::clone(&written) };
        let (opened, wait) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("scrip-calls".to_owned())
            .spawn(move || writer::run(writer, file, &opened))?;
        let ended = |_| MetadataError::Thread(std::io::Error::other("it ended while it opened the file"));
        let legal_holds = wait.recv().map_err(ended)??;
        Ok(Self { to_writer, legal_holds, written, stats, thread: Mutex::new(Some(thread)) })
    }

    /// Hands over what a provider said of a call, once the charge is durable. Does not wait.
    pub(crate) fn hand_over(&self, row: Box<Row>) {
        let Err(error) = self.to_writer.try_send(Message::Row(row)) else { return };
        let lost = self.stats.call_metadata_lost.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        // Once for every doubling: each by itself would be one more thing that cannot keep up.
        if lost.is_power_of_two() {
            let reason = match error {
                TrySendError::Full(_) => "its queue is full",
                TrySendError::Closed(_) => "its thread has ended",
            };
            tracing::error!(lost, reason, "what providers said of calls is lost; what was charged is not");
        }
    }

    /// Takes in an event that is durable: whether it places or releases a legal hold.
    pub(crate) fn take_in(&self, account: &AccountId, revision: u64, event: &Event) {
        if self.legal_holds.take_in(account, revision, event) {
            // Whatever is overdue then is found at the next purge too.
            let _full = self.to_writer.try_send(Message::Released);
        }
    }

    /// Everything up to this number of events was taken in.
    pub(crate) fn reached(&self, position: u64) {
        self.legal_holds.reached(position);
    }

    /// Waits, bounded, while more is handed over than is written.
    pub(crate) async fn keep_pace(&self) {
        if self.to_writer.capacity() > FEW {
            return;
        }
        let keep_pace = async {
            loop {
                let written = self.written.notified();
                if self.to_writer.capacity() > FEW || self.to_writer.is_closed() {
                    return;
                }
                written.await;
            }
        };
        let _slow = tokio::time::timeout(LONGEST_WAIT, keep_pace).await;
    }

    /// What is still kept of an account's calls between two revisions, once what was handed over before is written.
    pub(crate) async fn kept(
        &self,
        account: &AccountId,
        revisions: (u64, u64),
    ) -> Result<Vec<KeptCall>, EngineError> {
        self.ask(|answer| Message::Read { account: account.clone(), revisions, answer }).await
    }

    /// Deletes what is past its time, and leaves nothing of it in the file.
    pub(crate) async fn purge(&self) -> Result<(), EngineError> {
        self.ask(Message::Purge).await
    }

    async fn ask<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<sqlx::Result<T>>) -> Message,
    ) -> Result<T, EngineError> {
        let (sender, answer) = oneshot::channel();
        self.to_writer.send(message(sender)).await.map_err(|_| EngineError::Unavailable)?;
        // Why it failed is logged where it did.
        answer.await.ok().and_then(Result::ok).ok_or(EngineError::Unavailable)
    }

    /// Writes what was handed over, and ends the thread. Blocks.
    pub(crate) fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ended = self.to_writer.blocking_send(Message::Stop);
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the call metadata panicked");
        }
    }
}
