//! The rules: what a command does to an account, as the events that it leads to, or why it is refused.
//!
//! One file per kind of command. Total and pure: the same account, book, command and time always give the same
//! answer.

mod calls;
mod control;
mod due;
mod funding;
mod refund;

use super::{Account, Command, Event, Refusal, Status};
use crate::book::Book;
use crate::{AmountError, Credits, Timestamp};

/// Most expiries that one step records. A store takes 10,000 events in one group: with the limits of open holds and live
/// lots, these and what a command itself leads to stay below that, or an account could get stuck for ever.
const MAX_DUE: usize = 4_000;

/// Decides a command against an account of a book at a time.
///
/// What is due by then (expired holds and lots) is recorded first, in the same step, so that no rule below ever
/// sees a lot or a hold past its end. A refused command leads to no events at all.
pub fn decide(
    account: &Account,
    book: &Book,
    command: &Command,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if let Some(inconsistency) = account.inconsistency() {
        return Err(Refusal::Inconsistent { revision: inconsistency.revision });
    }
    // Time in an account never runs backwards, whatever the clock does.
    let now = now.max(account.last_recorded_at());
    match account.settled(now) {
        None => act(account, account, book, command, now),
        Some((_, mut events)) if events.len() > MAX_DUE => {
            // More than one step may hold: sweeps record it bit by bit, and commands wait until they have.
            if *command != Command::Sweep {
                return Err(Refusal::LimitReached { what: "expiries to be recorded first", limit: MAX_DUE });
            }
            events.truncate(MAX_DUE);
            Ok(events)
        }
        Some((settled, mut events)) => {
            events.extend(act(&settled, account, book, command, now)?);
            Ok(events)
        }
    }
}

/// Decides against the settled account; `before` is the same account before its due events.
fn act(
    account: &Account,
    before: &Account,
    book: &Book,
    command: &Command,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if let Command::Open(open) = command {
        return control::open(account, open);
    }
    if account.status() == Status::Absent {
        return Err(Refusal::AccountNotFound);
    }
    match command {
        Command::Open(open) => control::open(account, open),
        Command::IssueKey { secret } => control::issue_key(account, *secret),
        Command::RotateKey { key, secret } => control::rotate_key(account, *key, *secret),
        Command::RevokeKey { key } => control::revoke_key(account, *key),
        Command::TopUp(top_up) => funding::top_up(account, book, top_up, now),
        Command::Grant(grant) => funding::grant(account, book, grant, now),
        Command::PlaceHold(place) => calls::place_hold(account, book, place, now),
        Command::ExtendHold { hold, size } => calls::extend_hold(account, book, *hold, size, now),
        Command::CaptureHold(capture) => calls::capture_hold(account, before, book, capture, now),
        Command::VoidHold { hold, outcome } => calls::void_hold(account, book, *hold, *outcome, now),
        Command::Debit(debit) => calls::debit(account, book, debit),
        Command::RefundDebit(refund) => refund::refund_debit(account, book, refund, now),
        Command::Freeze { scope, reason } => control::freeze(account, book, scope, reason, now),
        Command::Thaw { freeze, reason } => control::thaw(account, *freeze, reason),
        Command::SetCreditLine { limit } => control::set_credit_line(*limit),
        Command::Close { by, reason } => control::close(account, book, *by, reason.as_ref()),
        Command::Sweep => Ok(Vec::new()),
    }
}

/// The sum of amounts that were each checked to be in range.
fn sum(amounts: impl IntoIterator<Item = Credits>) -> Result<Credits, Refusal> {
    Credits::total(amounts).map_err(Refusal::InvalidAmount)
}

/// A difference that the caller knows not to be negative.
fn difference(from: Credits, amount: Credits) -> Result<Credits, Refusal> {
    from.minus(amount)
        .and_then(Credits::not_negative)
        .map_err(|_: AmountError| AmountError::OutOfRange.into())
}
