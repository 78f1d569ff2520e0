//! Refunds of orders, in money: asked for, decided, reclaimed, paid out.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{LotAmount, is_false};
use crate::book::policy::Handling;
use crate::{Money, Token};

payloads! {
    /// A refund of an order is asked for. The time of this event is what windows and channels go by (Z6, P5).
    RefundRequested {
        /// The order.
        order_id: Token,
        /// Why, as a code.
        cause: Token,
        /// What was brought with it.
        evidence: Vec<Evidence>,
        /// By which way the money will go back.
        channel: Channel,
        /// By whom it is decided.
        handling: Handling,
        /// The clause that says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        clause: Option<CompactString>,
        /// The version of the policy that it is handled by.
        policy: u32,
        /// Kinds of evidence that are missing.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<Token>,
        /// What could be refunded then, before tax and fees.
        refundable: Money,
        /// Who asked.
        by: Token,
    }
    /// More evidence was brought for a refund (Z7).
    RefundEvidenceAdded {
        /// The refund.
        refund: u64,
        /// What was brought.
        evidence: Vec<Evidence>,
        /// Kinds of evidence that are still missing.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<Token>,
        /// Who brought it.
        by: Token,
    }
    /// A refund was approved. Until its amount is fixed, the order's lots are set aside.
    RefundApproved {
        /// The refund.
        refund: u64,
        /// Who approved it; nobody if it was decided by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Token>,
        /// What was agreed on, where the amount is negotiated (A2): before tax and fees.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agreed: Option<Money>,
    }
    /// The order's unspent credits are reclaimed, and what is owed for them is fixed (I5).
    RefundReclaimed {
        /// The refund.
        refund: u64,
        /// What is voided of which lots.
        lots: Vec<LotAmount>,
        /// What is owed for it.
        amount: Money,
        /// What is owed of the tax.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tax: Option<Money>,
        /// What is owed of the payment's fees.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fee: Option<Money>,
        /// What returns to the order's lots from now on is voided.
        #[serde(default, skip_serializing_if = "is_false")]
        lapses: bool,
    }
    /// A refund was denied.
    RefundDenied {
        /// The refund.
        refund: u64,
        /// Why, as a code (Z8).
        reason: Token,
        /// Who denied it.
        by: Token,
    }
    /// What was owed for a refund or a withdrawal was paid out.
    RefundPaid {
        /// The refund or the withdrawal.
        refund: u64,
        /// The payment, kept elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
        /// Who says so.
        by: Token,
    }
    /// What was owed for a refund or a withdrawal could not be paid out: the credits are the holder's again.
    RefundFailed {
        /// The refund or the withdrawal.
        refund: u64,
        /// Why, as a code.
        reason: Token,
        /// What is free again of which lots.
        reinstated: Vec<LotAmount>,
        /// Who says so.
        by: Token,
    }
}

/// Something that supports a request: what it is, and where the service keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// What it is, as a code.
    pub kind: Token,
    /// Where the service keeps it: opaque.
    #[serde(rename = "ref")]
    pub reference: Token,
}

/// By which way money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The way that the payment came.
    Original,
    /// Another way, to the same person.
    Alternative,
}
