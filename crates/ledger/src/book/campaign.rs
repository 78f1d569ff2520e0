//! A campaign: a reward that an account, or an owner, claims once (P7, A8).

use serde::{Deserialize, Serialize};

use super::policy::Clause;
use super::{Days, GrantSource};
use crate::{Credits, Timestamp, Token};

/// A reward that is claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Its id: what a claim names.
    pub id: Token,
    /// `signup` or `promotional`: the source of its lots.
    pub source: GrantSource,
    /// What each claim brings.
    pub credits: Credits,
    /// How long they last; without it, by the book's rule for the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for: Option<Days>,
    /// Who may claim it once.
    #[serde(default)]
    pub once_per: OncePer,
    /// What all claims may bring together; without it, there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Credits>,
    /// Until when it can be claimed, this instant included; without it, there is no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// The clause that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Clause,
}

/// Who may claim a reward once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OncePer {
    /// Each account.
    #[default]
    Account,
    /// Each owner, whatever accounts they have; an account without an owner counts as its own.
    Owner,
}
