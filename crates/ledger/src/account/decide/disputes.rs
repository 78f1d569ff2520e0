//! Disputes of calls and statements.

use super::super::command::{OpenDispute, ResolveDispute};
use super::super::{Account, Event, Refusal};
use crate::Timestamp;
use crate::book::Book;

pub(super) fn open(
    account: &Account,
    book: &Book,
    open: &OpenDispute,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, open, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn resolve(
    account: &Account,
    book: &Book,
    resolve: &ResolveDispute,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, resolve, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}
