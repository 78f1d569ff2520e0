//! Violations of the terms, and what a number of them leads to: a review, a suspension, the end (I8, I12).

use super::super::event::{AccountClosed, ClosedBy, Frozen, ReviewClosed, ReviewOpened, ViolationRecorded};
use super::super::{Account, Event, FreezeScope, Noun, Refusal, Status};
use super::{closing, measures};
use crate::book::policy::{Threshold, ThresholdAction};
use crate::book::{Book, Outcome, Policy, Remainder};
use crate::{Timestamp, Token};

/// The reason code of what violations lead to.
const VIOLATIONS: &str = "violations";

pub(super) fn record(
    account: &Account,
    book: &Book,
    reason: &Token,
    reference: Option<&Token>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let violation = ViolationRecorded { reason: reason.clone(), call: None, reference: reference.cloned() };
    let mut events = Vec::new();
    append(account, book.policy(now), violation, now, &mut events);
    Ok(events)
}

/// Adds to a call's events the violation that it was, if its outcome counts as one. A call that was given up was
/// charged by no event.
pub(super) fn of_call(
    account: &Account,
    book: &Book,
    (outcome, call): (Outcome, Option<u64>),
    now: Timestamp,
    events: &mut Vec<Event>,
) {
    let policy = book.policy(now);
    if policy.violations.outcomes.contains(&outcome)
        && let Ok(reason) = Token::new(outcome.as_str())
    {
        append(account, policy, ViolationRecorded { reason, call, reference: None }, now, events);
    }
}

pub(super) fn close_review(
    account: &Account,
    review: u64,
    decision: &Token,
    by: &Token,
) -> Result<Vec<Event>, Refusal> {
    let known = account.records().conduct.reviews.iter().find(|known| known.revision == review);
    if known.ok_or(Refusal::NotFound(Noun::Review))?.decision.is_some() {
        return Err(Refusal::AlreadyDecided(Noun::Review));
    }
    Ok(vec![ReviewClosed { review, decision: decision.clone(), by: by.clone() }.into()])
}

/// Adds a violation, and what the thresholds say that are reached by just this one.
fn append(
    account: &Account,
    policy: &Policy,
    violation: ViolationRecorded,
    now: Timestamp,
    events: &mut Vec<Event>,
) {
    events.push(violation.into());
    let thresholds = &policy.violations.thresholds;
    if thresholds.is_empty() {
        return;
    }
    let mut after = account.clone();
    events.iter().for_each(|event| after.evolve(event, now));
    for threshold in thresholds {
        let conduct = &after.records().conduct;
        let count = match threshold.within_days {
            None => conduct.violations,
            Some(days) => conduct.within(days, now),
        };
        if count == threshold.count
            && let Ok(reason) = Token::new(VIOLATIONS)
        {
            let more = reached(&after, policy, threshold, reason, now);
            more.iter().for_each(|event| after.evolve(event, now));
            events.extend(more);
        }
    }
}

/// What a threshold leads to.
fn reached(
    account: &Account,
    policy: &Policy,
    threshold: &Threshold,
    reason: Token,
    now: Timestamp,
) -> Vec<Event> {
    match threshold.action {
        ThresholdAction::Review => {
            vec![ReviewOpened { reason, count: threshold.count, clause: threshold.clause.clone() }.into()]
        }
        ThresholdAction::Suspend | ThresholdAction::Terminate if account.status() == Status::Closed => {
            Vec::new()
        }
        ThresholdAction::Suspend => suspended(account, policy, reason, now),
        ThresholdAction::Terminate => terminated(account, policy, reason),
    }
}

/// The account is frozen; its open holds go the way that the policy says of freezes.
fn suspended(account: &Account, policy: &Policy, reason: Token, now: Timestamp) -> Vec<Event> {
    let frozen = Frozen {
        scope: FreezeScope::Account,
        reason,
        announced: None,
        owner_wide: false,
        origin: None,
        effective_at: None,
    };
    measures::frozen_now(account, policy, frozen, now)
}

/// The account ends at once, and its whole unspent balance is forfeited, whatever the policy says of closing.
fn terminated(account: &Account, policy: &Policy, reason: Token) -> Vec<Event> {
    let closed = AccountClosed {
        by: ClosedBy::Operator,
        reason: Some(reason),
        announced: None,
        breach: None,
        remainder: Some(Remainder::Forfeit),
        effective_at: None,
    };
    closing::closed_now(account, policy, closed)
}
