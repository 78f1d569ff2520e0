//! Processes: what takes several steps over several accounts to finish.
//!
//! The state of a process is in the events of the account that it belongs to, so that a crash loses none: an account
//! that waits for a process is due at once, at every start again. Each step is a command of the engine's own subject
//! under a key that is remembered for ever: taken twice, it is done once.
//!
//! - **Invariant**: the decider never waits for a process; it only says which account waits for one.
//! - **Invariant**: what a process decides on is durable.

mod migration;
mod queue;
mod spread;

use std::sync::Arc;

use compact_str::CompactString;
use scrip_ledger::{Account, AccountId, Command, Event, Token};
use scrip_store::EventStore;
use tokio::sync::oneshot;

pub(crate) use queue::Processes;

use crate::decider::{Ask, Job, Message};
use crate::inbox::Inbox;
use crate::reply::{Outcome, Reply};
use crate::request::{BookScope, EngineError, IdempotencyKey, Request, fingerprint, truncated_sha256};
use crate::stats::Stats;

/// Times that an account is looked at in a row before another one's turn comes.
const MAX_ROUNDS: usize = 16;

/// A process: takes the steps that are left of it, for an account as it stands. It does nothing where nothing waits for it.
///
/// Errors: it could not go on. It is tried again later.
type Process = fn(&Steps, &Account) -> Result<(), EngineError>;

/// Every process that an account may wait for.
const PROCESSES: [Process; 2] = [migration::advance, spread::advance];

/// Whether a command that led to an event is answered only when what the event starts is done.
pub(crate) const fn starts(event: &Event) -> bool {
    matches!(event, Event::MigrationStarted(_) | Event::Frozen(_) | Event::Thawed(_))
}

/// Takes the steps of processes, on a thread of its own.
pub(crate) struct Steps {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) system: Token,
    pub(crate) processes: Arc<Processes>,
}

/// One step.
pub(crate) struct Step<'a> {
    /// The account that it concerns.
    pub(crate) account: &'a AccountId,
    /// What is asked of it.
    pub(crate) command: Command,
    /// The operation that its key belongs to: one that is no call, so that the key is remembered for ever.
    pub(crate) operation: &'static str,
    /// What tells it from every other step of the operation. Its key is a hash of them.
    pub(crate) key: &'a [&'a str],
    /// The process that it belongs to, for the envelope.
    pub(crate) correlation: CompactString,
}

impl Steps {
    /// The thread: takes the accounts that wait for a process, one after another, until it is stopped.
    pub(crate) fn run(&self) {
        while let Some(account) = self.processes.take() {
            if let Err(error) = self.finish(&account) {
                // The schedule brings it up again, after a restart too.
                tracing::warn!(%account, %error, "a process waits");
            }
            self.processes.done(&account);
        }
    }

    fn finish(&self, id: &AccountId) -> Result<(), EngineError> {
        for _ in 0..MAX_ROUNDS {
            let account = self.view(id)?;
            if !account.waits_for_process() {
                break;
            }
            PROCESSES.iter().try_for_each(|advance| advance(self, &account))?;
        }
        Ok(())
    }

    /// An account as it stands: durable.
    pub(crate) fn view(&self, account: &AccountId) -> Result<Account, EngineError> {
        let (sender, answer) = oneshot::channel();
        let ask = Ask::View { account: account.clone(), books: BookScope::All };
        self.send(Job { ask, reply: Reply::View(sender), attempts: 0, held_back: false })?;
        answer.blocking_recv().unwrap_or(Err(EngineError::Unavailable)).map(|view| view.account)
    }

    /// Takes a step, unless it was taken before. It is durable then.
    pub(crate) fn take(&self, step: Step<'_>) -> Result<(), EngineError> {
        let Step { account, command, operation, key, correlation } = step;
        let fingerprint = fingerprint(account.as_str(), &command);
        let key = IdempotencyKey { operation, key: permanent(key)?, fingerprint };
        let request = Request {
            account: account.clone(),
            command,
            subject: self.system.clone(),
            books: BookScope::All,
            key: Some(key),
            correlation,
        };
        let (sender, answer) = oneshot::channel();
        let ask = Ask::Command(Box::new(request));
        self.send(Job { ask, reply: Reply::Command(sender), attempts: 0, held_back: false })?;
        match answer.blocking_recv() {
            Ok(Outcome::Decided(decided)) => decided.map(drop),
            Ok(Outcome::Repeated(_)) => Ok(()),
            Err(_stopped) => Err(EngineError::Unavailable),
        }
    }

    /// The engine's own work is counted like any other, and never turned away: there is one such job at a time.
    fn send(&self, job: Job) -> Result<(), EngineError> {
        use std::sync::atomic::Ordering;
        if self.processes.is_stopped() {
            return Err(EngineError::Unavailable);
        }
        self.stats.in_flight.fetch_add(1, Ordering::AcqRel);
        self.inbox.push(Message::One(job)).map_err(|_stopped| {
            self.stats.in_flight.fetch_sub(1, Ordering::AcqRel);
            EngineError::Unavailable
        })
    }
}

/// The key of a step, from what tells it apart: those are of any length, a key is not.
fn permanent(parts: &[&str]) -> Result<Token, EngineError> {
    let hash = truncated_sha256(parts.join("\0").as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Token::new(&hex).map_err(|_| EngineError::Unavailable)
}
