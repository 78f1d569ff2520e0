//! Which accounts are under a legal hold, as far as the log is durable.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use scrip_ledger::{AccountId, Event, Token};
use scrip_store::EventStore;

use super::MetadataError;
use crate::history::{ACCOUNT_PREFIX, decode_event};

/// What the names of the events begin with that place and release legal holds.
const EVENT_PREFIX: &str = "legal_hold_";

/// The legal holds that stand, each by its account and the event that placed it, and how far that is known.
#[derive(Debug, Default)]
pub(super) struct LegalHolds {
    standing: RwLock<BTreeSet<(AccountId, u64)>>,
    /// The number of events in the log that were taken in.
    position: AtomicU64,
}

impl LegalHolds {
    /// Those that stood at a position, and what the log says since.
    pub(super) fn recover(
        standing: BTreeSet<(AccountId, u64)>,
        position: u64,
        store: &dyn EventStore,
    ) -> Result<Self, MetadataError> {
        let holds = Self { standing: RwLock::new(standing), position: AtomicU64::new(position) };
        let mut failed = None;
        store.scan_all(position, &mut |stored| {
            holds.reached(stored.position.saturating_add(1));
            let account = stored.stream.strip_prefix(ACCOUNT_PREFIX).and_then(|id| Token::new(id).ok());
            if let (Some(account), true) = (account, stored.event_type.starts_with(EVENT_PREFIX)) {
                match decode_event(&stored) {
                    Ok(event) => drop(holds.take_in(&account, stored.revision, &event)),
                    Err(error) => {
                        failed = Some(error);
                        return ControlFlow::Break(());
                    }
                }
            }
            ControlFlow::Continue(())
        })?;
        failed.map_or(Ok(holds), |error| Err(error.into()))
    }

    /// Takes in an event that is durable. Says whether it released a hold.
    pub(super) fn take_in(&self, account: &AccountId, revision: u64, event: &Event) -> bool {
        let (hold, placed) = match event {
            Event::LegalHoldPlaced(_) => (revision, true),
            Event::LegalHoldReleased(released) => (released.legal_hold, false),
            _ => return false,
        };
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        let hold = (account.clone(), hold);
        if placed {
            standing.insert(hold);
            return false;
        }
        standing.remove(&hold)
    }

    /// The log was taken in up to this number of events.
    pub(super) fn reached(&self, position: u64) {
        self.position.fetch_max(position, Ordering::AcqRel);
    }

    /// The number of events that were taken in, and what stands: at least what they say.
    pub(super) fn snapshot(&self) -> (u64, Vec<(AccountId, u64)>) {
        let position = self.position.load(Ordering::Acquire);
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        (position, standing.iter().cloned().collect())
    }

    /// Whether an account is under one.
    pub(super) fn holds(&self, account: &AccountId) -> bool {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        standing.range((account.clone(), 0)..).next().is_some_and(|(held, _)| held == account)
    }
}
