//! What waits for a second person: grants by hand above the threshold, and adjustments.

use serde::{Deserialize, Serialize};

use super::LotAmount;
use crate::book::GrantSource;
use crate::{Credits, Timestamp, Token};

payloads! {
    /// Something waits for a second person (Z2).
    ApprovalRequested {
        /// What.
        what: Pending,
        /// Who asked for it.
        by: Token,
    }
    /// A second person approved it. What it leads to is the next event.
    ApprovalGiven {
        /// The request.
        approval: u64,
        /// Who approved.
        by: Token,
    }
    /// It was rejected, or given up.
    ApprovalRejected {
        /// The request.
        approval: u64,
        /// Who rejected it.
        by: Token,
    }
    /// Credits were taken to correct what was charged too little (Z2). A correction the other way is a grant.
    Adjusted {
        /// The approval.
        approval: u64,
        /// A reason code.
        reason: Token,
        /// What of which lots.
        lots: Vec<LotAmount>,
    }
}

/// What waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pending {
    /// A grant by hand above the book's threshold.
    Grant {
        /// Why.
        source: GrantSource,
        /// The campaign that it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<Token>,
        /// How many credits.
        credits: Credits,
        /// When they expire; without it, by the book's rule when it is approved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        /// Their place in a burn order by priority; without it, by the book's rule.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<u16>,
        /// A reason code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Token>,
    },
    /// A correction of what was charged.
    Adjustment {
        /// How many credits: above zero they are granted, below they are taken.
        credits: Credits,
        /// A reason code.
        reason: Token,
    },
}
