//! Measures: freezes and their end, announced or at once, of one account or of all of an owner; legal holds.

use super::super::command::Freeze;
use super::super::event::{
    AnnouncementWithdrawn, FreezeAnnounced, Frozen, HoldVoided, LegalHoldPlaced, LegalHoldReleased,
    MeasureSpread, Origin, Thawed,
};
use super::super::records::{Announced, Announcement};
use super::super::refusal::Noun;
use super::super::{Account, Event, FreezeScope, Refusal, Status};
use super::control::standing_key;
use super::due::Appointment;
use crate::book::policy::Inactivity;
use crate::book::{Book, OpenHolds, Outcome, Policy};
use crate::{Timestamp, Token};

/// Most freezes that may stand or be announced at once.
const MAX_FREEZES: usize = 1_000;
/// Most legal holds that may stand at once.
const MAX_LEGAL_HOLDS: usize = 1_000;

/// A freeze takes effect at once, or at the time that it is announced for (Z10).
pub(super) fn freeze(
    account: &Account,
    book: &Book,
    freeze: &Freeze,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let announced = account.records().measures.announcements().len();
    if account.freezes().len().saturating_add(announced) >= MAX_FREEZES {
        return Err(Refusal::LimitReached { what: "freezes", limit: MAX_FREEZES });
    }
    let policy = book.policy(now);
    let rule = &policy.freeze;
    // A measure that comes from another account was allowed there.
    if freeze.origin.is_none() && !rule.reasons.is_empty() && !rule.reasons.contains(&freeze.reason) {
        return Err(Refusal::ReasonNotAllowed { allowed: rule.reasons.clone(), clause: rule.clause.clone() });
    }
    if freeze.owner_wide && account.owner().is_none() {
        let reason = "the account names no owner";
        return Err(Refusal::NotEligible { reason, clause: None });
    }
    let (scope, reason, owner_wide) =
        (checked(account, &freeze.scope)?, freeze.reason.clone(), freeze.owner_wide);
    let mut events = match freeze.effective_at {
        Some(at) if at < now => {
            return Err(Refusal::InvalidTime("a freeze does not take effect in the past"));
        }
        Some(at) if at > now => {
            vec![FreezeAnnounced { scope, reason, owner_wide, effective_at: at }.into()]
        }
        Some(_) | None => {
            let origin = freeze.origin.clone();
            let frozen = Frozen { scope, reason, announced: None, owner_wide, origin, effective_at: None };
            frozen_now(account, policy, frozen, now)
        }
    };
    if freeze.preserve_logs {
        events.extend(place_legal_hold(account, &freeze.reason, None)?);
    }
    Ok(events)
}

/// The scope, if what it names is there.
fn checked(account: &Account, scope: &FreezeScope) -> Result<FreezeScope, Refusal> {
    Ok(match scope {
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
    })
}

/// A freeze that takes effect, and what the policy does with the open holds that it stops (A5).
pub(super) fn frozen_now(account: &Account, policy: &Policy, frozen: Frozen, now: Timestamp) -> Vec<Event> {
    let stops = |key: Option<u64>| match &frozen.scope {
        FreezeScope::Account => true,
        FreezeScope::Key { key: stopped } => key == Some(*stopped),
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
    events.push(frozen.into());
    events
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

pub(super) fn withdraw_announcement(
    account: &Account,
    announcement: u64,
    reason: &Token,
) -> Result<Vec<Event>, Refusal> {
    let mut announced = account.records().measures.announcements().iter();
    if !announced.any(|known| known.revision == announcement) {
        return Err(Refusal::NotFound(Noun::Announcement));
    }
    Ok(vec![AnnouncementWithdrawn { announcement, reason: reason.clone() }.into()])
}

/// The end of a measure against the owner, here where it had spread to.
pub(super) fn thaw_origin(account: &Account, origin: &Origin, reason: &Token) -> Result<Vec<Event>, Refusal> {
    let brought = account.freezes().iter().find(|freeze| freeze.origin.as_ref() == Some(origin));
    let freeze = brought.ok_or(Refusal::FreezeNotFound)?.revision;
    Ok(vec![Thawed { freeze, reason: reason.clone() }.into()])
}

pub(super) fn complete_spread(account: &Account, measure: u64, accounts: u32) -> Result<Vec<Event>, Refusal> {
    if !account.records().measures.spreads().iter().any(|spread| spread.revision == measure) {
        return Err(Refusal::FreezeNotFound);
    }
    Ok(vec![MeasureSpread { measure, accounts }.into()])
}

pub(super) fn place_legal_hold(
    account: &Account,
    reason: &Token,
    reference: Option<&Token>,
) -> Result<Vec<Event>, Refusal> {
    if account.records().measures.legal_holds().len() >= MAX_LEGAL_HOLDS {
        return Err(Refusal::LimitReached { what: "legal holds", limit: MAX_LEGAL_HOLDS });
    }
    Ok(vec![LegalHoldPlaced { reason: reason.clone(), reference: reference.cloned() }.into()])
}

pub(super) fn release_legal_hold(
    account: &Account,
    legal_hold: u64,
    reason: &Token,
) -> Result<Vec<Event>, Refusal> {
    if !account.records().measures.legal_holds().iter().any(|hold| hold.revision == legal_hold) {
        return Err(Refusal::NotFound(Noun::LegalHold));
    }
    Ok(vec![LegalHoldReleased { legal_hold, reason: reason.clone() }.into()])
}

/// The next announced freeze that takes effect, or a freeze for inactivity (Z10, A4).
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    let announced = next_announced(account)
        .map(|(announced, _)| Appointment { at: announced.effective_at, record: carry_out });
    let idle = next_idle(account, book).map(|(at, _)| Appointment { at, record: freeze_idle });
    announced.into_iter().chain(idle).min_by_key(|appointment| appointment.at)
}

fn next_announced(account: &Account) -> Option<(&Announcement, (&FreezeScope, bool))> {
    let freezes = account.records().measures.announcements().iter().filter_map(|known| match &known.what {
        Announced::Freeze { scope, owner_wide } => Some((known, (scope, *owner_wide))),
        Announced::Closing { .. } => None,
    });
    freezes.min_by_key(|(known, _)| known.effective_at)
}

fn carry_out(account: &Account, book: &Book, _: Timestamp) -> Vec<Event> {
    let Some((announced, (scope, owner_wide))) = next_announced(account) else { return Vec::new() };
    let Some(reason) = announced.reason.clone() else { return Vec::new() };
    let at = announced.effective_at;
    let frozen = Frozen {
        scope: scope.clone(),
        reason,
        announced: Some(announced.revision),
        owner_wide,
        origin: None,
        effective_at: Some(at),
    };
    frozen_now(account, book.policy(at), frozen, at)
}

/// When the account is frozen because nobody uses it, by the policy that will be in force then.
fn next_idle<'a>(account: &Account, book: &'a Book) -> Option<(Timestamp, &'a Inactivity)> {
    let ruled = book.policies().iter().any(|version| version.terms.inactivity.is_some());
    if !ruled || account.status() != Status::Open || account.account_freeze().is_some() {
        return None;
    }
    let idle_since = account.idle_since();
    let by_version = book.policies().iter().filter_map(|version| {
        let rule = version.terms.inactivity.as_ref()?;
        let due = version.terms.time_zone.plus_months(idle_since, rule.after_months);
        let at = due.max(version.effective_at);
        (book.policy(at).version == version.terms.version).then_some((at, rule))
    });
    by_version.min_by_key(|(at, _)| *at)
}

fn freeze_idle(account: &Account, book: &Book, _: Timestamp) -> Vec<Event> {
    let Some((at, rule)) = next_idle(account, book) else { return Vec::new() };
    let frozen = Frozen {
        scope: FreezeScope::Account,
        reason: rule.reason.clone(),
        announced: None,
        owner_wide: false,
        origin: None,
        effective_at: Some(at),
    };
    frozen_now(account, book.policy(at), frozen, at)
}
