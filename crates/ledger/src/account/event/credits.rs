//! Credits in, and what becomes of lots and of debt.

use serde::{Deserialize, Serialize};

use crate::book::GrantSource;
use crate::{Credits, Money, Timestamp, Token};

/// An amount of one lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LotAmount {
    /// The lot: the revision of the event that made it.
    pub lot: u64,
    /// How much of it.
    pub amount: Credits,
}

/// A lot past its expiry that lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Revived {
    /// The lot.
    pub lot: u64,
    /// Its new end.
    pub expires_at: Timestamp,
}

payloads! {
    /// A payment brought credits: a lot with its order and cost basis.
    ToppedUp {
        /// The order.
        order_id: Token,
        /// The product of the catalog that was bought (P2).
        product_id: Token,
        /// The version of the catalog that it was bought from.
        catalog: u32,
        /// The payment.
        payment: Payment,
        /// The credits that it brought.
        credits: Credits,
        /// When they expire.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        /// The lot's place in a burn order by priority.
        priority: u16,
    }
    /// Credits were granted without a payment: a lot without a cost basis.
    Granted {
        /// Why.
        source: GrantSource,
        /// The campaign that it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<Token>,
        /// How many.
        credits: Credits,
        /// When they expire.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        /// The lot's place in a burn order by priority.
        priority: u16,
        /// A reason code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Token>,
        /// The approval that it waited for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approval: Option<u64>,
        /// The dispute that it settles.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dispute: Option<u64>,
    }
    /// A lot's free credits reached their end.
    LotExpired {
        /// The lot.
        lot: u64,
        /// What was free of it.
        amount: Credits,
        /// The end that was reached; the event takes effect then.
        expired_at: Timestamp,
    }
    /// A lot's free credits are forfeited (M7, I8).
    LotForfeited {
        /// The lot.
        lot: u64,
        /// What was free of it.
        amount: Credits,
        /// A reason code.
        reason: Token,
    }
    /// What a lot had forfeited is free again: an appeal was upheld (M9).
    LotReinstated {
        /// The lot.
        lot: u64,
        /// How much of it.
        amount: Credits,
    }
    /// What returned to a lot whose order was refunded or charged back is voided.
    LotReclaimed {
        /// The lot.
        lot: u64,
        /// How much of it.
        amount: Credits,
    }
    /// New credits first repay the debt.
    DebtRepaid {
        /// What of which lots.
        lots: Vec<LotAmount>,
    }
    /// The account may owe up to so much.
    CreditLineSet {
        /// The limit; zero for none.
        limit: Credits,
    }
    /// The account has owed for too long: calls are refused until it owes nothing (M6).
    DebtOverdue {
        /// What it owed.
        debt: Credits,
        /// By when it had to be repaid; the event takes effect then.
        due_at: Timestamp,
    }
}

/// A payment: what was paid for the credits, and what came on top of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Payment {
    /// The payment provider.
    pub provider: Token,
    /// The provider's id of the payment; used once for ever.
    pub payment_id: Token,
    /// How it was paid, as a code.
    pub method: Token,
    /// The price of the credits: their cost basis.
    pub amount: Money,
    /// Tax on top of it, in the same currency; it does not turn into credits (P9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Money>,
    /// Fees on top of it, in the same currency; they do not turn into credits (P9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Money>,
}
