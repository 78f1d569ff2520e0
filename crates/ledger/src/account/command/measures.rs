//! Measures and endings.

use serde::Serialize;

use super::super::FreezeScope;
use super::super::event::{ClosedBy, Origin};
use crate::{Timestamp, Token};

/// Forbid the use of something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Freeze {
    /// How far.
    pub scope: FreezeScope,
    /// A reason code.
    pub reason: Token,
    /// When it takes effect, where advance notice is given; without it, at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_at: Option<Timestamp>,
    /// Whether it reaches all accounts of the owner; only with the scope of the account.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub owner_wide: bool,
    /// The measure of another account of the owner that brings it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Whether a legal hold is placed in the same step, so that what is kept of the account is not purged (M11).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub preserve_logs: bool,
}

/// End it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Close {
    /// `holder` or `operator`.
    pub by: ClosedBy,
    /// A reason code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Token>,
    /// When, where notice is given; without it, at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_at: Option<Timestamp>,
}

/// Give notice of a material breach.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NotifyBreach {
    /// Who is in breach.
    pub by: ClosedBy,
    /// A reason code.
    pub reason: Token,
    /// What describes it, kept elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Token>,
}
