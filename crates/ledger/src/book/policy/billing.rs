//! Billing: subscriptions, statements and their disputes, what is owed, and how far the service is liable.

use serde::{Deserialize, Serialize};

use super::Clause;
use crate::Money;
use crate::time::Period;

/// Subscriptions. Their plans are in the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionTerms {
    /// Days of 24 hours that a period which began by itself may stay unpaid; then its unspent credits are reclaimed and the
    /// subscription ends. Without it, it does not end for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpaid_days: Option<u64>,
    /// The clause that says how they end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// Statements of what was charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementTerms {
    /// How long each one is: whole months or years of the calendar. Periods begin with the month of the book's time zone.
    pub every: Period,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// Until when something may be disputed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisputeTerms {
    /// Days of 24 hours after a call, the last instant included (A3); without it, calls cannot be disputed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_days: Option<u64>,
    /// Days of 24 hours after a statement was issued, the last instant included; then it is final (M5). Without it,
    /// statements cannot be disputed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_days: Option<u64>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// What is owed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditLineTerms {
    /// Days of 24 hours after the account began to owe until it is overdue, and calls are refused until nothing is
    /// owed (M6). Without it, it never is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_days: Option<u64>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// How far the service is liable: what an account paid in the months before an event, net of refunds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Liability {
    /// Calendar months before the event, in the book's time zone (Z14, I10, M10).
    pub months: u32,
    /// The least that it comes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Floor>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// The least that a liability comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// In the currency that the terms name.
    pub amount: Money,
    /// What stands for it in other currencies. One that is not among them has no floor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instead: Vec<Money>,
}

impl Floor {
    /// The floor in a currency.
    pub fn in_currency(&self, currency: crate::Currency) -> Option<Money> {
        std::iter::once(&self.amount).chain(&self.instead).find(|floor| floor.currency() == currency).copied()
    }
}
