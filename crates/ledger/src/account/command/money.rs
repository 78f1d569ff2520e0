//! Credits in and out: top-ups, grants, rewards, subscriptions, refunds of orders, withdrawals, migrations.

use serde::{Deserialize, Serialize};

use super::super::Status;
use super::super::event::{Basis, Evidence, Payment};
use crate::book::{ClaimsSoFar, GrantSource};
use crate::{AccountId, BookId, Credits, Money, Timestamp, Token};

/// Credits for a payment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopUp {
    /// The order.
    pub order_id: Token,
    /// The product of the catalog that was bought.
    pub product_id: Token,
    /// The payment.
    pub payment: Payment,
    /// What its provider has said of it before: brought by who asks, not part of the command.
    #[serde(skip)]
    pub notices: Vec<PaymentChange>,
}

/// Credits without a payment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grant {
    /// Why.
    pub source: GrantSource,
    /// The campaign that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Token>,
    /// How many.
    pub credits: Credits,
    /// When they expire; without it, by the book's rule for the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Their place in a burn order by priority; without it, by the book's rule for the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u16>,
    /// A reason code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Token>,
    /// Who asks for it.
    #[serde(skip)]
    pub by: Token,
    /// What has been claimed of the campaign: brought by who asks, not part of the command.
    #[serde(skip)]
    pub so_far: ClaimsSoFar,
}

/// Claim a campaign's reward.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClaimReward {
    /// The campaign.
    pub campaign: Token,
    /// What has been claimed of it: brought by who asks, not part of the command.
    #[serde(skip)]
    pub so_far: ClaimsSoFar,
}

/// Subscribe to a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Subscribe {
    /// The plan.
    pub plan: Token,
    /// The order of the first period; without it, one is made of the account and the subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Token>,
    /// The payment of the first period.
    pub payment: Payment,
    /// What its provider has said of it before: brought by who asks, not part of the command.
    #[serde(skip)]
    pub notices: Vec<PaymentChange>,
}

/// Pay a period that began by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PayPeriod {
    /// The subscription.
    pub subscription: u64,
    /// The payment: of the first period that is not paid.
    pub payment: Payment,
    /// What its provider has said of it before: brought by who asks, not part of the command.
    #[serde(skip)]
    pub notices: Vec<PaymentChange>,
}

/// Ask for an order's money back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestRefund {
    /// The order.
    pub order_id: Token,
    /// Why, as a code.
    pub cause: Token,
    /// What supports it.
    pub evidence: Vec<Evidence>,
    /// Who asks.
    #[serde(skip)]
    pub by: Token,
}

/// Bring more evidence for a refund.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AddRefundEvidence {
    /// The refund.
    pub refund: u64,
    /// What supports it.
    pub evidence: Vec<Evidence>,
    /// Who brings it.
    #[serde(skip)]
    pub by: Token,
}

/// Approve a refund.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApproveRefund {
    /// The refund.
    pub refund: u64,
    /// What was agreed on, before tax and fees; only where the amount is negotiated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Who approves.
    #[serde(skip)]
    pub by: Token,
}

/// Deny a refund.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DenyRefund {
    /// The refund.
    pub refund: u64,
    /// Why, as a code.
    pub reason: Token,
    /// Who denies it.
    #[serde(skip)]
    pub by: Token,
}

/// What a payment provider says of a payment after it was made.
///
/// Notices come repeated, out of order and late: each says how things stand, so that none changes anything twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentNotice {
    /// The order that the payment was for, as the payment's own stream has it.
    pub order_id: Token,
    /// What it says.
    pub what: PaymentChange,
}

/// How a payment stands with its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PaymentChange {
    /// So much of it has been paid back so far, all in all.
    Refunded {
        /// How much.
        total: Money,
    },
    /// The payer disputes it.
    Disputed {
        /// The provider's id of the dispute.
        dispute: Token,
    },
    /// A dispute has ended.
    DisputeClosed {
        /// The provider's id of the dispute.
        dispute: Token,
        /// Whether the payment stands.
        won: bool,
        /// How much was disputed; without it, all of the payment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
    },
}

/// Pay a balance out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Withdraw {
    /// How many credits; without it, all that were paid for and are not in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits: Option<Credits>,
    /// A reason code.
    pub reason: Token,
    /// Where it is to be paid, kept elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Token>,
    /// Who asks for it.
    #[serde(skip)]
    pub by: Token,
}

/// Move a balance to another account.
///
/// It arrives as it left: a lot for each, with its order, cost basis, end and priority. It repays no debt there by
/// itself; that is for new money to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Migrate {
    /// The account.
    pub to: AccountId,
    /// How many credits; without it, all that are not in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits: Option<Credits>,
    /// A reason code.
    pub reason: Token,
    /// Who asks for it.
    #[serde(skip)]
    pub by: Token,
    /// The account that it goes to, as it stands: brought by who asks, not part of the command.
    #[serde(skip)]
    pub target: Option<MigrationTarget>,
}

/// Where a migration goes, as far as that decides whether it may begin. Whether it arrives is decided there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationTarget {
    /// Its book; nothing if there is no such account.
    pub book: Option<BookId>,
    /// Where it is in its life.
    pub status: Status,
}

/// Take in what another account has sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReceiveMigration {
    /// The account.
    pub from: AccountId,
    /// The book that it runs under: credits of one service are none of another's.
    pub book: BookId,
    /// The migration: the revision of the event that started it there.
    pub migration: u64,
    /// What it sent.
    pub lots: Vec<MovingLot>,
}

/// Credits of a lot, on their way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovingLot {
    /// The lot that they were of.
    pub lot: u64,
    /// How many.
    pub credits: Credits,
    /// Why they were granted; nothing if they were paid for.
    pub source: Option<GrantSource>,
    /// What was paid for them.
    pub basis: Option<Basis>,
    /// When they expire.
    pub expires_at: Option<Timestamp>,
    /// Their place in a burn order by priority.
    pub priority: u16,
}
