//! How far the service is liable to an account: what was paid in the months before an event, net of refunds (Z14, I10,
//! M10).

use compact_str::CompactString;

use super::Account;
use super::event::Basis;
use super::records::PayoutState;
use crate::book::Book;
use crate::{Money, Timestamp, Token};

/// How far the service is liable to an account for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiabilityCap {
    /// From when on payments count, this instant included.
    pub from: Timestamp,
    /// The calendar months before the event.
    pub months: u32,
    /// How far, by currency.
    pub caps: Vec<Money>,
    /// The one that is named first: of the currency that was paid in; without payments, of the floor or of what the
    /// book sells.
    pub cap: Option<Money>,
    /// Whether it is the floor that the terms set.
    pub floor_applied: bool,
    /// The clause that says so.
    pub clause: Option<CompactString>,
    /// The payments behind it, by when they were made.
    pub payments: Vec<PaymentBehind>,
}

/// A payment that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentBehind {
    /// The order.
    pub order_id: Token,
    /// When it was paid.
    pub paid_at: Timestamp,
    /// What was paid, before tax and fees.
    pub amount: Money,
    /// What of it went back.
    pub refunded: Money,
}

impl Account {
    /// How far the service is liable for an event, by the terms of that time; nothing where they do not say, or beyond
    /// what can be written. The account is given as it stood then: refunds that came later do not count.
    pub fn liability_cap(&self, book: &Book, at: Timestamp) -> Option<LiabilityCap> {
        let policy = book.policy(at);
        let terms = policy.liability.as_ref()?;
        let from = policy.time_zone.minus_months(at, terms.months);
        let payments = self.payments_between(from, at);
        let mut caps: Vec<Money> = Vec::new();
        for payment in &payments {
            let net = payment.amount.above(payment.refunded.minor());
            match caps.iter_mut().find(|cap| cap.currency() == net.currency()) {
                Some(cap) => *cap = cap.plus(net)?,
                None => caps.push(net),
            }
        }
        let sums = caps.clone();
        let floor = terms.floor.as_ref();
        if let Some(floor) = floor {
            if caps.is_empty() {
                caps.push(floor.amount);
            }
            for cap in &mut caps {
                let least = floor.in_currency(cap.currency()).map_or(0, |least| least.minor());
                *cap = Money::of_minor(cap.currency(), cap.minor().max(least));
            }
        }
        let sold = || book.catalog(at).products.first().map(|product| product.price.above(u64::MAX));
        Some(LiabilityCap {
            from,
            months: terms.months,
            cap: caps.first().copied().or_else(sold),
            floor_applied: floor.is_some() && caps.first() != sums.first(),
            caps,
            clause: terms.clause.clone(),
            payments,
        })
    }

    fn payments_between(&self, from: Timestamp, until: Timestamp) -> Vec<PaymentBehind> {
        let mut payments: Vec<PaymentBehind> = Vec::new();
        let counts = |basis: &&Basis| (from..=until).contains(&basis.paid_at);
        for basis in self.lots().iter().filter_map(|lot| lot.basis.as_deref()).filter(counts) {
            if payments.iter().all(|known| known.order_id != basis.order_id) {
                payments.push(PaymentBehind {
                    order_id: basis.order_id.clone(),
                    paid_at: basis.paid_at,
                    amount: basis.paid,
                    refunded: self.refunded_of(basis),
                });
            }
        }
        payments.sort_by_key(|payment| payment.paid_at);
        payments
    }

    /// What of a payment went back or is owed back, before tax and fees; all of it at most.
    fn refunded_of(&self, basis: &Basis) -> Money {
        let orders = &self.records().orders;
        let standing = orders.standings.get(&basis.order_id);
        if standing.is_some_and(super::records::Standing::was_taken_back) {
            return basis.paid;
        }
        let refunds = orders
            .refunds_of(&basis.order_id)
            .filter(|(_, payout, _)| matches!(payout.state, PayoutState::Owed | PayoutState::Paid))
            .flat_map(|(_, payout, _)| &payout.amounts)
            .filter(|amount| amount.currency() == basis.paid.currency())
            .map(Money::minor);
        let elsewhere = standing.map_or(0, |standing| standing.elsewhere);
        let back = refunds.fold(elsewhere, u64::saturating_add);
        Money::of_minor(basis.paid.currency(), back.min(basis.paid.minor()))
    }
}
