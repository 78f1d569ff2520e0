//! Balances that leave an account: paid out, or moved to another account of the same book.
//!
//! Both wait for the policy's rule. What may leave is what calls could take if the account were not frozen: not what
//! holds reserve, what is frozen by itself (a disputed payment's lots, an amount), or what is owed.

use super::super::command::{Migrate, ReceiveMigration, Withdraw};
use super::super::event::{
    LotAmount, LotExpired, LotReceived, MigrationCompleted, MigrationReversed, MigrationStarted, Withdrawn,
};
use super::super::refusal::Noun;
use super::super::{Account, Event, Lot, Refusal, Status};
use super::calls::up_to;
use super::funding::MAX_LIVE_LOTS;
use super::sum;
use crate::book::policy::{MoveRule, MoveWhen};
use crate::book::{Book, Policy};
use crate::{AmountError, Credits, Money, Timestamp, Token};

/// Most migrations that may be on their way from an account.
const MAX_MIGRATIONS: usize = 100;

/// Gives up credits for what was paid for them: promotional ones were not paid for and are no cash. What is owed for
/// each lot is its price's part, rounded down to the minor unit.
pub(super) fn withdraw(
    account: &Account,
    book: &Book,
    withdraw: &Withdraw,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let policy = book.policy(now);
    may_leave(account, &policy.withdrawal)?;
    let lots = take(account, policy, withdraw.credits, &policy.withdrawal, |lot| {
        lot.basis.is_some() && !account.is_contested(lot)
    })?;
    let amounts = worth(account, &lots)?;
    if amounts.is_empty() {
        let reason = "what was paid for it is less than the smallest unit of its currency";
        return Err(Refusal::NotEligible { reason, clause: policy.withdrawal.clause.clone() });
    }
    let Withdraw { reason, reference, by, .. } = withdraw.clone();
    Ok(vec![Withdrawn { lots, amounts, reason, reference, by }.into()])
}

/// Sends credits to another account. They are nowhere until they arrive there or come back: a process sees to that.
pub(super) fn migrate(
    account: &Account,
    book: &Book,
    migrate: &Migrate,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let policy = book.policy(now);
    let rule = &policy.migration;
    may_leave(account, rule)?;
    let not_eligible = |reason| Refusal::NotEligible { reason, clause: rule.clause.clone() };
    if migrate.to == *account.id() {
        return Err(not_eligible("the credits are in this account already"));
    }
    match &migrate.target {
        None => return Err(Refusal::AccountNotFound),
        Some(target) if target.book.is_none() => return Err(Refusal::AccountNotFound),
        Some(target) if target.book.as_ref() != account.book() => {
            return Err(not_eligible("the account runs under another book"));
        }
        Some(target) if target.status != Status::Open => return Err(Refusal::AccountClosed),
        Some(_) => {}
    }
    if account.records().moves.migrations().len() >= MAX_MIGRATIONS {
        return Err(Refusal::LimitReached { what: "migrations on their way", limit: MAX_MIGRATIONS });
    }
    let lots = take(account, policy, migrate.credits, rule, |lot| {
        // A period that is not paid yet stays where it can be reclaimed.
        (lot.basis.is_some() || lot.source.is_some()) && !account.is_contested(lot)
    })?;
    let Migrate { to, reason, by, .. } = migrate.clone();
    Ok(vec![MigrationStarted { to, lots, reason, by }.into()])
}

/// Takes in what another account has sent: a lot for each, with its order, cost basis, end and priority. What came past
/// its end expires at once. It repays no debt by itself.
pub(super) fn receive(
    account: &Account,
    receive: &ReceiveMigration,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if account.status() == Status::Closed {
        return Err(Refusal::AccountClosed);
    }
    if account.book() != Some(&receive.book) {
        return Err(Refusal::NotEligible { reason: "the account runs under another book", clause: None });
    }
    if account.live_lots().count().saturating_add(receive.lots.len()) > MAX_LIVE_LOTS {
        return Err(Refusal::LimitReached { what: "lots with something left", limit: MAX_LIVE_LOTS });
    }
    sum(receive.lots.iter().map(|lot| lot.credits))?.plus(account.balance().posted)?.not_negative()?;
    let mut events = Vec::with_capacity(receive.lots.len());
    let mut past = Vec::new();
    for (revision, lot) in (account.next_revision()..).zip(&receive.lots) {
        if lot.expires_at.is_some_and(|end| end <= now) {
            past.push(LotExpired { lot: revision, amount: lot.credits, expired_at: now }.into());
        }
        let received = LotReceived {
            from: receive.from.clone(),
            migration: receive.migration,
            lot: lot.lot,
            credits: lot.credits,
            source: lot.source,
            basis: lot.basis.clone(),
            expires_at: lot.expires_at,
            priority: lot.priority,
        };
        events.push(received.into());
    }
    events.extend(past);
    Ok(events)
}

/// It has arrived.
pub(super) fn complete(account: &Account, migration: u64) -> Result<Vec<Event>, Refusal> {
    on_its_way(account, migration)?;
    Ok(vec![MigrationCompleted { migration }.into()])
}

/// It was refused where it went: the credits are back in their lots, those past their end expire.
pub(super) fn reverse(
    account: &Account,
    book: &Book,
    migration: u64,
    reason: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let lots = on_its_way(account, migration)?;
    let mut returned = Vec::new();
    account.settle_returned(&lots, book.policy(now), now, &mut returned);
    let mut events = vec![MigrationReversed { migration, lots, reason: reason.clone() }.into()];
    events.append(&mut returned);
    Ok(events)
}

fn on_its_way(account: &Account, migration: u64) -> Result<Vec<LotAmount>, Refusal> {
    let migration = account.records().moves.migration(migration).ok_or(Refusal::NotFound(Noun::Migration))?;
    Ok(migration.lots.iter().map(|lot| LotAmount { lot: lot.lot, amount: lot.credits }).collect())
}

/// Whether the policy lets a balance leave the account as it stands. A closed account whose balance was kept is no
/// better off than a frozen one: nobody can use it. A freeze for another reason keeps it where it is all the same.
fn may_leave(account: &Account, rule: &MoveRule) -> Result<(), Refusal> {
    let allows = |reason| rule.reasons.is_empty() || rule.reasons.contains(reason);
    let mut freezes = account.freezes().iter().filter(|freeze| freeze.is_of_account()).peekable();
    let allowed = match rule.when {
        MoveWhen::Never => false,
        MoveWhen::Frozen if freezes.peek().is_none() => account.status() == Status::Closed,
        MoveWhen::Frozen => freezes.all(|freeze| allows(&freeze.reason)),
        MoveWhen::Always => freezes.all(|freeze| rule.reasons.contains(&freeze.reason)),
    };
    if allowed { Ok(()) } else { Err(Refusal::NotWithdrawable { clause: rule.clause.clone() }) }
}

/// What leaves of which lots: an amount, or all that may.
fn take(
    account: &Account,
    policy: &Policy,
    credits: Option<Credits>,
    rule: &MoveRule,
    which: impl Fn(&Lot) -> bool,
) -> Result<Vec<LotAmount>, Refusal> {
    let available = leavable(account, &which);
    let required = match credits {
        Some(credits) => credits.moving()?,
        None if available.is_zero() => {
            let reason = "nothing of the balance may leave the account";
            return Err(Refusal::NotEligible { reason, clause: rule.clause.clone() });
        }
        None => available,
    };
    if required > available {
        return Err(Refusal::InsufficientCredits { available, required });
    }
    Ok(up_to(account, policy, required, which))
}

/// What may leave of some lots: never more than is neither frozen nor owed.
fn leavable(account: &Account, which: impl Fn(&Lot) -> bool) -> Credits {
    let free: Credits = account.live_lots().filter(|lot| which(lot)).map(Lot::usable).sum();
    free.min(account.balance().available).above(Credits::ZERO)
}

/// What was paid for credits of lots, by currency: of each lot its price's part, rounded down to the minor unit.
pub(super) fn worth(account: &Account, lots: &[LotAmount]) -> Result<Vec<Money>, Refusal> {
    let mut amounts: Vec<Money> = Vec::new();
    for part in lots {
        let basis = account.lot(part.lot).and_then(|lot| lot.basis.as_deref());
        let Some(basis) = basis else { continue };
        let paid = basis.paid.part(part.amount, basis.credits);
        if paid.minor() == 0 {
            continue;
        }
        match amounts.iter_mut().find(|sum| sum.currency() == paid.currency()) {
            Some(sum) => *sum = sum.plus(paid).ok_or(AmountError::OutOfRange)?,
            None => amounts.push(paid),
        }
    }
    Ok(amounts)
}
