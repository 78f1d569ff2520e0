//! A policy: the choices of one service's terms that decide how credits move. `docs/books.md` explains each key.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::Rounding;

/// One version of a book's policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Counts up from 1. A version that has been in force never changes.
    pub version: u32,
    /// In which order lots are spent: the first key that tells two lots apart decides.
    pub burn_order: Vec<BurnKey>,
    /// How a call's exact total becomes credits.
    pub rounding: Rounding,
    /// Holds: how long, and by what.
    pub holds: HoldPolicy,
    /// Usage beyond what was held.
    pub overrun: OverrunPolicy,
    /// What a freeze does to holds that are open.
    pub freeze: FreezePolicy,
    /// Refunds of a call.
    pub usage_refunds: UsageRefundPolicy,
    /// What each outcome of a call is charged.
    pub outcomes: Outcomes,
    /// Grants, by source.
    pub grants: Grants,
    /// Closing an account.
    pub close: AfterClose,
    /// How long keys of calls are remembered.
    pub idempotency: IdempotencyPolicy,
}

/// What may tell two lots apart in the burn order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BurnKey {
    /// The lot with the lower priority number first.
    Priority,
    /// The lot that ends soonest first; one without an end last.
    ExpiresFirst,
    /// Granted credits before paid ones.
    GrantedFirst,
    /// Paid credits before granted ones.
    PaidFirst,
    /// The lot that was made first.
    OldestFirst,
}

/// Holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldPolicy {
    /// How long a hold lives when the caller does not say, in seconds.
    pub ttl_seconds: u64,
    /// The longest that a caller may ask for, in seconds.
    pub max_ttl_seconds: u64,
    /// Whether `amount` may stand in place of an estimate or a usage.
    pub amount_allowed: bool,
}

/// Usage beyond what was held and what is available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrunPolicy {
    /// Who carries the shortfall.
    pub rule: OverrunRule,
    /// With `debt`: what becomes of the part above the credit line.
    #[serde(default)]
    pub beyond_credit_line: BeyondCreditLine,
}

/// Who carries a shortfall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrunRule {
    /// The account, as debt up to its credit line.
    Debt,
    /// The operator, as absorbed cost.
    Absorb,
}

/// What becomes of a shortfall above the credit line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeyondCreditLine {
    /// The operator absorbs it.
    #[default]
    Absorb,
    /// The account owes it all the same: a receivable.
    Receivable,
}

/// Freezes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezePolicy {
    /// What becomes of open holds when their account or key is frozen.
    pub open_holds: OpenHolds,
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

/// Refunds of calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageRefundPolicy {
    /// Whether a call may be refunded at all.
    pub allowed: bool,
    /// The clause that says so; named in a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<CompactString>,
    /// What becomes of credits that return to a lot past its expiry.
    pub expired_lot: ExpiredLot,
}

/// What becomes of credits that return to a lot past its expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiredLot {
    /// They expire at once.
    Lapse,
    /// The lot lives on for so many days of 24 hours, for what has returned to it.
    ReviveDays(u64),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As asked.
    Completed,
    /// The provider failed after it had delivered something.
    Partial,
    /// The client left before the end.
    ClientDisconnected,
    /// The provider never said what was used.
    UsageUnknown,
    /// Nothing was delivered.
    Failed,
    /// The provider refused for its own limits.
    ProviderLimited,
    /// Another attempt took its place.
    Retried,
    /// The provider's moderation blocked it.
    ModerationBlocked,
    /// It violated the service's policy.
    PolicyViolation,
}

impl Outcome {
    /// Its wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::ClientDisconnected => "client_disconnected",
            Self::UsageUnknown => "usage_unknown",
            Self::Failed => "failed",
            Self::ProviderLimited => "provider_limited",
            Self::Retried => "retried",
            Self::ModerationBlocked => "moderation_blocked",
            Self::PolicyViolation => "policy_violation",
        }
    }
}

/// Whether an outcome's usage is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    /// What was used is charged.
    Charge,
    /// Nothing is charged; the call is recorded with a charge of zero.
    Release,
}

/// What each outcome is charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcomes {
    /// As asked.
    pub completed: Charge,
    /// Something was delivered.
    pub partial: Charge,
    /// The client left.
    pub client_disconnected: Charge,
    /// An estimate stands in for the usage.
    pub usage_unknown: Charge,
    /// Nothing was delivered.
    pub failed: Charge,
    /// The provider's limits.
    pub provider_limited: Charge,
    /// Another attempt took its place.
    pub retried: Charge,
    /// Blocked by moderation.
    pub moderation_blocked: Charge,
    /// A violation.
    pub policy_violation: Charge,
}

impl Outcomes {
    /// What an outcome is charged.
    pub const fn charge(&self, outcome: Outcome) -> Charge {
        match outcome {
            Outcome::Completed => self.completed,
            Outcome::Partial => self.partial,
            Outcome::ClientDisconnected => self.client_disconnected,
            Outcome::UsageUnknown => self.usage_unknown,
            Outcome::Failed => self.failed,
            Outcome::ProviderLimited => self.provider_limited,
            Outcome::Retried => self.retried,
            Outcome::ModerationBlocked => self.moderation_blocked,
            Outcome::PolicyViolation => self.policy_violation,
        }
    }
}

/// Why credits are granted without a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GrantSource {
    /// A promotion.
    Promotional,
    /// A reward for signing up.
    Signup,
    /// By hand.
    Manual,
    /// For something that went wrong.
    Compensation,
}

/// Grants by source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    /// Promotions.
    pub promotional: GrantRule,
    /// Rewards for signing up.
    pub signup: GrantRule,
    /// By hand.
    pub manual: GrantRule,
    /// For something that went wrong.
    pub compensation: GrantRule,
}

/// What a grant gets that does not say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRule {
    /// Days of 24 hours until it expires; without it, never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_days: Option<u64>,
    /// Its place in a burn order by priority: the lower, the sooner.
    pub priority: u16,
}

impl Grants {
    /// The rule of a source.
    pub const fn rule(&self, source: GrantSource) -> &GrantRule {
        match source {
            GrantSource::Promotional => &self.promotional,
            GrantSource::Signup => &self.signup,
            GrantSource::Manual => &self.manual,
            GrantSource::Compensation => &self.compensation,
        }
    }
}

/// What becomes of unspent credits when an account closes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AfterClose {
    /// `forfeit` or `keep`.
    pub remainder: Remainder,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<CompactString>,
}

/// What becomes of a closed account's credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remainder {
    /// They are forfeited in the same step; what open holds release, when they release it.
    Forfeit,
    /// They stay, unusable, for finance to settle.
    Keep,
}

/// How long idempotency keys are remembered. Keys of money in and out are remembered for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdempotencyPolicy {
    /// Days of 24 hours for keys of calls: at least seven.
    pub call_key_days: u64,
}
