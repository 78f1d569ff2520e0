//! Refunds of orders: asked for, decided, reclaimed, paid out.

use super::super::command::{AddRefundEvidence, ApproveRefund, DenyRefund, RequestRefund};
use super::super::{Account, Event, Refusal};
use super::due::Appointment;
use crate::book::Book;
use crate::{Timestamp, Token};

pub(super) fn request(
    account: &Account,
    book: &Book,
    request: &RequestRefund,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, request, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn add_evidence(
    account: &Account,
    book: &Book,
    add: &AddRefundEvidence,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, add, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn approve(
    account: &Account,
    book: &Book,
    approve: &ApproveRefund,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, approve, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn deny(
    account: &Account,
    book: &Book,
    deny: &DenyRefund,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, deny, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn paid(
    account: &Account,
    book: &Book,
    refund: u64,
    reference: Option<&Token>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, refund, reference, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

pub(super) fn failed(
    account: &Account,
    book: &Book,
    refund: u64,
    reason: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (account, book, refund, reason, now);
    Err(Refusal::NotEligible { reason: "not built yet", clause: None })
}

/// An approved refund whose last hold has settled: its amount is fixed at once.
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    let _ = (account, book);
    None
}
