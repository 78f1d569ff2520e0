//! What a payment provider says of a payment after it was made.

use super::super::command::PaymentNotice;
use super::super::{Account, Event, Refusal};
use crate::Timestamp;
use crate::book::Book;

pub(super) fn take_notice(
    account: &Account,
    book: &Book,
    notice: &PaymentNotice,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, notice, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}
