//! What is owed to a holder in money: refunds of orders, and withdrawals.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::super::Bucket;
use super::super::event::{Channel, Evidence, LotAmount};
use super::super::evolve::Contradiction;
use crate::book::policy::Handling;
use crate::{Money, Timestamp, Token};

/// A refund of an order, or a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// Which of both.
    pub kind: PayoutKind,
    /// How far it has come.
    pub state: PayoutState,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Who asked.
    pub requested_by: Token,
    /// How it was decided. A withdrawal is decided as soon as it is asked for.
    pub decision: Option<Decision>,
    /// What was taken of which lots for it.
    pub lots: Vec<LotAmount>,
    /// What is owed for them, by currency, before tax and fees.
    pub amounts: Vec<Money>,
    /// What is owed of the tax.
    pub tax: Option<Money>,
    /// What is owed of the payment's fees.
    pub fee: Option<Money>,
    /// How it ended.
    pub ending: Option<Ending>,
}

/// What is paid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutKind {
    /// The payment of an order.
    Refund(Box<RefundOf>),
    /// A balance.
    Withdrawal,
}

/// What is to be refunded, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundOf {
    /// The order.
    pub order_id: Token,
    /// Why, as a code.
    pub cause: Token,
    /// What was brought for it.
    pub evidence: Vec<Evidence>,
    /// By which way the money goes back.
    pub channel: Channel,
    /// By whom it is decided.
    pub handling: Handling,
    /// The clause that says so.
    pub clause: Option<CompactString>,
    /// The version of the policy that it is handled by.
    pub policy: u32,
    /// What was agreed on.
    pub agreed: Option<Money>,
    /// The lots that are set aside for it while it waits for holds.
    pub(in crate::account) set_aside: Vec<u64>,
}

/// How far a payout has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutState {
    /// It was asked for.
    Requested,
    /// It was approved, and waits for holds on the order's lots.
    Waiting,
    /// It was approved, and what is owed is fixed.
    Owed,
    /// It was denied.
    Denied,
    /// It was paid out.
    Paid,
    /// It could not be paid out.
    Failed,
}

/// How something was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// By whom; nobody if it was decided by itself.
    pub by: Option<Token>,
    /// When.
    pub at: Timestamp,
    /// Why it was denied, as a code.
    pub reason: Option<Token>,
}

/// How a payout ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Who says so.
    pub by: Token,
    /// When.
    pub at: Timestamp,
    /// Why it failed, as a code.
    pub reason: Option<Token>,
    /// The payment, kept elsewhere.
    pub reference: Option<Token>,
}

impl Payout {
    /// A withdrawal: credits were taken, and this is owed for them.
    pub fn withdrawal(lots: Vec<LotAmount>, amounts: Vec<Money>, by: Token, at: Timestamp) -> Self {
        Self {
            kind: PayoutKind::Withdrawal,
            state: PayoutState::Owed,
            requested_at: at,
            requested_by: by,
            decision: None,
            lots,
            amounts,
            tax: None,
            fee: None,
            ending: None,
        }
    }

    /// What is refunded; nothing of a withdrawal.
    pub fn refund(&self) -> Option<&RefundOf> {
        match &self.kind {
            PayoutKind::Refund(of) => Some(of),
            PayoutKind::Withdrawal => None,
        }
    }

    /// Whether nobody has decided it, or it waits for holds.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, PayoutState::Requested | PayoutState::Waiting)
    }

    /// Whether it is owed, or was paid out.
    pub fn is_due(&self) -> bool {
        matches!(self.state, PayoutState::Owed | PayoutState::Paid)
    }

    /// What is owed or was paid out, tax and fees included, in minor units. Of a refund, which has one currency.
    pub(in crate::account) fn minor(&self) -> u64 {
        let parts = self.amounts.iter().chain(&self.tax).chain(&self.fee);
        let sum = parts.fold(0u64, |sum, part| sum.saturating_add(part.minor()));
        if self.is_due() { sum } else { 0 }
    }

    /// Where the credits are that were taken for it.
    pub(in crate::account) fn bucket(&self) -> Bucket {
        match self.kind {
            PayoutKind::Refund(_) => Bucket::Reclaimed,
            PayoutKind::Withdrawal => Bucket::Withdrawn,
        }
    }

    pub(super) fn refund_mut(&mut self) -> Result<&mut RefundOf, Contradiction> {
        match &mut self.kind {
            PayoutKind::Refund(of) => Ok(of),
            PayoutKind::Withdrawal => Err("a withdrawal is no refund"),
        }
    }

    pub(super) fn in_state(&self, state: PayoutState) -> Result<(), Contradiction> {
        if self.state == state { Ok(()) } else { Err("the refund is not in that state") }
    }
}

impl PayoutState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Waiting => "waiting",
            Self::Owed => "approved",
            Self::Denied => "denied",
            Self::Paid => "paid",
            Self::Failed => "failed",
        }
    }
}
