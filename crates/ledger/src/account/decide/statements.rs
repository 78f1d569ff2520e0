//! Statements: issued when their period has ended, final when they can no longer be disputed (M5).

use super::super::Account;
use super::due::Appointment;
use crate::book::Book;

/// The next statement that is to be issued, or to become final.
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    let _ = (account, book);
    None
}
