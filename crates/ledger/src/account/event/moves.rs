//! Credits that leave an account other than by calls: withdrawals, and migrations to another account.

use serde::{Deserialize, Serialize};

use super::LotAmount;
use crate::book::GrantSource;
use crate::{AccountId, Credits, Money, Timestamp, Token};

payloads! {
    /// Credits are given up for what was paid for them, which is owed to the holder from now on (A4).
    Withdrawn {
        /// What of which lots.
        lots: Vec<LotAmount>,
        /// What is owed for it, by currency.
        amounts: Vec<Money>,
        /// A reason code.
        reason: Token,
        /// Where it is to be paid, kept elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
        /// Who asked for it.
        by: Token,
    }
    /// Credits are on their way to another account (A4).
    MigrationStarted {
        /// The account.
        to: AccountId,
        /// What of which lots.
        lots: Vec<LotAmount>,
        /// A reason code.
        reason: Token,
        /// Who asked for it.
        by: Token,
    }
    /// Credits arrived from another account: a lot with the order, cost basis and end that it had there.
    LotReceived {
        /// The account that they came from.
        from: AccountId,
        /// The migration: the revision of the event that started it there.
        migration: u64,
        /// The lot that they were of there.
        lot: u64,
        /// How many.
        credits: Credits,
        /// Why they were granted there; nothing if they were paid for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<GrantSource>,
        /// The order that paid for them, and what was paid for how many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        basis: Option<Basis>,
        /// When they expire.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        /// The lot's place in a burn order by priority.
        priority: u16,
    }
    /// A migration has arrived.
    MigrationCompleted {
        /// The migration.
        migration: u64,
    }
    /// A migration was refused where it went: the credits are back in their lots.
    MigrationReversed {
        /// The migration.
        migration: u64,
        /// What is free again of which lots.
        lots: Vec<LotAmount>,
        /// The code of the refusal.
        reason: Token,
    }
}

/// What was paid for a lot: so much money for so many credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Basis {
    /// The order.
    pub order_id: Token,
    /// What was paid, before tax and fees.
    pub paid: Money,
    /// For how many credits.
    pub credits: Credits,
    /// When.
    pub paid_at: Timestamp,
    /// Through which payment provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Token>,
    /// Tax that came on top of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Money>,
    /// Fees that came on top of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Money>,
}
