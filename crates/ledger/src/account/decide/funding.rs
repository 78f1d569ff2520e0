//! Credits in: top-ups against the catalog, and grants by the book's rules.

use super::super::command::{Grant, TopUp};
use super::super::event::{DebtRepaid, Granted, LotAmount, Payment, ToppedUp};
use super::super::{Account, Event, Refusal, Status};
use super::{admission, approvals};
use crate::book::{Book, Days, GrantSource};
use crate::{Credits, Money, Timestamp};

/// Most lots that one account may have with something left in them.
pub(super) const MAX_LIVE_LOTS: usize = 4_000;

/// A product of the catalog, paid at its price (P2); taxes and fees come on top and bring no credits (P9). New
/// credits first repay the debt (M6).
pub(super) fn top_up(
    account: &Account,
    book: &Book,
    top_up: &TopUp,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    takes_credits(account)?;
    admission::may_buy(account, book, now)?;
    let catalog = book.catalog_for(account, now);
    let product = catalog.product(&top_up.product_id).ok_or(Refusal::UnknownProduct)?;
    at_price(&top_up.payment, product.price)?;
    let lot = account.next_revision();
    let mut events = vec![
        ToppedUp {
            order_id: top_up.order_id.clone(),
            product_id: top_up.product_id.clone(),
            catalog: catalog.version,
            payment: top_up.payment.clone(),
            credits: product.credits,
            expires_at: product.valid_for.map(|Days(days)| now.plus_days(days)),
            priority: product.priority,
        }
        .into(),
    ];
    let repaid = account.debt.min(product.credits);
    if !repaid.is_zero() {
        events.push(DebtRepaid { lots: vec![LotAmount { lot, amount: repaid }] }.into());
    }
    Ok(events)
}

/// Credits without a payment: a lot of its own, tagged by its source, expiring by its own rule (P1).
pub(super) fn grant(
    account: &Account,
    book: &Book,
    grant: &Grant,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if grant.source == GrantSource::Adjustment {
        return Err(Refusal::SourceNotAllowed);
    }
    let granted = granted(account, book, grant, now)?;
    let above = book.policy(now).approvals.manual_grant_above;
    if grant.source == GrantSource::Manual && above.is_some_and(|above| grant.credits > above) {
        return approvals::request_grant(account, grant);
    }
    Ok(vec![granted.into()])
}

/// The event of a grant, by the book's rule for its source.
pub(super) fn granted(
    account: &Account,
    book: &Book,
    grant: &Grant,
    now: Timestamp,
) -> Result<Granted, Refusal> {
    takes_credits(account)?;
    // A grant in a campaign's name counts as its claim; a name that the book does not know is a mere tag.
    if let Some(campaign) = grant.campaign.as_ref().and_then(|id| book.campaign(id, now)) {
        campaign.claim(grant.so_far, grant.credits, now)?;
    }
    let rule = book.policy(now).grants.rule(grant.source);
    let expires_at = grant.expires_at.or_else(|| rule.valid_days.map(|days| now.plus_days(days)));
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Refusal::InvalidTime("a grant must expire in the future"));
    }
    Ok(Granted {
        source: grant.source,
        campaign: grant.campaign.clone(),
        credits: grant.credits.moving()?,
        expires_at,
        priority: grant.priority.unwrap_or(rule.priority),
        reason: grant.reason.clone(),
        approval: None,
        dispute: None,
    })
}

/// Whether a payment is a price; what comes on top of it is in the same currency.
pub(super) fn at_price(payment: &Payment, price: Money) -> Result<(), Refusal> {
    let mut on_top = [payment.tax, payment.fee].into_iter().flatten();
    if payment.amount == price && on_top.all(|extra| extra.currency() == price.currency()) {
        Ok(())
    } else {
        Err(Refusal::PaymentMismatch { price })
    }
}

/// Whether credits may come in at all.
pub(super) fn takes_credits(account: &Account) -> Result<(), Refusal> {
    if account.status() == Status::Closed {
        return Err(Refusal::AccountClosed);
    }
    if account.live.len() >= MAX_LIVE_LOTS {
        return Err(Refusal::LimitReached { what: "lots with something left", limit: MAX_LIVE_LOTS });
    }
    // A top-up that would carry the sum beyond what can be shown exactly is refused before it is taken.
    account.free.plus(Credits::MAX)?;
    Ok(())
}
