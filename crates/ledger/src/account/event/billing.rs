//! Statements and disputes, and claims that are apart from credits.

use serde::{Deserialize, Serialize};

use super::super::Balance;
use crate::{Credits, Money, Timestamp, Token};

payloads! {
    /// A statement of what happened in a period, item by item the events between two revisions (M5).
    StatementIssued {
        /// When the period began.
        from: Timestamp,
        /// When it ended; the statement takes effect then.
        until: Timestamp,
        /// The revision of the first event of the period.
        first_revision: u64,
        /// The revision of the last one.
        last_revision: u64,
        /// What calls were charged.
        charged: Credits,
        /// What was given back of that.
        refunded: Credits,
        /// How many calls there were.
        calls: u64,
        /// The balance at its end.
        closing: Balance,
    }
    /// Nothing of a statement can be disputed any more (M5).
    StatementFinalized {
        /// The statement.
        statement: u64,
        /// Since when.
        final_at: Timestamp,
    }
    /// A call or a statement is disputed (A3, M5).
    DisputeOpened {
        /// The call, or the statement: the revision of its event.
        subject: u64,
        /// Which of the two it is.
        kind: DisputeKind,
        /// Why, as a code.
        reason: Token,
        /// What the holder says, kept elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
        /// Who opened it.
        by: Token,
    }
    /// A dispute was resolved. What was credited is the next event.
    DisputeResolved {
        /// The dispute.
        dispute: u64,
        /// How.
        outcome: Resolution,
        /// What was credited.
        #[serde(default, skip_serializing_if = "Credits::is_zero")]
        credits: Credits,
        /// Who resolved it.
        by: Token,
    }
    /// The service claims compensation from the holder: money, apart from credits (M11).
    CompensationClaimed {
        /// How much.
        amount: Money,
        /// Why, as a code.
        reason: Token,
        /// What supports it, kept elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
    }
    /// A claim was paid, or given up.
    CompensationSettled {
        /// The claim.
        claim: u64,
        /// Whether it was paid.
        paid: bool,
        /// The payment, kept elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
    }
}

/// What is disputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DisputeKind {
    /// A call.
    Call,
    /// A statement.
    Statement,
}

/// How a dispute was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The holder was right, at least in part: credits came back.
    #[serde(alias = "credit")]
    Credited,
    /// It stands as it was.
    #[serde(alias = "reject")]
    Rejected,
}
