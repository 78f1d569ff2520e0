//! Withdrawals and migrations.

use super::super::command::{Migrate, ReceiveMigration, Withdraw};
use super::super::{Account, Event, Refusal};
use crate::book::Book;
use crate::{Timestamp, Token};

pub(super) fn withdraw(
    account: &Account,
    book: &Book,
    withdraw: &Withdraw,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, withdraw, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn migrate(
    account: &Account,
    book: &Book,
    migrate: &Migrate,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, migrate, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn receive(
    account: &Account,
    book: &Book,
    receive: &ReceiveMigration,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, receive, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn complete(
    account: &Account,
    book: &Book,
    migration: u64,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, migration, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn reverse(
    account: &Account,
    book: &Book,
    migration: u64,
    reason: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, migration, reason, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}
