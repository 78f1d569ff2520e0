//! Orders: what was bought by top-ups and by periods of subscriptions, how it stands, and how it was paid.

use scrip_ledger::event::{Basis, Payment};
use scrip_ledger::records::{Payout, SubscriptionPeriod};
use scrip_ledger::{Account, Event, Token};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::rows::{Latest, credits, minor, minor_of, units, word};
use crate::table::{Change, OnConflict, Row, Table, Value, amount, int, number, text};

pub(crate) const ORDERS: Table = Table {
    name: "orders",
    key: 2,
    columns: &[
        text("account"),
        text("order_id"),
        text("book"),
        text("standing"),
        text("currency"),
        int("price"),
        int("paid"),
        int("tax"),
        int("fee"),
        text("provider"),
        int("paid_at"),
        amount("credits"),
        int("refunded"),
        int("refunded_by_provider"),
        int("refunded_elsewhere"),
        int("refund"),
        text("moved_to"),
        text("kind"),
        text("product"),
        int("subscription"),
        int("catalog"),
        int("ordered_at"),
        int("position"),
    ],
    once: 6,
    on_conflict: OnConflict::Replace,
};

pub(crate) const PAYMENTS: Table = Table {
    name: "payments",
    key: 2,
    columns: &[
        text("account"),
        text("order_id"),
        text("book"),
        text("provider"),
        text("payment_id"),
        text("method"),
        text("currency"),
        int("amount"),
        int("tax"),
        int("fee"),
        int("recorded_at"),
        int("position"),
    ],
    once: 10,
    on_conflict: OnConflict::Replace,
};

pub(crate) struct Orders {
    orders: Latest,
    payments: Latest,
}

impl Default for Orders {
    fn default() -> Self {
        Self { orders: Latest::of(&ORDERS), payments: Latest::of(&PAYMENTS) }
    }
}

impl Model for Orders {
    fn name(&self) -> &'static str {
        "orders"
    }

    fn schema(&self) -> &'static str {
        include_str!("orders.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&ORDERS, &PAYMENTS]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        for order in touched(step) {
            if let Some(row) = row(step, &order)? {
                self.orders.put(row);
            }
        }
        match step.event {
            Event::ToppedUp(top_up) => self.pay(step, &top_up.order_id, &top_up.payment),
            Event::PeriodPaid(paid) => self.pay(step, &paid.order_id, &paid.payment),
            Event::PeriodGranted(granted) => match &granted.payment {
                Some(payment) => self.pay(step, &granted.order_id, payment),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn drain(&mut self, _: &Folded) -> Vec<Change> {
        vec![self.orders.drain(), self.payments.drain()]
    }
}

impl Orders {
    fn pay(&mut self, step: &AccountStep<'_>, order: &Token, payment: &Payment) -> Result<(), Fault> {
        self.payments.put(vec![
            step.id().as_str().into(),
            order.as_str().into(),
            step.book.as_str().into(),
            payment.provider.as_str().into(),
            payment.payment_id.as_str().into(),
            payment.method.as_str().into(),
            payment.amount.currency().code().into(),
            minor(payment.amount)?,
            minor_of(payment.tax)?,
            minor_of(payment.fee)?,
            step.place.recorded_at.into(),
            number(step.place.position),
        ]);
        Ok(())
    }
}

/// The orders that an event changes.
fn touched(step: &AccountStep<'_>) -> Vec<Token> {
    let of_refund = |refund: u64| {
        let payout = step.account.records().orders.payouts.get(&refund);
        payout.and_then(Payout::refund).map(|of| of.order_id.clone()).into_iter().collect()
    };
    match step.event {
        Event::ToppedUp(event) => vec![event.order_id.clone()],
        Event::PeriodGranted(event) => vec![event.order_id.clone()],
        Event::PeriodPaid(event) => vec![event.order_id.clone()],
        Event::LotReceived(event) => event.basis.iter().map(|basis| basis.order_id.clone()).collect(),
        Event::PaymentRefunded(event) => vec![event.order_id.clone()],
        Event::PaymentDisputed(event) => vec![event.order_id.clone()],
        Event::PaymentDisputeClosed(event) => vec![event.order_id.clone()],
        Event::RefundRequested(event) => vec![event.order_id.clone()],
        Event::RefundApproved(event) => of_refund(event.refund),
        Event::RefundReclaimed(event) => of_refund(event.refund),
        Event::RefundDenied(event) => of_refund(event.refund),
        Event::RefundPaid(event) => of_refund(event.refund),
        Event::RefundFailed(event) => of_refund(event.refund),
        // Which orders' credits have arrived elsewhere is seen from the account.
        Event::MigrationCompleted(_) => {
            let moves = &step.account.records().moves;
            let moved = |order: &Token| moves.moved_to(order).is_some();
            step.account.order_ids().into_iter().filter(moved).collect()
        }
        _ => Vec::new(),
    }
}

fn row(step: &AccountStep<'_>, order: &Token) -> Result<Option<Row>, Fault> {
    let account = step.account;
    let basis = account.lots_of_order(order).find_map(|lot| lot.basis.as_deref());
    let period = period(account, order);
    let Some(price) = basis.map(|basis| basis.paid).or(period.map(|period| period.price)) else {
        return Ok(None);
    };
    let granted = period.and_then(|period| account.lot(period.lot)).map(|lot| lot.granted);
    let records = &account.records().orders;
    let standing = records.standings.get(order);
    let under_way = records.refunds_of(order).find(|(_, payout, _)| payout.is_under_way());
    let mut row = vec![
        account.id().as_str().into(),
        order.as_str().into(),
        step.book.as_str().into(),
        stands(account, order, basis).into(),
        price.currency().code().into(),
        minor(price)?,
        minor_of(basis.map(|basis| basis.paid))?,
        minor_of(basis.and_then(|basis| basis.tax))?,
        minor_of(basis.and_then(|basis| basis.fee))?,
        word(basis.and_then(|basis| basis.provider.as_ref())),
        basis.map(|basis| basis.paid_at).into(),
        credits(basis.map(|basis| basis.credits).or(granted).unwrap_or_default())?,
        units(refunded(account, order)?)?,
        units(standing.map_or(0, |standing| standing.refunded))?,
        units(standing.map_or(0, |standing| standing.elsewhere))?,
        under_way.map_or(Value::Int(None), |(refund, ..)| number(refund)),
        word(account.records().moves.moved_to(order)),
    ];
    row.extend(origin(step));
    Ok(Some(row))
}

fn period<'a>(account: &'a Account, order: &Token) -> Option<&'a SubscriptionPeriod> {
    let mut all = account.records().subscriptions.all().iter().flat_map(|known| &known.periods);
    all.find(|period| period.order_id == *order)
}

/// How an order stands, in a word.
fn stands(account: &Account, order: &Token, basis: Option<&Basis>) -> &'static str {
    let records = &account.records().orders;
    let standing = records.standings.get(order);
    let any = |test: fn(&Payout) -> bool| records.refunds_of(order).any(|(_, payout, _)| test(payout));
    if basis.is_none() {
        "unpaid"
    } else if standing.is_some_and(|standing| standing.was_taken_back()) {
        "charged_back"
    } else if standing.is_some_and(|standing| standing.is_disputed()) {
        "disputed"
    } else if any(Payout::is_due) {
        "refunded"
    } else if any(Payout::is_under_way) {
        "refund_under_way"
    } else if standing.is_some_and(|standing| standing.elsewhere > 0) {
        "refunded_by_provider"
    } else {
        "paid"
    }
}

/// What is owed or was paid out for an order, tax and fees included.
fn refunded(account: &Account, order: &Token) -> Result<u64, Fault> {
    let due = account.records().orders.refunds_of(order).filter(|(_, payout, _)| payout.is_due());
    let parts = due.flat_map(|(_, payout, _)| payout.amounts.iter().chain(&payout.tax).chain(&payout.fee));
    let mut parts = parts.map(scrip_ledger::Money::minor);
    parts.try_fold(0u64, u64::checked_add).ok_or(Fault::OutOfRange("what was refunded of an order"))
}

/// How an order came to be, if this event made it.
fn origin(step: &AccountStep<'_>) -> [Value; 6] {
    let (at, position) = (step.place.recorded_at.into(), number(step.place.position));
    let nothing = Value::Int(None);
    match step.event {
        Event::ToppedUp(top_up) => {
            ["top_up".into(), word(Some(&top_up.product_id)), nothing, top_up.catalog.into(), at, position]
        }
        Event::PeriodGranted(granted) => {
            let subscription = step.account.records().subscriptions.get(granted.subscription);
            let plan = word(subscription.map(|subscription| &subscription.plan));
            let catalog = granted.catalog.into();
            ["period".into(), plan, number(granted.subscription), catalog, at, position]
        }
        Event::LotReceived(_) => {
            ["received".into(), Value::Text(None), nothing.clone(), nothing, at, position]
        }
        _ => {
            [Value::Text(None), Value::Text(None), nothing.clone(), nothing.clone(), nothing.clone(), nothing]
        }
    }
}
