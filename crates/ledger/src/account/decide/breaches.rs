//! Material breaches: notified, cured, or the end.

use super::super::command::NotifyBreach;
use super::super::{Account, Event, Refusal};
use super::due::Appointment;
use crate::book::Book;
use crate::{Timestamp, Token};

pub(super) fn notify(
    account: &Account,
    book: &Book,
    notify: &NotifyBreach,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, notify, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn cure(
    account: &Account,
    book: &Book,
    breach: u64,
    reference: Option<&Token>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, breach, reference, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

/// The next breach that was not cured in time (Z15).
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    let _ = (account, book);
    None
}
