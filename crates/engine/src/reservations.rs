//! What a command leaves in streams that accounts share, appended in the account's group: a payment, an order or a
//! reward that can be used once, and the accounts of an owner.
//!
//! The stream's name is a hash of its parts, book first. No read model is ever asked whether something exists.

use scrip_ledger::book::Book;
use scrip_ledger::event::{Payment, PeriodGranted, PeriodPaid, ToppedUp};
use scrip_ledger::{Account, AccountId, BookId, Command, Event, Refusal, Timestamp, Token};
use scrip_store::{EventStore, Expected, StoreError, StreamName};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::claims;
use crate::notices::is_notice;
use crate::owners::{ACCOUNT_OF_OWNER, AccountOfOwner, owner_stream};
use crate::shared::SharedStreams;

/// An event for a stream that accounts share.
pub(crate) struct Reservation {
    pub(crate) stream: StreamName,
    pub(crate) expected: Expected,
    pub(crate) event_type: &'static str,
    pub(crate) payload: Vec<u8>,
}

/// Why nothing can be reserved.
pub(crate) enum Taken {
    /// It was used before.
    Refused(Refusal),
    /// It may have been used before, by a command that is not durable yet.
    Perhaps,
    /// The store failed.
    Unknown(StoreError),
}

/// An event for a stream that accounts share, before its place in it is known.
struct Wanted {
    stream: StreamName,
    event_type: &'static str,
    payload: Vec<u8>,
    /// Why the command is refused if the stream exists; nothing if the event goes to its end.
    once: Option<Refusal>,
}

/// The payload of `payment_used`.
#[derive(Serialize)]
struct PaymentUsed<'a> {
    book: &'a BookId,
    provider: &'a Token,
    payment_id: &'a Token,
    account: &'a AccountId,
    order_id: &'a Token,
}

/// The payload of `order_placed`.
#[derive(Serialize)]
struct OrderPlaced<'a> {
    book: &'a BookId,
    order_id: &'a Token,
    account: &'a AccountId,
    lot: u64,
}

/// What a command leaves, if it leads to these events, the first of which has a revision in its account's stream.
pub(crate) fn reserve(
    shared: &SharedStreams,
    book: &Book,
    account: &Account,
    command: &Command,
    (first_revision, events): (u64, &[Event]),
    now: Timestamp,
) -> Result<Vec<Reservation>, Taken> {
    let mut reserved = Vec::new();
    for wanted in wanted(&book.id, account.id(), command, (first_revision, events)).into_iter().flatten() {
        let end = shared.end(&wanted.stream).map_err(Taken::Unknown)?;
        if let (Some(refusal), Some(last)) = (wanted.once, end.revision) {
            if !is_notice(&end.payload) {
                return Err(if end.is_ahead { Taken::Perhaps } else { Taken::Refused(refusal) });
            }
            // One that came after they were brought to the command: it is decided again.
            if command.notices().map_or(0, <[_]>::len) as u64 != last.saturating_add(1) {
                return Err(Taken::Perhaps);
            }
        }
        reserved.push(Reservation {
            stream: wanted.stream,
            expected: Expected::after(end.revision),
            event_type: wanted.event_type,
            payload: wanted.payload,
        });
    }
    claims::reserve(shared, book, account, events, first_revision, now, &mut reserved)?;
    Ok(reserved)
}

fn wanted(
    book: &BookId,
    account: &AccountId,
    command: &Command,
    (first_revision, events): (u64, &[Event]),
) -> Vec<Option<Wanted>> {
    match command {
        Command::TopUp(_) | Command::Subscribe(_) | Command::PayPeriod(_) => {
            let Some(Bought { order_id, payment, lot }) = bought(first_revision, events) else {
                return Vec::new();
            };
            let Payment { provider, payment_id, .. } = payment;
            let used = PaymentUsed { book, provider, payment_id, account, order_id };
            let placed = OrderPlaced { book, order_id, account, lot };
            let payment = [book.as_str(), provider.as_str(), payment_id.as_str()];
            let order = [book.as_str(), order_id.as_str()];
            vec![
                want(stream("payment", &payment), "payment_used", &used, Some(Refusal::PaymentAlreadyUsed)),
                want(stream("order", &order), "order_placed", &placed, Some(Refusal::Exists("the order"))),
            ]
        }
        Command::Open(open) => {
            let Some(owner) = &open.owner else { return Vec::new() };
            let named = AccountOfOwner { book: book.clone(), owner: owner.clone(), account: account.clone() };
            vec![want(owner_stream(book, owner), ACCOUNT_OF_OWNER, &named, None)]
        }
        _ => Vec::new(),
    }
}

/// An order, what paid for it, and the lot that it brought.
struct Bought<'a> {
    order_id: &'a Token,
    payment: &'a Payment,
    lot: u64,
}

/// The order that is paid by one of these events. Periods that begin by themselves are not paid then.
fn bought(first_revision: u64, events: &[Event]) -> Option<Bought<'_>> {
    events.iter().zip(first_revision..).find_map(|(event, revision)| match event {
        Event::ToppedUp(ToppedUp { order_id, payment, .. }) => {
            Some(Bought { order_id, payment, lot: revision })
        }
        Event::PeriodGranted(PeriodGranted { order_id, payment: Some(payment), .. }) => {
            Some(Bought { order_id, payment, lot: revision })
        }
        Event::PeriodPaid(PeriodPaid { order_id, payment, lot, .. }) => {
            Some(Bought { order_id, payment, lot: *lot })
        }
        _ => None,
    })
}

fn want(
    stream: Option<StreamName>,
    event_type: &'static str,
    payload: &impl Serialize,
    once: Option<Refusal>,
) -> Option<Wanted> {
    Some(Wanted { stream: stream?, event_type, payload: serde_json::to_vec(payload).ok()?, once })
}

/// The account that an order was placed for. Blocks on the store.
pub(crate) fn account_of_order(
    store: &dyn EventStore,
    book: &BookId,
    order_id: &Token,
) -> Result<Option<AccountId>, StoreError> {
    #[derive(serde::Deserialize)]
    struct Placed {
        account: AccountId,
    }

    let Some(stream) = stream("order", &[book.as_str(), order_id.as_str()]) else { return Ok(None) };
    let placed = store.read_stream(&stream, 0, 1)?;
    let read = |placed: &scrip_store::Recorded| serde_json::from_slice::<Placed>(&placed.event.payload).ok();
    Ok(placed.first().and_then(read).map(|placed| placed.account))
}

/// `kind-` and 128 bits of the SHA-256 of the parts, in hex.
pub(crate) fn stream(kind: &str, parts: &[&str]) -> Option<StreamName> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let hex: String = hasher.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    StreamName::new(&format!("{kind}-{hex}")).ok()
}
