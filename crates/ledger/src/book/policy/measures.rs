//! Measures and endings: freezes, closing, breach, violations, inactivity, shut-down, and appeals against them.

use serde::{Deserialize, Serialize};

use super::{Clause, Outcome};
use crate::Token;

/// Freezes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezePolicy {
    /// What becomes of open holds when their account or key is frozen.
    pub open_holds: OpenHolds,
    /// The reasons that a person may freeze for (Z10); without it, any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Token>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// What becomes of open holds on a freeze.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenHolds {
    /// They stay and may be captured or voided; they cannot be extended.
    Settle,
    /// They are voided in the same step; what their calls still use, the operator absorbs.
    Void,
}

/// Closing an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AfterClose {
    /// What becomes of unspent credits.
    pub remainder: Remainder,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
    /// When it is the service that ends it; without it, at once and for any reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<OperatorClose>,
}

/// What becomes of the credits of an account that ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Remainder {
    /// They are forfeited in the same step; what open holds release, when they release it.
    Forfeit,
    /// They stay, unusable, for finance to settle.
    #[default]
    Keep,
    /// What was paid for is owed to the holder at its cost basis, and what was granted is forfeited, in the same step.
    Settle,
}

/// An end by the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorClose {
    /// Days of 24 hours between the notice and the end; 0 says that there must be a notice, however short (Z11, I11).
    pub notice_days: u64,
    /// Reasons that need no notice.
    #[serde(default)]
    pub at_once: Vec<Token>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// Ending for a breach that is not cured (Z15).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreachTerms {
    /// Days of 24 hours to cure it, the last instant included; then the account closes.
    pub cure_days: u64,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// The most violations that a threshold may count.
pub(crate) const MOST_VIOLATIONS: u32 = 1_000;

/// Violations, and what they lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violations {
    /// Outcomes of calls that count as one.
    #[serde(default)]
    pub outcomes: Vec<Outcome>,
    /// What a number of them leads to, in the order of their counts.
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
}

/// What a number of violations leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// How many.
    pub count: u32,
    /// Within how many days of 24 hours; without it, ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u64>,
    /// What then happens.
    pub action: ThresholdAction,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// What a number of violations leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdAction {
    /// A person looks at the account (I12).
    Review,
    /// The account is frozen.
    Suspend,
    /// The account is closed and what is unspent is forfeited (I8).
    Terminate,
}

/// Appeals against measures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appeals {
    /// Days of 24 hours after the measure was recorded, which is when its notice counts as sent; the last instant
    /// included (M9).
    pub within_days: u64,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// What becomes of an account that nobody uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inactivity {
    /// Calendar months without a call or a top-up, in the book's time zone, until it is frozen (A4).
    pub after_months: u32,
    /// The reason code of that freeze.
    pub reason: Token,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// When a balance may leave its account, other than by calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveRule {
    /// When.
    #[serde(default)]
    pub when: MoveWhen,
    /// With `frozen`: the reasons of a freeze of the account that allow it, all that stand; without it, any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Token>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// When a balance may leave its account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveWhen {
    /// Never (Z1).
    #[default]
    Never,
    /// While the account is frozen, or once it is closed and its balance was kept (A4).
    Frozen,
    /// At any time.
    Always,
}

/// The end of the whole service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    /// Days of 24 hours between the notice and the end (Z15).
    #[serde(default)]
    pub notice_days: u64,
    /// Reasons that need no notice.
    #[serde(default)]
    pub at_once: Vec<Token>,
    /// What becomes of unspent credits at the end.
    #[serde(default)]
    pub remainder: Remainder,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}
