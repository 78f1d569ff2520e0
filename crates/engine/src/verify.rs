//! Verifies the whole history without trusting whoever wrote it.
//!
//! Every stream's hash chain, the log's running hash, the order of positions, revisions and times; and every account,
//! folded from its first event: whether its facts contradict each other, and whether the balances that its events
//! state are the balances that they lead to.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use scrip_ledger::book::event::BookEvent;
use scrip_ledger::{Account, Event, Timestamp, Token};
use scrip_store::envelope::{RunningHash, ZERO_HASH, verify_link};
use scrip_store::{EventStore, Hash, Head, RecordedRef, StoreError};

use crate::books::BOOK_PREFIX;
use crate::history::{ACCOUNT_PREFIX, decode_event};

/// Findings that are described; more are only counted.
const MAX_FINDINGS: usize = 100;

/// What an auditor kept: the number of events that the log had, and its running hash then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The number of events.
    pub position: u64,
    /// The running hash over them.
    pub hash: Hash,
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The position of the event that shows it, or where the log ends.
    pub position: u64,
    /// Its stream; empty if it concerns the log.
    pub stream: String,
    /// Its revision.
    pub revision: u64,
    /// What is wrong.
    pub what: String,
}

/// What was verified.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Where the log ends.
    pub head: Head,
    /// Streams whose chain was followed.
    pub streams: u64,
    /// Accounts that were folded.
    pub accounts: u64,
    /// What is not as it must be, in the order of the log; at most a hundred are described.
    pub findings: Vec<Finding>,
    /// How many there are.
    pub finding_count: u64,
}

/// Verifies a log up to its end. `progress` counts the events that were passed.
///
/// Errors: the store cannot read on, because bytes on the disk are not what was written; it says where.
pub fn verify(
    store: &dyn EventStore,
    threads: usize,
    progress: &AtomicU64,
    expect: Option<Expectation>,
) -> Result<Verified, StoreError> {
    let threads = threads.max(1);
    let head = store.head()?;
    let hasher = &std::hash::RandomState::new();
    let parts: Result<Vec<Part>, StoreError> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|own| {
                scope.spawn(move || {
                    let mut part = Part::new((own == 0).then_some(expect));
                    store.scan_all(0, &mut |stored| {
                        if stored.position >= head.next_position {
                            return ControlFlow::Break(());
                        }
                        if own == 0 {
                            progress.store(stored.position + 1, Ordering::Relaxed);
                            part.follow_log(&stored);
                        }
                        let owner = std::hash::BuildHasher::hash_one(hasher, stored.stream) % threads as u64;
                        if owner == own as u64 {
                            part.follow_stream(&stored);
                        }
                        ControlFlow::Continue(())
                    })?;
                    Ok(part)
                })
            })
            .collect();
        let joined = workers.into_iter().map(|worker| match worker.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    });

    let mut verified = Verified { head, streams: 0, accounts: 0, findings: Vec::new(), finding_count: 0 };
    for part in parts? {
        verified.streams += part.streams.len() as u64;
        verified.accounts += part.streams.values().filter(|stream| stream.account.is_some()).count() as u64;
        verified.finding_count += part.finding_count;
        verified.findings.extend(part.findings);
        if let Some(log) = part.log {
            verified.end(&log, expect);
        }
    }
    verified.findings.sort_by_key(|finding| finding.position);
    verified.findings.truncate(MAX_FINDINGS);
    Ok(verified)
}

impl Verified {
    fn end(&mut self, log: &Log, expect: Option<Expectation>) {
        let mut find = |what: &str| {
            self.finding_count += 1;
            let position = log.next_position;
            self.findings.push(Finding {
                position,
                stream: String::new(),
                revision: 0,
                what: what.to_owned(),
            });
        };
        if log.next_position != self.head.next_position {
            find("the log ends before its head says");
        } else if log.running.get() != self.head.running_hash {
            find("the running hash is not the one that the head states");
        }
        match expect {
            Some(expect) if expect.position > log.next_position => {
                find(
                    "the log is shorter than the head that was kept: its tail was cut off, or events were taken out",
                );
            }
            Some(_) if log.as_expected == Some(false) => {
                find("the log up to the position that was kept is not what it was: history was rewritten");
            }
            _ => {}
        }
    }
}

/// What one thread follows.
struct Part {
    streams: HashMap<String, Stream>,
    log: Option<Log>,
    findings: Vec<Finding>,
    finding_count: u64,
}

/// The log from its start.
struct Log {
    next_position: u64,
    running: RunningHash,
    expect: Option<Expectation>,
    as_expected: Option<bool>,
}

/// A stream from its start.
struct Stream {
    next_revision: u64,
    hash: Hash,
    recorded_at: i64,
    account: Option<Box<Account>>,
}

impl Part {
    /// `log` is given to the one thread that follows the whole log.
    fn new(log: Option<Option<Expectation>>) -> Self {
        let log = log.map(|expect| Log {
            next_position: 0,
            running: RunningHash::new(),
            expect,
            as_expected: None,
        });
        let mut part = Self { streams: HashMap::new(), log, findings: Vec::new(), finding_count: 0 };
        part.compare();
        part
    }

    fn follow_log(&mut self, stored: &RecordedRef<'_>) {
        if let Some(log) = &mut self.log {
            let expected = log.next_position;
            log.next_position = stored.position + 1;
            log.running.push(&stored.hash);
            if stored.position != expected {
                self.find(stored, format!("position {expected} is missing"));
            }
        }
        self.compare();
    }

    fn compare(&mut self) {
        if let Some(log) = &mut self.log
            && let Some(expect) = log.expect
            && expect.position == log.next_position
        {
            log.as_expected = Some(expect.hash == log.running.get());
        }
    }

    fn follow_stream(&mut self, stored: &RecordedRef<'_>) {
        if !self.streams.contains_key(stored.stream) {
            let id = stored.stream.strip_prefix(ACCOUNT_PREFIX).and_then(|id| Token::new(id).ok());
            let account = id.map(|id| Box::new(Account::absent(id)));
            let stream = Stream { next_revision: 0, hash: ZERO_HASH, recorded_at: i64::MIN, account };
            self.streams.insert(stored.stream.to_owned(), stream);
        }
        let Some(stream) = self.streams.get_mut(stored.stream) else { return };
        let mut wrong: Vec<String> = Vec::new();
        if stored.revision != stream.next_revision {
            wrong.push(format!("revision {} of the stream is missing", stream.next_revision));
        }
        if !verify_link(&stream.hash, stored) {
            wrong.push("the event's hash is not that of its bytes and the event before it".to_owned());
        }
        if stored.recorded_at < stream.recorded_at {
            wrong.push("the event was recorded before the one before it".to_owned());
        }
        stream.next_revision = stored.revision.saturating_add(1);
        stream.hash = stored.hash;
        stream.recorded_at = stored.recorded_at;
        if let Some(account) = &mut stream.account {
            match decode_event(stored) {
                Ok(event) => wrong.extend(fold(account, &event, stored.recorded_at)),
                Err(error) => wrong.push(error.to_string()),
            }
        } else if stored.stream.starts_with(BOOK_PREFIX)
            && let Err(error) = BookEvent::read(stored.event_type, stored.payload)
        {
            wrong.push(error.to_string());
        }
        for what in wrong {
            self.find(stored, what);
        }
    }

    fn find(&mut self, stored: &RecordedRef<'_>, what: String) {
        self.finding_count += 1;
        if self.findings.len() < MAX_FINDINGS {
            let stream = stored.stream.to_owned();
            self.findings.push(Finding {
                position: stored.position,
                stream,
                revision: stored.revision,
                what,
            });
        }
    }
}

/// Folds an event; what is wrong with it in the light of the ones before.
fn fold(account: &mut Account, event: &Event, recorded_at: i64) -> Option<String> {
    let was_consistent = account.inconsistency().is_none();
    account.evolve(event, Timestamp::from_micros(recorded_at));
    if let Some(inconsistency) = account.inconsistency() {
        return was_consistent
            .then(|| format!("the event contradicts the ones before it: {}", inconsistency.what));
    }
    match event {
        Event::HoldPlaced(placed) if placed.after != account.balance() => {
            Some("the balance that the event states is not the one that the events lead to".to_owned())
        }
        _ => None,
    }
}
