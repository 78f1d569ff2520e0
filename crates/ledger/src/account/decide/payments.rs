//! What a payment provider says of a payment after it was made.
//!
//! Notices come repeated, out of order and late: each says how things stand with the provider, so that in whatever
//! order they come they lead to the same end, and none changes anything twice.

use super::super::command::{PaymentChange, PaymentNotice};
use super::super::event::{Basis, LotAmount, PaymentDisputeClosed, PaymentDisputed, PaymentRefunded, Thawed};
use super::super::records::{Standing, paid_in_all};
use super::super::{Account, Bucket, Event, FreezeScope, Noun, Refusal};
use super::Draft;
use super::order_refunds::{frozen, lapses};
use crate::book::Book;
use crate::book::policy::DisputeFreeze;
use crate::{Credits, Money, Timestamp, Token};

/// A notice that says nothing new.
const KNOWN: Refusal = Refusal::Exists("the notice");

pub(super) fn take_notice(
    account: &Account,
    book: &Book,
    notice: &PaymentNotice,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let basis = account.basis_of_order(&notice.order_id).ok_or(Refusal::NotFound(Noun::Order))?;
    let none = Standing::default();
    let standing = account.records().orders.standings.get(&notice.order_id).unwrap_or(&none);
    let lapses = lapses(book.policy(now));
    match &notice.what {
        PaymentChange::Refunded { total } => refunded(account, basis, standing, *total, lapses),
        PaymentChange::Disputed { dispute } if standing.disputes.contains_key(dispute) => Err(KNOWN),
        PaymentChange::Disputed { dispute } => disputed(account, book, basis, dispute, now),
        PaymentChange::DisputeClosed { dispute, won, amount } => {
            let known = standing.disputes.get(dispute);
            if known.is_some_and(|known| known.won.is_some()) {
                return Err(KNOWN);
            }
            let mut events = vec![closed(account, basis, standing, (dispute, *won, *amount), lapses)?.into()];
            let freeze = known.and_then(|known| known.freeze);
            let stands =
                freeze.filter(|freeze| account.freezes().iter().any(|standing| standing.revision == *freeze));
            if let (Some(freeze), Ok(reason)) = (stands, Token::new("payment_dispute_closed")) {
                events.push(Thawed { freeze, reason }.into());
            }
            Ok(events)
        }
    }
}

/// What was said of a payment before its order was known comes with the order.
pub(super) fn with_notices(
    account: &Account,
    book: &Book,
    notices: &[PaymentChange],
    events: Vec<Event>,
    now: Timestamp,
) -> Vec<Event> {
    if notices.is_empty() {
        return events;
    }
    let Some(order_id) = events.iter().find_map(order_of) else { return events };
    let mut draft = Draft::new(account, now);
    events.into_iter().for_each(|event| draft.push(event));
    for what in notices {
        let notice = PaymentNotice { order_id: order_id.clone(), what: what.clone() };
        // One that another has overtaken says nothing new.
        for event in take_notice(&draft.account, book, &notice, now).unwrap_or_default() {
            draft.push(event);
        }
    }
    draft.events
}

/// The order that an event says was paid.
fn order_of(event: &Event) -> Option<Token> {
    if let Event::ToppedUp(topped_up) = event {
        Some(topped_up.order_id.clone())
    } else if let Event::PeriodGranted(granted) = event {
        granted.payment.is_some().then(|| granted.order_id.clone())
    } else if let Event::PeriodPaid(paid) = event {
        Some(paid.order_id.clone())
    } else {
        None
    }
}

/// The provider has paid back more than is known: what of it was not decided here voids its part of the credits, as
/// far as they are free. What was spent stays spent (I5).
fn refunded(
    account: &Account,
    basis: &Basis,
    standing: &Standing,
    total: Money,
    lapses: bool,
) -> Result<Vec<Event>, Refusal> {
    let all = in_all(basis);
    if total.currency() != all.currency() {
        return Err(Refusal::PaymentMismatch { price: basis.paid });
    }
    let refunded = Money::of_minor(all.currency(), total.minor().min(all.minor()));
    if refunded.minor() <= standing.refunded {
        return Err(KNOWN);
    }
    let here = account.refunded_here(&basis.order_id);
    let before = standing.elsewhere.saturating_add(here);
    let share = |minor| share(basis, minor, all.minor());
    let credits = share(refunded.minor()).above(share(before.min(refunded.minor())));
    let lots = take_free(account, &basis.order_id, credits);
    let lapses = lapses && refunded.minor().saturating_sub(here) >= all.minor();
    Ok(vec![PaymentRefunded { order_id: basis.order_id.clone(), refunded, lots, lapses }.into()])
}

/// The lots of the order, or the account, are frozen until the dispute has ended.
fn disputed(
    account: &Account,
    book: &Book,
    basis: &Basis,
    dispute: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let scope = match book.policy(now).payments.dispute_freezes {
        DisputeFreeze::Account => FreezeScope::Account,
        DisputeFreeze::Lots => FreezeScope::Lots {
            lots: account.lots_of_order(&basis.order_id).map(|lot| lot.revision).collect(),
        },
    };
    let mut draft = Draft::new(account, now);
    let freeze = Token::new("payment_disputed").ok().map(|reason| {
        draft.push(frozen(scope, reason));
        account.next_revision()
    });
    draft.push(PaymentDisputed { order_id: basis.order_id.clone(), dispute: dispute.clone(), freeze });
    Ok(draft.events)
}

/// Of a payment that was taken back, what is free is voided and what was spent is owed. Credits that a refund has voided
/// before count as given back, so that it is all one which of both came first.
fn closed(
    account: &Account,
    basis: &Basis,
    standing: &Standing,
    (dispute, won, amount): (&Token, bool, Option<Money>),
    lapses: bool,
) -> Result<PaymentDisputeClosed, Refusal> {
    let mut closed = PaymentDisputeClosed {
        order_id: basis.order_id.clone(),
        dispute: dispute.clone(),
        won,
        credits: Credits::ZERO,
        lots: Vec::new(),
        debt: Credits::ZERO,
        lapses: false,
    };
    if won {
        return Ok(closed);
    }
    let all = in_all(basis);
    if amount.is_some_and(|amount| amount.currency() != all.currency()) {
        return Err(Refusal::PaymentMismatch { price: basis.paid });
    }
    let amount = amount.unwrap_or(all);
    closed.credits = share(basis, amount.minor(), all.minor()).min(basis.credits.above(standing.taken_back));
    let sum = |bucket| account.credits_of_order(&basis.order_id, bucket);
    let given_back = [sum(Bucket::Reclaimed), sum(Bucket::Free), standing.debt].into_iter().sum::<Credits>();
    // What a hold gives back later repays what is owed for it now.
    let gone = [Bucket::Spent, Bucket::Held, Bucket::Withdrawn, Bucket::Migrated].map(sum);
    let lacking = standing.taken_back.plus(closed.credits)?.above(given_back);
    closed.debt = lacking.min(gone.into_iter().sum::<Credits>().above(standing.debt));
    closed.lots = take_free(account, &basis.order_id, closed.credits);
    let gone = amount.minor().saturating_add(standing.elsewhere);
    closed.lapses = lapses && gone >= all.minor();
    Ok(closed)
}

/// What was paid for an order, tax and fees included.
fn in_all(basis: &Basis) -> Money {
    paid_in_all(basis.paid, [basis.tax, basis.fee])
}

/// The credits that a part of what was paid in all had paid for, rounded down; all of them for all of it.
fn share(basis: &Basis, minor: u64, all: u64) -> Credits {
    basis.credits.part(minor, all)
}

/// Up to so many of the free credits of an order's lots.
fn take_free(account: &Account, order_id: &Token, credits: Credits) -> Vec<LotAmount> {
    let mut lacking = credits;
    let mut parts = Vec::new();
    for lot in account.lots_of_order(order_id) {
        let amount = lot.free.min(lacking);
        lacking = lacking.above(amount);
        if !amount.is_zero() {
            parts.push(LotAmount { lot: lot.revision, amount });
        }
    }
    parts
}
