//! The end of an account: by its holder or the service, announced or at once, and what becomes of the rest.

use super::super::command::Close;
use super::super::event::{
    AccountClosed, ClosedBy, ClosureAnnounced, DebtRepaid, LotAmount, LotForfeited, Withdrawn,
};
use super::super::records::{Announced, Announcement};
use super::super::{Account, Event, Refusal, Status};
use super::control::not_closed;
use super::due::{Appointment, merged};
use super::moves::worth;
use crate::book::{Book, Policy, Remainder};
use crate::{Credits, Timestamp, Token};

/// The reason of what becomes of the rest.
pub(super) const ACCOUNT_CLOSED: &str = "account_closed";

/// A holder ends it at any time. The service gives notice where the terms promise one (Z11, I11).
pub(super) fn close(
    account: &Account,
    book: &Book,
    close: &Close,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    not_closed(account)?;
    let policy = book.policy(now);
    if close.effective_at.is_some_and(|at| at < now) {
        return Err(Refusal::InvalidTime("an account does not end in the past"));
    }
    if close.by == ClosedBy::Operator
        && let Some(rule) = &policy.close.operator
        && !close.reason.as_ref().is_some_and(|reason| rule.at_once.contains(reason))
    {
        // Without a number of days there must be a notice all the same, however short.
        let after_now = Timestamp::from_micros(now.micros().saturating_add(1)).min(Timestamp::MAX);
        let earliest = now.plus_days(rule.notice_days).max(after_now);
        if close.effective_at.is_none_or(|at| at < earliest) {
            return Err(Refusal::NoticeTooShort { earliest, clause: rule.clause.clone() });
        }
    }
    match close.effective_at {
        Some(effective_at) if effective_at > now => {
            if account.records().measures.closes_at().is_some() {
                return Err(Refusal::Exists("an announcement of the account's end"));
            }
            Ok(vec![ClosureAnnounced { by: close.by, reason: close.reason.clone(), effective_at }.into()])
        }
        Some(_) | None => {
            let closed = AccountClosed {
                by: close.by,
                reason: close.reason.clone(),
                announced: None,
                breach: None,
                remainder: None,
                effective_at: None,
            };
            Ok(closed_now(account, policy, closed))
        }
    }
}

/// An end that takes effect, and what becomes of what is free; open holds stay and may settle.
pub(super) fn closed_now(account: &Account, policy: &Policy, closed: AccountClosed) -> Vec<Event> {
    let remainder = closed.remainder.unwrap_or(policy.close.remainder);
    let rest = account.live_lots().filter(|lot| !lot.free.is_zero() && !account.is_set_aside(lot.revision));
    let rest: Vec<LotAmount> = rest.map(|lot| LotAmount { lot: lot.revision, amount: lot.free }).collect();
    let mut events = vec![closed.into()];
    account.end_of(&rest, remainder, &mut events);
    events
}

impl Account {
    /// What becomes of free credits of an account that ends, or has ended.
    pub(super) fn end_of(&self, free: &[LotAmount], remainder: Remainder, events: &mut Vec<Event>) {
        match remainder {
            Remainder::Keep => {}
            Remainder::Forfeit => forfeit(free, events),
            Remainder::Settle => self.settle_rest(free, events),
        }
    }

    /// What was granted is forfeited; what was paid for repays the debt first, and the rest of it is owed to the holder.
    /// What is frozen of it, or was paid by a payment that is disputed or went back in part, stays as it is, for whoever
    /// decides that.
    fn settle_rest(&self, free: &[LotAmount], events: &mut Vec<Event>) {
        let in_frozen_lots: Credits =
            self.live_lots().filter(|lot| lot.freezes > 0).map(|lot| lot.free).sum();
        let (mut debt, mut frozen) = (self.debt, self.balance().frozen.above(in_frozen_lots));
        let (mut granted, mut repaid, mut owed) = (Vec::new(), Vec::new(), Vec::new());
        for part in free {
            match self.lot(part.lot) {
                Some(lot) if lot.basis.is_none() => granted.push(*part),
                Some(lot) if lot.freezes == 0 && !self.is_contested(lot) => {
                    let repays = debt.min(part.amount);
                    debt = debt.above(repays);
                    let left = part.amount.above(repays);
                    let stays = frozen.min(left);
                    frozen = frozen.above(stays);
                    repaid.push(LotAmount { lot: part.lot, amount: repays });
                    owed.push(LotAmount { lot: part.lot, amount: left.above(stays) });
                }
                Some(_) | None => {}
            }
        }
        let (repaid, owed) = (merged(&repaid), merged(&owed));
        if !repaid.is_empty() {
            events.push(DebtRepaid { lots: repaid }.into());
        }
        // What was paid for it may be less than the smallest unit: then there is nothing to pay out.
        if let (Ok(amounts), Ok(reason), Ok(by)) =
            (worth(self, &owed), Token::new(ACCOUNT_CLOSED), Token::new("system"))
            && !amounts.is_empty()
        {
            events.push(Withdrawn { lots: owed, amounts, reason, reference: None, by }.into());
        }
        forfeit(&granted, events);
    }
}

fn forfeit(free: &[LotAmount], events: &mut Vec<Event>) {
    let Ok(reason) = Token::new(ACCOUNT_CLOSED) else { return };
    let one = |part: &LotAmount| LotForfeited { lot: part.lot, amount: part.amount, reason: reason.clone() };
    events.extend(free.iter().map(|part| Event::from(one(part))));
}

/// The next announced closing, or the end of the service (Z11, Z15).
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    if account.status() != Status::Open {
        return None;
    }
    let announced = next_announced(account)
        .map(|(announced, _)| Appointment { at: announced.effective_at, record: carry_out });
    let shutdown =
        book.shutdown().map(|notice| Appointment { at: notice.effective_at, record: end_with_service });
    announced.into_iter().chain(shutdown).min_by_key(|appointment| appointment.at)
}

fn next_announced(account: &Account) -> Option<(&Announcement, ClosedBy)> {
    let closings = account.records().measures.announcements().iter().filter_map(|known| match &known.what {
        Announced::Closing { by } => Some((known, *by)),
        Announced::Freeze { .. } => None,
    });
    closings.min_by_key(|(known, _)| known.effective_at)
}

fn carry_out(account: &Account, book: &Book, _: Timestamp) -> Vec<Event> {
    let Some((announced, by)) = next_announced(account) else { return Vec::new() };
    let at = announced.effective_at;
    let closed = AccountClosed {
        by,
        reason: announced.reason.clone(),
        announced: Some(announced.revision),
        breach: None,
        remainder: None,
        effective_at: Some(at),
    };
    closed_now(account, book.policy(at), closed)
}

fn end_with_service(account: &Account, book: &Book, _: Timestamp) -> Vec<Event> {
    let Some(notice) = book.shutdown() else { return Vec::new() };
    let policy = book.policy(notice.effective_at);
    let remainder = policy.shutdown.remainder;
    let closed = AccountClosed {
        by: ClosedBy::Operator,
        reason: Some(notice.reason.clone()),
        announced: None,
        breach: None,
        remainder: (remainder != policy.close.remainder).then_some(remainder),
        effective_at: Some(notice.effective_at),
    };
    closed_now(account, policy, closed)
}
