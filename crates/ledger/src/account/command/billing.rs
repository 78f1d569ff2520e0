//! Disputes of calls and statements.

use serde::Serialize;

use super::super::event::{DisputeKind, Resolution};
use super::PastDebit;
use crate::{Credits, Timestamp, Token};

/// Dispute a call or a statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenDispute {
    /// The call, or the statement.
    pub subject: u64,
    /// Which of the two it is.
    pub kind: DisputeKind,
    /// Why, as a code.
    pub reason: Token,
    /// What the holder says, kept elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Token>,
    /// Who opens it.
    #[serde(skip)]
    pub by: Token,
    /// When the call was charged, if there is one at that revision: brought by who asks, not part of the command.
    #[serde(skip)]
    pub charged_at: Option<Timestamp>,
}

/// Resolve a dispute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResolveDispute {
    /// The dispute.
    pub dispute: u64,
    /// How.
    pub outcome: Resolution,
    /// How many credits come back; of a call, without it all that is left of its charge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits: Option<Credits>,
    /// Who resolves it.
    #[serde(skip)]
    pub by: Token,
    /// The call's charge, if it is one that is disputed: brought by who asks, not part of the command.
    #[serde(skip)]
    pub past: Option<PastDebit>,
}
