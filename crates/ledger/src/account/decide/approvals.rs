//! What waits for a second person: adjustments, and grants by hand above the threshold.

use super::super::{Account, Event, Refusal};
use crate::book::Book;
use crate::{Credits, Timestamp, Token};

pub(super) fn adjust(
    account: &Account,
    book: &Book,
    credits: Credits,
    reason: &Token,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, credits, reason, by, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn approve(
    account: &Account,
    book: &Book,
    approval: u64,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, approval, by, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn reject(
    account: &Account,
    book: &Book,
    approval: u64,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, approval, by, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}
