//! Claims for compensation: money that the holder owes, apart from credits.

use super::super::{Account, Event, Refusal};
use crate::book::Book;
use crate::{Money, Timestamp, Token};

pub(super) fn claim(
    account: &Account,
    book: &Book,
    amount: Money,
    reason: &Token,
    reference: Option<&Token>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, amount, reason, reference, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn settle(
    account: &Account,
    book: &Book,
    claim: u64,
    paid: bool,
    reference: Option<&Token>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, claim, paid, reference, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}
