//! Money back: refunds of orders, and what a payment provider takes back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Clause;
use crate::Token;

/// Refunds of orders, in money.
///
/// What is refundable is the unspent part of the order's lots at their cost basis, rounded down to the minor unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundTerms {
    /// How a request is handled, by its cause.
    #[serde(default)]
    pub causes: BTreeMap<Token, RefundRule>,
    /// How a request is handled whose cause is not among them.
    pub otherwise: RefundRule,
    /// In place of the cause's rule, for an account that the service has ended (Z9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminated: Option<TerminatedRule>,
    /// By which way the money goes back; without it, always by the one it came (Z6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelRule>,
    /// What must be there before a request can be approved (Z7).
    #[serde(default)]
    pub evidence: Vec<EvidenceRule>,
    /// Whether who asked for a refund may approve it. A second person is needed unless this says otherwise.
    #[serde(default = "yes")]
    pub four_eyes: bool,
    /// What becomes of holds on the order's lots when it is approved.
    pub open_holds: OrderHolds,
    /// What of the tax goes back.
    #[serde(default)]
    pub tax: OnTop,
    /// What of the payment's fees goes back.
    #[serde(default)]
    pub fee: OnTop,
    /// What becomes of credits that return to a lot after it was reclaimed.
    #[serde(default)]
    pub returned_after: Reclaimed,
    /// Whether a denial for fraud suspends the account in the same step (Z8).
    #[serde(default)]
    pub fraud_suspends: bool,
    /// The clause of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraud_clause: Clause,
}

const fn yes() -> bool {
    true
}

/// How a request for a refund is handled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundRule {
    /// By whom it is decided.
    pub handling: Handling,
    /// Days of 24 hours after the payment within which it must be asked for, the last instant included; without it, at
    /// any time (P5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u64>,
    /// Whether an order that calls have taken from is out of it: nothing of what was begun is refunded (I6).
    #[serde(default)]
    pub unused_only: bool,
    /// What a reviewer does without a reason to do otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Advice>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// How a request is handled after the service has ended the account: the keys of a rule, and for which endings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminatedRule {
    /// The reasons of an ending that it is for; without it, any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Token>,
    /// By whom it is decided.
    pub handling: Handling,
    /// As in a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u64>,
    /// As in a rule.
    #[serde(default)]
    pub unused_only: bool,
    /// As in a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Advice>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

impl TerminatedRule {
    /// As a rule.
    pub fn rule(&self) -> RefundRule {
        let Self { reasons: _, handling, within_days, unused_only, default, clause } = self.clone();
        RefundRule { handling, within_days, unused_only, default, clause }
    }
}

/// By whom a request is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Handling {
    /// By itself, as soon as the evidence is there.
    Automatic,
    /// By a person, at their discretion; the amount follows from the rules.
    Review,
    /// By a person, who also agrees on the amount, up to what remains.
    Negotiation,
    /// By nobody: it is refused.
    Ineligible,
}

/// What a reviewer does without a reason to do otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Approve.
    Approve,
    /// Deny.
    Deny,
}

/// By which way the money goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelRule {
    /// Days of 24 hours after the payment, the last instant included, in which a request goes back by the way the
    /// payment came; a later one needs another way.
    pub original_days: u64,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// Something that must be there before a request can be approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceRule {
    /// Its kind, as a code.
    pub kind: Token,
    /// Only of a request whose money cannot go back by the way it came.
    #[serde(default)]
    pub alternative_channel_only: bool,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// What becomes of holds on an order's lots when its refund is approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderHolds {
    /// The refund waits for them: what is free is set aside at once, and the amount is fixed when the last one settles.
    Wait,
    /// They are left out: what they reserve counts as spent.
    LeaveOut,
}

/// What goes back of tax or fees that came on top of a payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnTop {
    /// Nothing.
    #[default]
    Kept,
    /// The part that the refunded amount is of the price, rounded down to the minor unit.
    Proportional,
}

/// What becomes of credits that return to a lot after it was reclaimed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reclaimed {
    /// They are voided like the rest of the lot.
    #[default]
    Lapse,
    /// They stay the holder's to spend.
    Keep,
}

/// What a payment provider's notices lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentTerms {
    /// What is frozen while a payment is disputed at its provider.
    #[serde(default)]
    pub dispute_freezes: DisputeFreeze,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// What is frozen while a payment is disputed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeFreeze {
    /// The lots of its order.
    #[default]
    Lots,
    /// The account.
    Account,
}
