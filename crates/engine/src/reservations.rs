//! Uniqueness across accounts: a stream of its own for what may be used once, appended in the account's group.
//!
//! The stream's name is a hash of its parts, book first. No read model is ever asked whether something exists.

use scrip_ledger::{AccountId, BookId, Command, Refusal, Token};
use scrip_store::StreamName;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Something that may be used once.
pub(crate) struct Reservation {
    pub(crate) stream: StreamName,
    pub(crate) event_type: &'static str,
    pub(crate) payload: Vec<u8>,
    /// Why the command is refused if it was used before.
    pub(crate) taken: Refusal,
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

/// What a command uses up, if it is accepted at a revision of its account.
pub(crate) fn reservations(
    book: &BookId,
    account: &AccountId,
    revision: u64,
    command: &Command,
) -> Vec<Reservation> {
    let Command::TopUp(top_up) = command else { return Vec::new() };
    let payment = &top_up.payment;
    let used = PaymentUsed {
        book,
        provider: &payment.provider,
        payment_id: &payment.payment_id,
        account,
        order_id: &top_up.order_id,
    };
    let placed = OrderPlaced { book, order_id: &top_up.order_id, account, lot: revision };
    let payment_parts = [book.as_str(), payment.provider.as_str(), payment.payment_id.as_str()];
    let reserve = |kind, parts: &[&str], event_type, payload: serde_json::Result<Vec<u8>>, taken| {
        Some(Reservation { stream: stream(kind, parts)?, event_type, payload: payload.ok()?, taken })
    };
    [
        reserve(
            "payment",
            &payment_parts,
            "payment_used",
            serde_json::to_vec(&used),
            Refusal::PaymentAlreadyUsed,
        ),
        reserve(
            "order",
            &[book.as_str(), top_up.order_id.as_str()],
            "order_placed",
            serde_json::to_vec(&placed),
            Refusal::Exists("the order"),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `kind-` and 128 bits of the SHA-256 of the parts, in hex.
fn stream(kind: &str, parts: &[&str]) -> Option<StreamName> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let hex: String = hasher.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    StreamName::new(&format!("{kind}-{hex}")).ok()
}
