//! Credits: in which order they are spent, and what a grant gets.

use serde::{Deserialize, Serialize};

use crate::Credits;

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

/// Why credits are granted without a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// A correction that two persons made (Z2). No grant may claim to be one.
    Adjustment,
}

impl GrantSource {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promotional => "promotional",
            Self::Signup => "signup",
            Self::Manual => "manual",
            Self::Compensation => "compensation",
            Self::Adjustment => "adjustment",
        }
    }
}

/// Grants by source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    /// Promotions.
    pub promotional: GrantRule,
    /// Rewards for signing up.
    pub signup: GrantRule,
    /// By hand, and corrections.
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
            GrantSource::Manual | GrantSource::Adjustment => &self.manual,
            GrantSource::Compensation => &self.compensation,
        }
    }
}

/// What waits for a second person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRules {
    /// A grant by hand of more credits than this waits for a second person; without it, none does. Adjustments
    /// always do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual_grant_above: Option<Credits>,
}
