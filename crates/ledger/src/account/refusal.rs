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
    /// The order exists already.
    #[error("the order exists already")]
    OrderExists,
    /// The book rates usage and takes no amount in its place.
    #[error("the book rates usage and takes no amount in its place")]
    AmountNotAllowed,
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
            Self::AccountExists | Self::OrderExists => "already_exists",
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
            Self::AmountNotAllowed => "amount_not_allowed",
            Self::InvalidAmount(_) => "invalid_amount",
            Self::InvalidTime(_) => "invalid_time",
            Self::NotEligible { .. } => "not_eligible",
            Self::LimitReached { .. } => "limit_reached",
            Self::Inconsistent { .. } => "inconsistent_history",
            Self::UnknownVersion { .. } => "unknown_version",
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
