//! Usage refunds: what a call was charged goes back to what had paid it.
//!
//! The last that paid is the first to be paid back: debt, then the lots from the last taken to the first. What was
//! absorbed was never paid and never returns.

use super::super::command::RefundDebit;
use super::super::event::{Charged, LotAmount, Revived, UsageRefunded};
use super::super::{Account, Event, Refusal};
use super::due::merged;
use super::{difference, sum};
use crate::book::{Book, ExpiredLot, Policy, Remainder};
use crate::{Credits, Timestamp, Token};

pub(super) fn refund_debit(
    account: &Account,
    book: &Book,
    refund: &RefundDebit,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let rule = &book.policy(now).usage_refunds;
    // What is never refunded wins over everything else (I4).
    let outcome = refund.past.as_deref().map(|debit| debit.outcome.as_str());
    let reasons = outcome.into_iter().flat_map(|outcome| [refund.reason.as_str(), outcome]);
    if let Some(clause) = reasons.filter_map(|reason| rule.never.get(reason)).next() {
        let reason = "the terms never refund a call that ended like this";
        return Err(Refusal::NotEligible { reason, clause: Some(clause.clone()) });
    }
    if refund.past.is_some() && !rule.allowed {
        let reason = "this book does not refund usage";
        return Err(Refusal::NotEligible { reason, clause: rule.clause.clone() });
    }
    give_back(account, book, refund, now)
}

/// Gives back what a call was charged, whether the book refunds usage or not: at most what is left of it.
pub(super) fn give_back(
    account: &Account,
    book: &Book,
    refund: &RefundDebit,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let debit = refund.past.as_deref().ok_or(Refusal::DebitNotFound)?;
    let policy = book.policy(now);
    let rule = &policy.usage_refunds;
    let not_eligible = |reason| Refusal::NotEligible { reason, clause: rule.clause.clone() };
    let before = account.refunded(refund.debit);
    let left = difference(difference(debit.charged, debit.absorbed)?, before)?;
    let credits = refund.amount.map_or(Ok(left), Credits::moving)?;
    if credits.is_zero() || credits > left {
        return Err(not_eligible("nothing, or less than that, is left to refund of the call"));
    }

    let split = split(debit, before, credits);
    let debt = split.by_debt.min(account.debt);
    // What debt had paid and a later top-up repaid goes back to the lots that repaid it.
    let repaid = repayments(account, difference(split.by_debt, debt)?);
    let returned: Vec<LotAmount> = split.by_lots.iter().chain(&repaid).copied().collect();
    if sum(returned.iter().map(|part| part.amount))? != difference(credits, debt)? {
        return Err(not_eligible("what repaid the call's debt has been refunded already"));
    }

    let revived = revived(account, policy, &returned, now);
    let lapsing = others(&returned, &revived);
    let reason = refund.reason.clone();
    let mut events = vec![
        UsageRefunded { debit: refund.debit, reason, credits, debt, lots: split.by_lots, repaid, revived }
            .into(),
    ];
    account.settle_returned(&lapsing, policy, now, &mut events);
    Ok(events)
}

/// Adds to a call's events that what it was charged goes back at once, to the debt and the lots that have just paid
/// it (I3). `returned` is what its hold gave back of which lots, which is settled with it.
pub(super) fn give_back_at_once(
    account: &Account,
    policy: &Policy,
    charge: &Charged,
    returned: &[LotAmount],
    now: Timestamp,
    events: &mut Vec<Event>,
) -> Result<(), Refusal> {
    let credits = difference(charge.charged, charge.absorbed)?;
    let Some(reason) = Token::new(charge.outcome.as_str()).ok().filter(|_| !credits.is_zero()) else {
        account.settle_returned(returned, policy, now, events);
        return Ok(());
    };
    let revived = revived(account, policy, &charge.lots, now);
    let lapsing = [others(returned, &revived), others(&charge.lots, &revived)].concat();
    // Only what the call was charged lives on: what the hold gave back to the same lot expires before.
    let unused: Vec<LotAmount> = returned.iter().filter(|part| lives_on(&revived, part)).copied().collect();
    account.settle_returned(&unused, policy, now, events);
    // The charge is the next event of the account.
    let (debit, debt, lots) = (account.next_revision(), charge.debt, charge.lots.clone());
    events.push(UsageRefunded { debit, reason, credits, debt, lots, repaid: Vec::new(), revived }.into());
    account.settle_returned(&lapsing, policy, now, events);
    Ok(())
}

/// The lots past their end that live on for what returns to them. A closed account that forfeits its credits revives
/// none.
fn revived(account: &Account, policy: &Policy, returned: &[LotAmount], now: Timestamp) -> Vec<Revived> {
    let forfeits = account.ended_with(policy) == Some(Remainder::Forfeit);
    match policy.usage_refunds.expired_lot {
        ExpiredLot::ReviveDays(days) if !forfeits => merged(returned)
            .iter()
            .filter(|part| account.lot(part.lot).is_some_and(|lot| lot.is_past(now)))
            .filter(|part| !account.records().orders.lapsed.contains(&part.lot))
            .map(|part| Revived { lot: part.lot, expires_at: now.plus_days(days) })
            .collect(),
        ExpiredLot::Lapse | ExpiredLot::ReviveDays(_) => Vec::new(),
    }
}

/// Whether a part is of a lot that is revived.
fn lives_on(revived: &[Revived], part: &LotAmount) -> bool {
    revived.iter().any(|revived| revived.lot == part.lot)
}

/// The parts of lots that are not revived.
fn others(parts: &[LotAmount], revived: &[Revived]) -> Vec<LotAmount> {
    parts.iter().filter(|part| !lives_on(revived, part)).copied().collect()
}

/// What paid the part of a charge that is refunded now.
struct Split {
    by_debt: Credits,
    by_lots: Vec<LotAmount>,
}

/// The part of a charge between `before` and `before + credits`, counted from the last that paid.
fn split(debit: &Charged, before: Credits, credits: Credits) -> Split {
    let mut skip = before;
    let mut lacking = credits;
    let mut next = |paid: Credits| {
        let left = paid.above(skip);
        skip = skip.above(paid);
        let part = left.min(lacking);
        lacking = lacking.above(part);
        part
    };
    let by_debt = next(debit.debt);
    let by_lots = debit
        .lots
        .iter()
        .rev()
        .map(|part| LotAmount { lot: part.lot, amount: next(part.amount) })
        .filter(|part| !part.amount.is_zero())
        .collect();
    Split { by_debt, by_lots }
}

/// Up to an amount of what lots have spent on the repayment of debt, the latest lot first.
fn repayments(account: &Account, amount: Credits) -> Vec<LotAmount> {
    let mut lacking = amount;
    let mut parts = Vec::new();
    for lot in account.lots().iter().rev() {
        if lacking.is_zero() {
            break;
        }
        let part = lot.repaid.min(lacking);
        if !part.is_zero() {
            lacking = lacking.above(part);
            parts.push(LotAmount { lot: lot.revision, amount: part });
        }
    }
    parts
}
