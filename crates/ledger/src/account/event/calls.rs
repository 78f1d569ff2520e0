//! Calls: holds, charges, and what is given back of them.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::super::Balance;
use super::{Event, LotAmount, Revived, is_false};
use crate::book::Outcome;
use crate::{Credits, Line, Timestamp, Token};

payloads! {
    /// Credits are reserved for a call.
    HoldPlaced {
        /// The caller's id of the call.
        request_id: Token,
        /// The model, as the caller names it.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        model: CompactString,
        /// Where it is called.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        endpoint: CompactString,
        /// The key that the call was made with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<u64>,
        /// What is reserved: the sum of `lots` and `on_credit`.
        amount: Credits,
        /// What of which lots.
        lots: Vec<LotAmount>,
        /// The part that leans on the credit line.
        #[serde(default, skip_serializing_if = "Credits::is_zero")]
        on_credit: Credits,
        /// When it frees itself.
        expires_at: Timestamp,
        /// The version of the catalog that the call will be rated by.
        catalog: u32,
        /// The version of the policy that it will be settled by.
        policy: u32,
        /// The balance with this hold in place: what the caller was told, and what a replay is checked against.
        after: Balance,
    }
    /// A hold reserves more, or for longer.
    HoldExtended {
        /// The hold.
        hold: u64,
        /// What it reserves from now on, in all.
        amount: Credits,
        /// What was added, of which lots.
        lots: Vec<LotAmount>,
        /// What was added on the credit line.
        #[serde(default, skip_serializing_if = "Credits::is_zero")]
        on_credit: Credits,
        /// When it frees itself.
        expires_at: Timestamp,
    }
    /// A call that had a hold is charged; what the hold reserved beyond that is released.
    HoldCaptured {
        /// The hold.
        hold: u64,
        /// The hold had expired: what it reserved was free already.
        #[serde(default, skip_serializing_if = "is_false")]
        late: bool,
        /// What was charged and how it was paid.
        charge: Charged,
        /// What the hold had reserved and was not charged.
        released: Credits,
    }
    /// A hold is given up and what it reserved is released.
    HoldVoided {
        /// The hold.
        hold: u64,
        /// How the call ended.
        outcome: Outcome,
        /// What it had reserved.
        released: Credits,
    }
    /// A hold reached its end unsettled and what it reserved is released.
    HoldExpired {
        /// The hold.
        hold: u64,
        /// What it had reserved.
        released: Credits,
        /// The end that it reached; the event takes effect then.
        expired_at: Timestamp,
    }
    /// A call is charged in one step.
    Debited {
        /// What was charged and how it was paid.
        charge: Charged,
    }
    /// What a call was charged returns, to the debt and the lots that had paid it.
    UsageRefunded {
        /// The debit.
        debit: u64,
        /// Why: an outcome or a reason code.
        reason: Token,
        /// What returns: the sum of `debt`, `lots` and `repaid`.
        credits: Credits,
        /// What of it reduces the debt.
        #[serde(default, skip_serializing_if = "Credits::is_zero")]
        debt: Credits,
        /// What of it goes back to the lots that the call was charged to.
        lots: Vec<LotAmount>,
        /// What of it goes back to lots that had repaid the debt which the call was charged to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        repaid: Vec<LotAmount>,
        /// Lots past their expiry that live on for what has returned to them, and until when.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        revived: Vec<Revived>,
    }
}

impl Event {
    /// What the provider said of the call that this charges: where a book keeps that for a time only, it is taken out
    /// before the event is recorded (A6).
    pub const fn provider_mut(&mut self) -> Option<&mut Option<ProviderAnswer>> {
        if let Self::HoldCaptured(captured) = self {
            Some(&mut captured.charge.provider)
        } else if let Self::Debited(debited) = self {
            Some(&mut debited.charge.provider)
        } else {
            None
        }
    }
}

/// What a call was charged, by which rates, and what paid for it: `charged = lots + debt + absorbed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Charged {
    /// The caller's id of the call.
    pub request_id: Token,
    /// The model, as the caller names it.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub model: CompactString,
    /// Where it was called.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub endpoint: CompactString,
    /// The key that it was called with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// What the provider called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderAnswer>,
    /// What was used, unit by unit, at which rate; empty if the caller gave an amount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    /// The charge: the lines' total rounded once, or zero if the outcome is not charged.
    pub charged: Credits,
    /// What of it was taken from which lots.
    pub lots: Vec<LotAmount>,
    /// What of it is now owed.
    #[serde(default, skip_serializing_if = "Credits::is_zero")]
    pub debt: Credits,
    /// What of it the operator carries.
    #[serde(default, skip_serializing_if = "Credits::is_zero")]
    pub absorbed: Credits,
    /// The version of the catalog that rated it.
    pub catalog: u32,
    /// The version of the policy that settled it.
    pub policy: u32,
}

/// What the provider said of a call: an id and a status, never a body (P3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderAnswer {
    /// The provider's id of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Token>,
    /// The provider's status, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Token>,
}
