//! Measures and endings: freezes, closing, breach, violations, appeals, legal holds.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::super::FreezeScope;
use super::is_false;
use crate::book::Remainder;
use crate::{AccountId, Timestamp, Token};

payloads! {
    /// The account, an amount, some lots or a key may not be used for now.
    Frozen {
        /// How far it reaches.
        scope: FreezeScope,
        /// A reason code.
        reason: Token,
        /// The announcement that it carries out (Z10).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        announced: Option<u64>,
        /// It reaches all accounts of the owner (A8): those that exist are frozen next, and those that are opened later
        /// are refused.
        #[serde(default, skip_serializing_if = "is_false")]
        owner_wide: bool,
        /// The measure of another account of the owner that brought it here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<Origin>,
        /// When it took effect, where that is not when it was recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effective_at: Option<Timestamp>,
    }
    /// A freeze is lifted.
    Thawed {
        /// The freeze.
        freeze: u64,
        /// A reason code.
        reason: Token,
    }
    /// A freeze will take effect: advance notice is given (Z10).
    FreezeAnnounced {
        /// How far it will reach.
        scope: FreezeScope,
        /// A reason code.
        reason: Token,
        /// It will reach all accounts of the owner.
        #[serde(default, skip_serializing_if = "is_false")]
        owner_wide: bool,
        /// When.
        effective_at: Timestamp,
    }
    /// The account will be closed: notice is given (Z11, I11).
    ClosureAnnounced {
        /// By whom.
        by: ClosedBy,
        /// A reason code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Token>,
        /// When.
        effective_at: Timestamp,
    }
    /// An announced freeze or closure will not happen.
    AnnouncementWithdrawn {
        /// The announcement.
        announcement: u64,
        /// A reason code.
        reason: Token,
    }
    /// A freeze of all accounts of an owner, or its end, has reached the others.
    MeasureSpread {
        /// The freeze, or its end: the revision of that event.
        measure: u64,
        /// How many other accounts it reached.
        accounts: u32,
    }
    /// The account takes no more calls and no more credits.
    AccountClosed {
        /// `holder` or `operator`.
        by: ClosedBy,
        /// A reason code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Token>,
        /// The announcement that it carries out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        announced: Option<u64>,
        /// The breach that was not cured (Z15).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        breach: Option<u64>,
        /// What becomes of the rest, where that is not what the policy says of a closing (I8, Z15).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remainder: Option<Remainder>,
        /// When it took effect, where that is not when it was recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effective_at: Option<Timestamp>,
    }
    /// A closed account is open again: an appeal was upheld (M9).
    AccountReopened {
        /// The appeal.
        appeal: u64,
    }
    /// A party was told of a material breach, and has time to cure it (Z15).
    BreachNotified {
        /// Who is in breach.
        by: ClosedBy,
        /// A reason code.
        reason: Token,
        /// What describes it, kept elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
        /// Until when it can be cured, this instant included; then the account closes.
        cure_until: Timestamp,
    }
    /// A breach was cured in time: the notice lapses (Z15).
    BreachCured {
        /// The breach.
        breach: u64,
        /// What shows it, kept elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
    }
    /// A violation of the terms (I8, I12).
    ViolationRecorded {
        /// A reason code; of a call, its outcome.
        reason: Token,
        /// The call that it was: the revision of its debit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<u64>,
        /// What describes it, kept elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
    }
    /// A person has to look at the account (I12).
    ReviewOpened {
        /// Why, as a code.
        reason: Token,
        /// How many violations led to it.
        count: u32,
        /// The clause that says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        clause: Option<CompactString>,
    }
    /// A person has looked at the account.
    ReviewClosed {
        /// The review.
        review: u64,
        /// What came of it, as a code.
        decision: Token,
        /// Who looked.
        by: Token,
    }
    /// The holder appeals against a measure (M9).
    AppealFiled {
        /// What kind of measure it is.
        kind: MeasureKind,
        /// The measure: the revision of the event that took it; of a revoked key, the key.
        measure: u64,
        /// What the holder says, kept elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
        /// Who filed it.
        by: Token,
    }
    /// An appeal was decided; if it was upheld, the measure is undone in the same step (M9).
    AppealDecided {
        /// The appeal.
        appeal: u64,
        /// Whether it was upheld.
        upheld: bool,
        /// Who decided.
        by: Token,
    }
    /// Nothing that is kept of the account may be purged (M11).
    LegalHoldPlaced {
        /// A reason code.
        reason: Token,
        /// What orders it, kept elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
    }
    /// What is kept of the account is purged again when its time has come.
    LegalHoldReleased {
        /// The legal hold.
        legal_hold: u64,
        /// A reason code.
        reason: Token,
    }
}

/// Who closes an account, or is in breach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    /// Its holder.
    Holder,
    /// The service.
    Operator,
}

/// A measure that can be appealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// A freeze.
    Freeze,
    /// The revocation of a key.
    Key,
    /// The closing of the account by the service, with what was forfeited by it.
    Closure,
}

/// A measure of another account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Origin {
    /// The account.
    pub account: AccountId,
    /// The measure: the revision of the event that took it.
    pub measure: u64,
}
