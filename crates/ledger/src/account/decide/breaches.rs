//! Material breaches: notified, cured, or the end (Z15).

use super::super::command::NotifyBreach;
use super::super::event::{AccountClosed, BreachCured, BreachNotified, ClosedBy};
use super::super::records::{Breach, BreachState};
use super::super::refusal::Noun;
use super::super::{Account, Event, Refusal};
use super::closing;
use super::control::not_closed;
use super::due::Appointment;
use crate::book::Book;
use crate::{Timestamp, Token};

/// Most breaches that an account may have been given notice of.
const MAX_BREACHES: usize = 1_000;

pub(super) fn notify(
    account: &Account,
    book: &Book,
    notify: &NotifyBreach,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    not_closed(account)?;
    let Some(terms) = &book.policy(now).breach else {
        let reason = "the terms know no end for a breach";
        return Err(Refusal::NotEligible { reason, clause: None });
    };
    if account.records().measures.breaches().len() >= MAX_BREACHES {
        return Err(Refusal::LimitReached { what: "breaches", limit: MAX_BREACHES });
    }
    let NotifyBreach { by, reason, reference } = notify.clone();
    Ok(vec![BreachNotified { by, reason, reference, cure_until: now.plus_days(terms.cure_days) }.into()])
}

pub(super) fn cure(
    account: &Account,
    book: &Book,
    breach: u64,
    reference: Option<&Token>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let mut breaches = account.records().measures.breaches().iter();
    let known = breaches.find(|known| known.revision == breach).ok_or(Refusal::NotFound(Noun::Breach))?;
    match known.state {
        BreachState::Open => Ok(vec![BreachCured { breach, reference: reference.cloned() }.into()]),
        BreachState::Uncured => Err(Refusal::WindowClosed {
            what: "the cure of the breach",
            until: known.cure_until,
            clause: book.policy(now).breach.as_ref().and_then(|terms| terms.clause.clone()),
        }),
        BreachState::Cured | BreachState::Lapsed => Err(Refusal::AlreadyDecided(Noun::Breach)),
    }
}

/// The next breach that was not cured in time.
pub(super) fn appointment(account: &Account, _: &Book) -> Option<Appointment> {
    next_open(account).map(|(_, at)| Appointment { at, record: end })
}

/// The open breach whose term ends first, and the first instant after it.
fn next_open(account: &Account) -> Option<(&Breach, Timestamp)> {
    let open = account.records().measures.breaches().iter().filter(|known| known.state == BreachState::Open);
    let first = open.min_by_key(|known| known.cure_until)?;
    Some((first, Timestamp::from_micros(first.cure_until.micros().saturating_add(1)).min(Timestamp::MAX)))
}

/// The party that is not in breach ends it.
fn end(account: &Account, book: &Book, _: Timestamp) -> Vec<Event> {
    let Some((breach, at)) = next_open(account) else { return Vec::new() };
    let by = match breach.by {
        ClosedBy::Holder => ClosedBy::Operator,
        ClosedBy::Operator => ClosedBy::Holder,
    };
    let closed = AccountClosed {
        by,
        reason: Some(breach.reason.clone()),
        announced: None,
        breach: Some(breach.revision),
        remainder: None,
        effective_at: Some(at),
    };
    closing::closed_now(account, book.policy(at), closed)
}
