//! What a payment provider says of a payment after it was made.

use serde::{Deserialize, Serialize};

use super::{LotAmount, is_false};
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
        /// What returns to the order's lots from now on is voided.
        #[serde(default, skip_serializing_if = "is_false")]
        lapses: bool,
    }
    /// The payer disputes a payment at the provider. What the book freezes for it is the event before.
    PaymentDisputed {
        /// The order that it paid for.
        order_id: Token,
        /// The provider's id of the dispute.
        dispute: Token,
        /// What is frozen for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        freeze: Option<u64>,
    }
    /// A dispute at the provider has ended.
    PaymentDisputeClosed {
        /// The order.
        order_id: Token,
        /// The provider's id of the dispute.
        dispute: Token,
        /// Whether the payment stands; if not, it was taken back.
        won: bool,
        /// Of a payment that was taken back: the credits that its part of the price had paid for.
        #[serde(default, skip_serializing_if = "Credits::is_zero")]
        credits: Credits,
        /// Of a payment that was taken back: what is voided of which lots.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lots: Vec<LotAmount>,
        /// Of a payment that was taken back: what of its credits was spent, and is owed now.
        #[serde(default, skip_serializing_if = "Credits::is_zero")]
        debt: Credits,
        /// What returns to the order's lots from now on is voided.
        #[serde(default, skip_serializing_if = "is_false")]
        lapses: bool,
    }
}
