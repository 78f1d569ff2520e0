//! Calls: holds, overruns, outcomes, and refunds of usage.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, Token};

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
    /// Reasons, and outcomes of the call itself, that are never refunded, each with the clause that says so: they
    /// win over everything else (I4).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub never: BTreeMap<Token, CompactString>,
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
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Completed,
        Self::Partial,
        Self::ClientDisconnected,
        Self::UsageUnknown,
        Self::Failed,
        Self::ProviderLimited,
        Self::Retried,
        Self::ModerationBlocked,
        Self::PolicyViolation,
    ];

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
    /// What was used is charged and goes back at once to the lots that paid, in the same step (I3).
    Refund,
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

/// How long idempotency keys are remembered. Keys of money in and out are remembered for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdempotencyPolicy {
    /// Days of 24 hours for keys of calls: at least seven.
    pub call_key_days: u64,
}

/// What is kept of a call besides its billing record, and how long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days of 24 hours that what the provider said of a call is kept, outside the event log, and then purged; without
    /// it, it is part of the billing record and stays (A6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_metadata_days: Option<u64>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<CompactString>,
}

impl Retention {
    /// The last instant at which what the provider said of a call that was recorded then may be read; nothing if that
    /// is part of the billing record.
    pub fn kept_until(&self, recorded_at: Timestamp) -> Option<Timestamp> {
        self.call_metadata_days.map(|days| recorded_at.plus_days(days))
    }
}
