//! Subscriptions: begun, renewed, paid, cancelled, ended.

use super::super::command::{PayPeriod, Subscribe};
use super::super::{Account, Event, Refusal};
use super::due::Appointment;
use crate::book::Book;
use crate::{Timestamp, Token};

pub(super) fn subscribe(
    account: &Account,
    book: &Book,
    subscribe: &Subscribe,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, subscribe, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn cancel(
    account: &Account,
    book: &Book,
    subscription: u64,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, subscription, by, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn pay(
    account: &Account,
    book: &Book,
    pay: &PayPeriod,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, pay, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

/// The next period that begins, or the end of a subscription.
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    let _ = (account, book);
    None
}
