//! What a payment provider says of a payment after it was made.

use serde::{Deserialize, Serialize};

use super::LotAmount;
use crate::{Credits, Money, Token};

payloads! {
    /// The provider has paid back a part of a payment, or all of it.
    PaymentRefunded {
        /// The order that it paid for.
        order_id: Token,
        /// What it has paid back so far, all in all.
        refunded: Money,
        /// What is voided for it, of which lots. What was spent already stays spent.
        lots: Vec<LotAmount>,
    }
    /// The payer disputes a payment at the provider. What the book freezes for it is the next event.
    PaymentDisputed {
        /// The order that it paid for.
        order_id: Token,
        /// The provider's id of the dispute.
        dispute: Token,
    }
    /// A dispute at the provider has ended.
    PaymentDisputeClosed {
        /// The order.
        order_id: Token,
        /// The provider's id of the dispute.
        dispute: Token,
        /// Whether the payment stands; if not, it was taken back.
        won: bool,
        /// Of a payment that was taken back: what is voided of which lots.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lots: Vec<LotAmount>,
        /// Of a payment that was taken back: what of its credits was spent, and is owed now.
        #[serde(default, skip_serializing_if = "Credits::is_zero")]
        debt: Credits,
    }
}
