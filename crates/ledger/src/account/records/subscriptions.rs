//! Subscriptions and their periods.

use serde::{Deserialize, Serialize};

use super::super::event::{
    Basis, Payment, PeriodGranted, PeriodPaid, Subscribed, SubscriptionCancelled, SubscriptionEnded,
};
use super::super::evolve::{Contradiction, new_lot};
use super::super::{Account, Lot};
use crate::time::Period;
use crate::{Credits, Money, Timestamp, Token};

/// Subscriptions and their periods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriptions {
    /// In the order they began; ended ones too, since a notice may be owed to who was subscribed.
    all: Vec<Subscription>,
}

/// A plan that an account subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The revision of the event that began it.
    pub revision: u64,
    /// The plan.
    pub plan: Token,
    /// The version of the catalog that it began by.
    pub catalog: u32,
    /// How long a period is.
    pub every: Period,
    /// When it began.
    pub began_at: Timestamp,
    /// Since when periods are counted: its beginning, or that of the first period whose length is another.
    pub anchor: Timestamp,
    /// How many periods have begun since then.
    pub since_anchor: u32,
    /// Its periods, the first one first.
    pub periods: Vec<SubscriptionPeriod>,
    /// How many of them are paid: the first ones, since the first unpaid one is the next to be paid.
    pub paid: usize,
    /// When it will end, once it was cancelled.
    pub cancelled: Option<Timestamp>,
    /// When and why it ended.
    pub ended: Option<(Timestamp, Token)>,
}

/// A period of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionPeriod {
    /// Its credits: the revision of the event that granted them.
    pub lot: u64,
    /// When it began.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// Its order.
    pub order_id: Token,
    /// Its price, before tax and fees.
    pub price: Money,
}

impl Subscription {
    /// The latest period.
    pub fn period(&self) -> Option<&SubscriptionPeriod> {
        self.periods.last()
    }

    /// The periods that are not paid, oldest first.
    pub fn unpaid(&self) -> &[SubscriptionPeriod] {
        self.periods.get(self.paid..).unwrap_or(&[])
    }

    /// Whether it ran at a time.
    pub fn ran_at(&self, time: Timestamp) -> bool {
        let end = self.ended.as_ref().map(|(end, _)| *end).or(self.cancelled);
        self.began_at <= time && end.is_none_or(|end| time < end)
    }
}

impl Subscriptions {
    /// In the order they began.
    pub fn all(&self) -> &[Subscription] {
        &self.all
    }

    /// One, by the revision of the event that began it.
    pub fn get(&self, revision: u64) -> Option<&Subscription> {
        self.index(revision).and_then(|index| self.all.get(index))
    }

    fn index(&self, revision: u64) -> Option<usize> {
        self.all.binary_search_by_key(&revision, |subscription| subscription.revision).ok()
    }

    fn get_mut(&mut self, revision: u64) -> Result<&mut Subscription, Contradiction> {
        self.index(revision).and_then(|index| self.all.get_mut(index)).ok_or("there is no such subscription")
    }
}

/// What was paid for a period's credits.
fn basis(order_id: &Token, payment: &Payment, credits: Credits, paid_at: Timestamp) -> Box<Basis> {
    Box::new(Basis {
        order_id: order_id.clone(),
        paid: payment.amount,
        credits,
        paid_at,
        provider: Some(payment.provider.clone()),
        tax: payment.tax,
        fee: payment.fee,
    })
}

impl Account {
    pub(in crate::account) fn subscribed(
        &mut self,
        event: &Subscribed,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        self.records_mut().subscriptions.all.push(Subscription {
            revision,
            plan: event.plan.clone(),
            catalog: 0,
            every: event.every,
            began_at: at,
            anchor: at,
            since_anchor: 0,
            periods: Vec::new(),
            paid: 0,
            cancelled: None,
            ended: None,
        });
        Ok(())
    }

    /// The credits of a period that is not paid have no cost basis yet: there is nothing to refund.
    pub(in crate::account) fn period_granted(
        &mut self,
        event: &PeriodGranted,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let payment = event.payment.as_ref();
        let subscription = self.records_mut().subscriptions.get_mut(event.subscription)?;
        if let Some(every) = event.every {
            (subscription.every, subscription.anchor, subscription.since_anchor) = (every, event.from, 0);
        }
        subscription.since_anchor = subscription.since_anchor.saturating_add(1);
        if subscription.periods.is_empty() {
            subscription.catalog = event.catalog;
        }
        subscription.periods.push(SubscriptionPeriod {
            lot: revision,
            from: event.from,
            until: event.until,
            order_id: event.order_id.clone(),
            price: event.price,
        });
        if payment.is_some() {
            subscription.paid = subscription.paid.saturating_add(1);
            if subscription.paid != subscription.periods.len() {
                return Err("a period is paid before the one before it");
            }
        }
        self.add_lot(Lot {
            basis: payment.map(|payment| basis(&event.order_id, payment, event.credits, at)),
            ..new_lot(revision, event.credits, Some(event.expires_at), event.priority)
        })
    }

    pub(in crate::account) fn period_paid(
        &mut self,
        event: &PeriodPaid,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let subscription = self.records_mut().subscriptions.get_mut(event.subscription)?;
        if subscription.unpaid().first().is_none_or(|period| period.lot != event.lot) {
            return Err("it is not the first unpaid period");
        }
        subscription.paid = subscription.paid.saturating_add(1);
        let lot = self.lot_mut(event.lot)?;
        lot.basis = Some(basis(&event.order_id, &event.payment, lot.granted, at));
        Ok(())
    }

    pub(in crate::account) fn subscription_cancelled(
        &mut self,
        event: &SubscriptionCancelled,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        self.records_mut().subscriptions.get_mut(event.subscription)?.cancelled = Some(event.ends_at);
        Ok(())
    }

    pub(in crate::account) fn subscription_ended(
        &mut self,
        event: &SubscriptionEnded,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let ended = &mut self.records_mut().subscriptions.get_mut(event.subscription)?.ended;
        if ended.is_some() {
            return Err("the subscription has ended before");
        }
        *ended = Some((event.ended_at, event.reason.clone()));
        Ok(())
    }

    /// Whether it had a running subscription at a time.
    pub fn was_subscribed_at(&self, time: Timestamp) -> bool {
        self.any_subscription(|subscription| subscription.ran_at(time))
    }

    /// Whether it was subscribed when a version of the catalog was announced, and may be owed its notice (I7). One that
    /// began by that version, though in the same instant, began after it.
    pub fn was_subscribed_before(&self, announced_at: Timestamp, version: u32) -> bool {
        self.any_subscription(|subscription| {
            subscription.ran_at(announced_at) && subscription.catalog < version
        })
    }

    fn any_subscription(&self, test: impl Fn(&Subscription) -> bool) -> bool {
        self.records.as_deref().is_some_and(|records| records.subscriptions.all.iter().any(test))
    }
}
