//! What may be asked of an account. Ids, secrets and times arrive in commands; nothing here makes any.

use compact_str::CompactString;
use serde::Serialize;

use super::FreezeScope;
use super::event::{Attestations, Charged, ClosedBy, HoldPlaced, Payment, ProviderAnswer, SecretHash};
use crate::book::{GrantSource, Outcome};
use crate::{BookId, Credits, Timestamp, Token, Usage};

/// Something asked of one account.
///
/// Its JSON form is canonical: it is what the fingerprint of an idempotent command is taken of, so a field that
/// was added later is left out while it has nothing to say.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Command {
    /// Open it.
    Open(Open),
    /// Issue a key.
    IssueKey {
        /// The new secret's hash; not part of what was asked.
        #[serde(skip)]
        secret: SecretHash,
    },
    /// Give a key a new secret.
    RotateKey {
        /// The key.
        key: u64,
        /// The new secret's hash; not part of what was asked.
        #[serde(skip)]
        secret: SecretHash,
    },
    /// Refuse a key from now on.
    RevokeKey {
        /// The key.
        key: u64,
    },
    /// Credits for a payment.
    TopUp(TopUp),
    /// Credits without a payment.
    Grant(Grant),
    /// Reserve credits for a call.
    PlaceHold(PlaceHold),
    /// Reserve more for it, or for longer.
    ExtendHold {
        /// The hold.
        hold: u64,
        /// What it shall reserve in all; nothing to leave that as it is.
        size: Size,
    },
    /// Charge a call that has a hold.
    CaptureHold(CaptureHold),
    /// Give up a hold.
    VoidHold {
        /// The hold.
        hold: u64,
        /// How the call ended.
        outcome: Outcome,
    },
    /// Charge a call in one step.
    Debit(Debit),
    /// Give back what a call was charged.
    RefundDebit(RefundDebit),
    /// Forbid the use of something.
    Freeze {
        /// How far.
        scope: FreezeScope,
        /// A reason code.
        reason: Token,
    },
    /// Lift freezes.
    Thaw {
        /// Which; nothing for all that stand.
        #[serde(skip_serializing_if = "Option::is_none")]
        freeze: Option<u64>,
        /// A reason code.
        reason: Token,
    },
    /// Let it owe up to so much.
    SetCreditLine {
        /// The limit; zero for none.
        limit: Credits,
    },
    /// End it.
    Close {
        /// `holder` or `operator`.
        by: ClosedBy,
        /// A reason code.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Token>,
    },
    /// Record the expiries that are due.
    Sweep,
}

/// Open an account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Open {
    /// The book whose terms it will run under.
    pub book: BookId,
    /// The service's opaque id of who holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Token>,
    /// Where the holder is, ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<CompactString>,
    /// What the holder attests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestations: Option<Attestations>,
    /// The version of the terms that the holder accepts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_version: Option<Token>,
}

/// Credits for a payment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopUp {
    /// The order.
    pub order_id: Token,
    /// The product of the catalog that was bought.
    pub product_id: Token,
    /// The payment.
    pub payment: Payment,
}

/// Credits without a payment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grant {
    /// Why.
    pub source: GrantSource,
    /// The campaign that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Token>,
    /// How many.
    pub credits: Credits,
    /// When they expire; without it, by the book's rule for the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Their place in a burn order by priority; without it, by the book's rule for the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u16>,
    /// A reason code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Token>,
}

/// How large a call is, or is expected to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// Quantities, to be rated.
    Usage(Usage),
    /// Credits, where the book allows it.
    Amount(Credits),
}

/// A call: what every command that charges or reserves for one names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// The caller's id of it.
    pub request_id: Token,
    /// The model, as the caller names it.
    pub model: CompactString,
    /// Where it is called.
    pub endpoint: CompactString,
    /// The key that it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<u64>,
}

/// Reserve credits for a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlaceHold {
    /// The call.
    pub call: Call,
    /// What it is expected to use.
    pub size: Size,
    /// How long the hold lives, in seconds; without it, by the book.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u64>,
}

/// Charge a call that has a hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaptureHold {
    /// The hold.
    pub hold: u64,
    /// What was used.
    pub size: Size,
    /// How it ended.
    pub outcome: Outcome,
    /// What the provider called it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderAnswer>,
    /// The event at the hold's revision, where the hold is not open: brought by who asks, not part of the command.
    #[serde(skip)]
    pub past: Option<PastHold>,
}

/// A hold that is not open any more, as it was placed.
pub type PastHold = Box<HoldPlaced>;

/// Charge a call in one step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Debit {
    /// The call.
    pub call: Call,
    /// What was used.
    pub size: Size,
    /// How it ended.
    pub outcome: Outcome,
    /// What the provider called it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderAnswer>,
}

/// Give back what a call was charged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RefundDebit {
    /// The debit.
    pub debit: u64,
    /// Why: an outcome or a reason code.
    pub reason: Token,
    /// How much of it; without it, all that is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Credits>,
    /// The charge at the debit's revision, if there is one: brought by who asks, not part of the command.
    #[serde(skip)]
    pub past: Option<PastDebit>,
}

/// A charge of the past.
pub type PastDebit = Box<Charged>;
