//! Violations of the terms, and what a number of them leads to.

use super::super::{Account, Event, Refusal};
use crate::book::Book;
use crate::{Timestamp, Token};

pub(super) fn record(
    account: &Account,
    book: &Book,
    reason: &Token,
    reference: Option<&Token>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, reason, reference, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn close_review(
    account: &Account,
    book: &Book,
    review: u64,
    decision: &Token,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, review, decision, by, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}
