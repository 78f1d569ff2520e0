//! Subscriptions, and their periods: paid, or not.

use compact_str::ToCompactString;
use scrip_ledger::records::{Subscription, SubscriptionPeriod};
use scrip_ledger::{Event, MintedKind};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::rows::{Latest, credits, minor, minted, word};
use crate::table::{Change, OnConflict, Row, Table, Value, amount, int, number, text};

pub(crate) const SUBSCRIPTIONS: Table = Table {
    name: "subscriptions",
    key: 2,
    columns: &[
        text("account"),
        int("subscription"),
        text("book"),
        text("id"),
        text("plan"),
        text("state"),
        text("every"),
        int("began_at"),
        int("period_from"),
        int("period_until"),
        int("periods"),
        int("paid"),
        int("ends_at"),
        int("ended_at"),
        text("end_reason"),
    ],
    once: 0,
    on_conflict: OnConflict::Replace,
};

pub(crate) const PERIODS: Table = Table {
    name: "subscription_periods",
    key: 2,
    columns: &[
        text("account"),
        int("lot"),
        text("book"),
        int("subscription"),
        text("order_id"),
        int("from_time"),
        int("until_time"),
        text("currency"),
        int("price"),
        int("paid_at"),
        amount("credits"),
    ],
    once: 0,
    on_conflict: OnConflict::Replace,
};

pub(crate) struct Subscriptions {
    subscriptions: Latest,
    periods: Latest,
}

impl Default for Subscriptions {
    fn default() -> Self {
        Self { subscriptions: Latest::of(&SUBSCRIPTIONS), periods: Latest::of(&PERIODS) }
    }
}

impl Model for Subscriptions {
    fn name(&self) -> &'static str {
        "subscriptions"
    }

    fn schema(&self) -> &'static str {
        include_str!("subscriptions.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&SUBSCRIPTIONS, &PERIODS]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        let (revision, lot) = match step.event {
            Event::Subscribed(_) => (step.place.revision, None),
            Event::PeriodGranted(event) => (event.subscription, Some(step.place.revision)),
            Event::PeriodPaid(event) => (event.subscription, Some(event.lot)),
            Event::SubscriptionCancelled(event) => (event.subscription, None),
            Event::SubscriptionEnded(event) => (event.subscription, None),
            _ => return Ok(()),
        };
        let Some(subscription) = step.account.records().subscriptions.get(revision) else { return Ok(()) };
        self.subscriptions.put(row(step, subscription));
        let period = subscription.periods.iter().rev().find(|period| Some(period.lot) == lot);
        if let Some(period) = period {
            self.periods.put(period_row(step, revision, period)?);
        }
        Ok(())
    }

    fn drain(&mut self, _: &Folded) -> Vec<Change> {
        vec![self.subscriptions.drain(), self.periods.drain()]
    }
}

fn row(step: &AccountStep<'_>, subscription: &Subscription) -> Row {
    let state = match (&subscription.ended, subscription.cancelled) {
        (Some(_), _) => "ended",
        (None, Some(_)) => "cancelled",
        (None, None) => "running",
    };
    vec![
        step.id().as_str().into(),
        number(subscription.revision),
        step.book.as_str().into(),
        minted(step.id(), MintedKind::Subscription, subscription.revision),
        subscription.plan.as_str().into(),
        state.into(),
        Value::Text(Some(subscription.every.to_compact_string())),
        subscription.began_at.into(),
        subscription.period().map(|period| period.from).into(),
        subscription.period().map(|period| period.until).into(),
        number(subscription.periods.len() as u64),
        number(subscription.paid as u64),
        subscription.cancelled.into(),
        subscription.ended.as_ref().map(|(at, _)| *at).into(),
        word(subscription.ended.as_ref().map(|(_, reason)| reason)),
    ]
}

fn period_row(step: &AccountStep<'_>, subscription: u64, period: &SubscriptionPeriod) -> Result<Row, Fault> {
    let lot = step.account.lot(period.lot);
    Ok(vec![
        step.id().as_str().into(),
        number(period.lot),
        step.book.as_str().into(),
        number(subscription),
        period.order_id.as_str().into(),
        period.from.into(),
        period.until.into(),
        period.price.currency().code().into(),
        minor(period.price)?,
        lot.and_then(|lot| lot.basis.as_deref()).map(|basis| basis.paid_at).into(),
        credits(lot.map(|lot| lot.granted).unwrap_or_default())?,
    ])
}
