//! Why a command is refused. Every reason has a stable code; `server` gives each its HTTP status.

use compact_str::CompactString;

use crate::{AmountError, Credits, RatingError, Timestamp, Token};

/// A refused command: nothing was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such account.
    #[error("there is no such account")]
    AccountNotFound,
    /// The account exists already.
    #[error("the account exists already")]
    AccountExists,
    /// The account was closed.
    #[error("the account is closed")]
    AccountClosed,
    /// The account is frozen.
    #[error("the account is frozen: {reason}")]
    AccountFrozen {
        /// The freeze's reason code.
        reason: Token,
        /// Since when.
        since: Timestamp,
    },
    /// The key is frozen.
    #[error("the key is frozen: {reason}")]
    KeyFrozen {
        /// The freeze's reason code.
        reason: Token,
        /// Since when.
        since: Timestamp,
    },
    /// The key was revoked.
    #[error("the key was revoked")]
    KeyRevoked,
    /// The account has no such key.
    #[error("the account has no such key")]
    KeyNotFound,
    /// The account has no such hold.
    #[error("the account has no such hold")]
    HoldNotFound,
    /// The hold was captured or voided, or it expired and that cannot be undone.
    #[error("the hold is settled already")]
    HoldAlreadySettled,
    /// The account has no such debit.
    #[error("the account has no such debit")]
    DebitNotFound,
    /// The account has no such lot.
    #[error("the account has no such lot")]
    LotNotFound,
    /// No such freeze stands.
    #[error("no such freeze stands")]
    FreezeNotFound,
    /// Not enough credits.
    #[error("{required} credits are required and {available} are available")]
    InsufficientCredits {
        /// What calls may use: `available` and what is left of the credit line.
        available: Credits,
        /// What the call needs.
        required: Credits,
    },
    /// The catalog has no such product.
    #[error("the catalog has no such product")]
    UnknownProduct,
    /// The catalog does not sell this model at this endpoint.
    #[error("the catalog does not sell this model at this endpoint")]
    UnknownModel,
    /// The model is not rated by this unit.
    #[error("the model is not rated by the unit {0:?} at this endpoint")]
    UnknownUnit(CompactString),
    /// The payment is not the product's price.
    #[error("the payment is not the product's price of {price}")]
    PaymentMismatch {
        /// The price in the catalog.
        price: crate::Money,
    },
    /// The payment brought credits before.
    #[error("the payment was used before")]
    PaymentAlreadyUsed,
    /// Something exists already that can exist once.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// There is nothing with this id.
    #[error("the account has no such {}", .0.as_str())]
    NotFound(Noun),
    /// It was decided or ended before.
    #[error("the {} was decided or has ended already", .0.as_str())]
    AlreadyDecided(Noun),
    /// It waits for a person, or for something else, first.
    #[error("{0}")]
    PendingApproval(&'static str),
    /// Who asked for it may not approve it.
    #[error("who asked for it may not approve it: a second person is needed")]
    SamePerson,
    /// The account is in a region that the terms bar.
    #[error("the terms bar the region {region}")]
    RegionBarred {
        /// The region.
        region: CompactString,
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// The holder has not attested what the terms require.
    #[error("the holder has not attested what the terms require")]
    AttestationMissing {
        /// What is missing.
        missing: Vec<CompactString>,
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// The terms do not serve this party.
    #[error("the terms do not serve a party under sanctions")]
    PartyBarred {
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// The account owes, and should have paid.
    #[error("the account owes {debt} credits since too long")]
    Overdue {
        /// What it owes.
        debt: Credits,
        /// By when it had to be repaid.
        due_at: Timestamp,
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// Required evidence is missing.
    #[error("required evidence is missing")]
    EvidenceMissing {
        /// The kinds that are missing.
        missing: Vec<Token>,
        /// The clause that requires them.
        clause: Option<CompactString>,
    },
    /// It came too late.
    #[error("{what} was possible until {until}")]
    WindowClosed {
        /// What.
        what: &'static str,
        /// The last instant.
        until: Timestamp,
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// The terms do not let this balance leave the account.
    #[error("the terms do not let this balance leave the account")]
    NotWithdrawable {
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// The reward was claimed before.
    #[error("the reward was claimed before")]
    AlreadyClaimed {
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// The campaign has ended, or has given all that it had.
    #[error("the campaign has ended, or has given all that it had")]
    CampaignExhausted {
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// The notice is shorter than the terms promise.
    #[error("the terms promise notice until {earliest}")]
    NoticeTooShort {
        /// The earliest time.
        earliest: Timestamp,
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// Nothing takes effect in the past.
    #[error("nothing takes effect in the past: it is {now}")]
    Retroactive {
        /// The time.
        now: Timestamp,
    },
    /// The period was closed before.
    #[error("the period is closed up to {until}")]
    PeriodClosed {
        /// The end of the latest period that is closed.
        until: Timestamp,
    },
    /// Terms that cannot be.
    #[error("{pointer}: {reason}")]
    InvalidTerms {
        /// Where in the document, as a JSON pointer.
        pointer: String,
        /// What is wrong there.
        reason: String,
    },
    /// The terms know no such reason for this.
    #[error("the terms know no such reason for this")]
    ReasonNotAllowed {
        /// The reasons that they know.
        allowed: Vec<Token>,
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// The service ends.
    #[error("the service ends at {effective_at}: {reason}")]
    ServiceEnding {
        /// When.
        effective_at: Timestamp,
        /// The reason code.
        reason: Token,
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// The catalog has no such plan.
    #[error("the catalog has no such plan")]
    UnknownPlan,
    /// No grant may claim to be a correction.
    #[error("a correction is asked for as an adjustment, and waits for a second person")]
    SourceNotAllowed,
    /// The book rates usage and takes no amount in its place.
    #[error("the book rates usage and takes no amount in its place")]
    AmountNotAllowed,
    /// An amount for a refund, where none belongs or more than there is.
    #[error("an amount is agreed on where a refund is negotiated, above zero and at most what is left")]
    RefundAmount {
        /// The most; nothing where the amount follows from the rules.
        most: Option<crate::Money>,
    },
    /// An amount that cannot be.
    #[error(transparent)]
    InvalidAmount(#[from] AmountError),
    /// A time that cannot be.
    #[error("{0}")]
    InvalidTime(&'static str),
    /// The terms do not give it.
    #[error("{reason}")]
    NotEligible {
        /// Why not.
        reason: &'static str,
        /// The clause that says so.
        clause: Option<CompactString>,
    },
    /// The account has as many as it may have.
    #[error("the account has {limit} {what}, as many as it may have")]
    LimitReached {
        /// Of what.
        what: &'static str,
        /// How many.
        limit: usize,
    },
    /// The account's history contradicts itself: it decides nothing until that is understood.
    #[error("the account's history contradicts itself at revision {revision}; run scrip verify")]
    Inconsistent {
        /// The first such event.
        revision: u64,
    },
    /// The hold pins a version of the catalog or the policy that the book does not know.
    #[error("the book does not know version {version} of its {what}")]
    UnknownVersion {
        /// Of what.
        what: &'static str,
        /// Which.
        version: u32,
    },
}

impl Refusal {
    /// The stable code (CONTRACT: Errors).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AccountNotFound => "account_not_found",
            Self::AccountExists | Self::Exists(_) => "already_exists",
            Self::NotFound(noun) => noun.not_found(),
            Self::AlreadyDecided(_) => "already_decided",
            Self::PendingApproval(_) => "pending_approval",
            Self::SamePerson => "same_person",
            Self::RegionBarred { .. } => "region_barred",
            Self::AttestationMissing { .. } => "attestation_missing",
            Self::PartyBarred { .. } => "party_barred",
            Self::Overdue { .. } => "overdue",
            Self::EvidenceMissing { .. } => "evidence_missing",
            Self::WindowClosed { .. } => "window_closed",
            Self::NotWithdrawable { .. } => "not_withdrawable",
            Self::AlreadyClaimed { .. } => "already_claimed",
            Self::CampaignExhausted { .. } => "campaign_exhausted",
            Self::NoticeTooShort { .. } => "notice_too_short",
            Self::Retroactive { .. } => "retroactive",
            Self::PeriodClosed { .. } => "period_closed",
            Self::InvalidTerms { .. } => "invalid_policy",
            Self::ReasonNotAllowed { .. } => "reason_not_allowed",
            Self::ServiceEnding { .. } => "service_ending",
            Self::UnknownPlan => "unknown_plan",
            Self::AccountClosed => "account_closed",
            Self::AccountFrozen { .. } => "account_frozen",
            Self::KeyFrozen { .. } => "key_frozen",
            Self::KeyRevoked => "key_revoked",
            Self::KeyNotFound => "key_not_found",
            Self::HoldNotFound => "hold_not_found",
            Self::HoldAlreadySettled => "hold_already_settled",
            Self::DebitNotFound => "debit_not_found",
            Self::LotNotFound => "lot_not_found",
            Self::FreezeNotFound => "measure_not_found",
            Self::InsufficientCredits { .. } => "insufficient_credits",
            Self::UnknownProduct => "unknown_product",
            Self::UnknownModel => "unknown_model",
            Self::UnknownUnit(_) => "unknown_unit",
            Self::PaymentMismatch { .. } => "payment_mismatch",
            Self::PaymentAlreadyUsed => "payment_already_used",
            Self::AmountNotAllowed | Self::RefundAmount { .. } => "amount_not_allowed",
            Self::SourceNotAllowed => "source_not_allowed",
            Self::InvalidAmount(_) => "invalid_amount",
            Self::InvalidTime(_) => "invalid_time",
            Self::NotEligible { .. } => "not_eligible",
            Self::LimitReached { .. } => "limit_reached",
            Self::Inconsistent { .. } => "inconsistent_history",
            Self::UnknownVersion { .. } => "unknown_version",
        }
    }
}

/// Something that an id may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// An order.
    Order,
    /// A refund of an order, or a withdrawal.
    Refund,
    /// A subscription.
    Subscription,
    /// A statement.
    Statement,
    /// A dispute.
    Dispute,
    /// A claim for compensation.
    Claim,
    /// An announced measure.
    Announcement,
    /// A breach.
    Breach,
    /// A review.
    Review,
    /// An appeal.
    Appeal,
    /// A legal hold.
    LegalHold,
    /// Something that waits for a second person.
    Approval,
    /// A migration.
    Migration,
    /// A campaign.
    Campaign,
}

impl Noun {
    /// As it is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Refund => "refund",
            Self::Subscription => "subscription",
            Self::Statement => "statement",
            Self::Dispute => "dispute",
            Self::Claim => "claim",
            Self::Announcement => "announcement",
            Self::Breach => "breach",
            Self::Review => "review",
            Self::Appeal => "appeal",
            Self::LegalHold => "legal hold",
            Self::Approval => "approval",
            Self::Migration => "migration",
            Self::Campaign => "campaign",
        }
    }

    /// The code where there is nothing with an id.
    pub const fn not_found(self) -> &'static str {
        match self {
            Self::Order => "order_not_found",
            Self::Refund => "refund_not_found",
            Self::Subscription => "subscription_not_found",
            Self::Statement => "statement_not_found",
            Self::Dispute => "dispute_not_found",
            Self::Claim => "claim_not_found",
            Self::Announcement => "announcement_not_found",
            Self::Breach => "breach_not_found",
            Self::Review => "review_not_found",
            Self::Appeal => "appeal_not_found",
            Self::LegalHold => "legal_hold_not_found",
            Self::Approval => "approval_not_found",
            Self::Migration => "migration_not_found",
            Self::Campaign => "campaign_not_found",
        }
    }
}

impl From<RatingError> for Refusal {
    fn from(error: RatingError) -> Self {
        match error {
            RatingError::UnknownUnit(unit) => Self::UnknownUnit(unit),
            RatingError::Amount(error) => Self::InvalidAmount(error),
        }
    }
}
