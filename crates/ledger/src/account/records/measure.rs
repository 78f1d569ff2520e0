//! What is known of one measure: an announcement, the closing, a breach, an appeal, a legal hold, a measure that spreads.

use serde::{Deserialize, Serialize};

use super::super::FreezeScope;
use super::super::event::{ClosedBy, LotAmount, MeasureKind};
use crate::book::Remainder;
use crate::{Timestamp, Token};

/// An announced freeze or closing that has not taken effect yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The revision of the event that announced it.
    pub revision: u64,
    /// What will happen.
    pub what: Announced,
    /// A reason code.
    pub reason: Option<Token>,
    /// When the notice was recorded.
    pub announced_at: Timestamp,
    /// When it takes effect.
    pub effective_at: Timestamp,
}

/// What is announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announced {
    /// A freeze.
    Freeze {
        /// How far it will reach.
        scope: FreezeScope,
        /// Whether it will reach all accounts of the owner.
        owner_wide: bool,
    },
    /// The end of the account.
    Closing {
        /// By whom.
        by: ClosedBy,
    },
}

/// The closing of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// The revision of the event.
    pub revision: u64,
    /// By whom.
    pub by: ClosedBy,
    /// A reason code.
    pub reason: Option<Token>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What becomes of the rest, where that is not what the policy says.
    pub remainder: Option<Remainder>,
    /// What it forfeited, then and since.
    pub forfeited: Vec<LotAmount>,
}

/// A material breach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// The revision of the event that gave notice of it.
    pub revision: u64,
    /// Who is in breach.
    pub by: ClosedBy,
    /// A reason code.
    pub reason: Token,
    /// Until when it can be cured, this instant included.
    pub cure_until: Timestamp,
    /// What became of it.
    pub state: BreachState,
}

/// What became of a breach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreachState {
    /// It can still be cured.
    Open,
    /// It was cured in time.
    Cured,
    /// It was not, and ended the account.
    Uncured,
    /// The account ended otherwise before.
    Lapsed,
}

/// An appeal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeal {
    /// The revision of the event that filed it.
    pub revision: u64,
    /// Against what kind of measure.
    pub kind: MeasureKind,
    /// Against which; of a revoked key, the key.
    pub measure: u64,
    /// When the measure that it is against was recorded: a key may be revoked again, and appealed again.
    pub taken_at: Timestamp,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// What was decided.
    pub state: AppealState,
}

/// What was decided of an appeal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppealState {
    /// Nothing yet: the measure stands meanwhile.
    Pending,
    /// The measure was undone.
    Upheld,
    /// The measure is final.
    Rejected,
}

/// A legal hold that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalHold {
    /// The revision of the event that placed it.
    pub revision: u64,
    /// A reason code.
    pub reason: Token,
    /// Since when.
    pub since: Timestamp,
}

/// A measure against an owner, or its end, that has not reached the owner's other accounts yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// The revision of the event that has to be carried to the others.
    pub revision: u64,
    /// The freeze that it is, or that it ends.
    pub freeze: u64,
    /// Whether it ends it.
    pub lifts: bool,
    /// The freeze's reason code, or that of its end.
    pub reason: Token,
}
