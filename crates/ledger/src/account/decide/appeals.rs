//! Appeals against measures.

use super::super::{Account, Event, Refusal};
use crate::book::Book;
use crate::{Timestamp, Token};

pub(super) fn file(
    account: &Account,
    book: &Book,
    measure: u64,
    reference: Option<&Token>,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, measure, reference, by, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn decide(
    account: &Account,
    book: &Book,
    appeal: u64,
    upheld: bool,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, appeal, upheld, by, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}
