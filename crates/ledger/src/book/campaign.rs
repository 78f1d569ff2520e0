//! A campaign: a reward that an account, or an owner, claims once (P7, A8).

use serde::{Deserialize, Serialize};

use super::policy::Clause;
use super::{Days, GrantSource};
use crate::{Account, Credits, Refusal, Timestamp, Token};

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

/// What has been claimed of a campaign when another claim comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimsSoFar {
    /// Whether this account, or its owner, has claimed it.
    pub claimed: bool,
    /// What all claims have brought.
    pub given: Credits,
}

impl Campaign {
    /// What all claims will have brought with one more of so many credits, or why that one is refused (P7, A8).
    pub fn claim(&self, so_far: ClaimsSoFar, credits: Credits, now: Timestamp) -> Result<Credits, Refusal> {
        let clause = || self.clause.clone();
        if so_far.claimed {
            return Err(Refusal::AlreadyClaimed { clause: clause() });
        }
        let total = so_far.given.plus(credits)?;
        let has_ended = self.ends_at.is_some_and(|end| now > end);
        if has_ended || self.budget.is_some_and(|budget| total > budget) {
            return Err(Refusal::CampaignExhausted { clause: clause() });
        }
        Ok(total)
    }

    /// Whose claim it is that an account makes: the account's own id, or its owner's.
    pub fn claimant(&self, account: &Account) -> (OncePer, Token) {
        match (self.once_per, account.owner()) {
            (OncePer::Owner, Some(owner)) => (OncePer::Owner, owner.clone()),
            (OncePer::Owner | OncePer::Account, _) => (OncePer::Account, account.id().clone()),
        }
    }
}
