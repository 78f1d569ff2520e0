//! What may be asked of an account. Ids, secrets and times arrive in commands; nothing here makes any.

mod billing;
mod measures;
mod money;

use compact_str::CompactString;
use serde::Serialize;

pub use billing::*;
pub use measures::*;
pub use money::*;

use super::event::{
    Attestations, Charged, HoldPlaced, MeasureKind, Origin, Payment, ProviderAnswer, SecretHash,
};
use crate::book::Outcome;
use crate::{BookId, Credits, Money, Timestamp, Token, Usage};

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
        /// A reason code, where it is a measure against the holder.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Token>,
    },
    /// The holder is elsewhere.
    ChangeRegion {
        /// Where, ISO 3166-1 alpha-2.
        region: CompactString,
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
    /// Claim a campaign's reward.
    ClaimReward(ClaimReward),
    /// Subscribe to a plan.
    Subscribe(Subscribe),
    /// End a subscription with its period.
    CancelSubscription {
        /// The subscription.
        subscription: u64,
        /// Who cancels it.
        #[serde(skip)]
        by: Token,
    },
    /// Pay a period that began by itself.
    PayPeriod(PayPeriod),
    /// Ask for an order's money back.
    RequestRefund(RequestRefund),
    /// Bring more evidence for a refund.
    AddRefundEvidence(AddRefundEvidence),
    /// Approve a refund.
    ApproveRefund(ApproveRefund),
    /// Deny a refund.
    DenyRefund(DenyRefund),
    /// Record that what is owed for a refund or a withdrawal was paid out.
    PayRefund {
        /// The refund or the withdrawal.
        refund: u64,
        /// The payment, kept elsewhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
        /// Who says so.
        #[serde(skip)]
        by: Token,
    },
    /// Record that it could not be paid out.
    FailRefund {
        /// The refund or the withdrawal.
        refund: u64,
        /// Why, as a code.
        reason: Token,
        /// Who says so.
        #[serde(skip)]
        by: Token,
    },
    /// Take in what a payment provider says of a payment.
    TakeNotice(PaymentNotice),
    /// Pay a balance out.
    Withdraw(Withdraw),
    /// Move a balance to another account.
    Migrate(Migrate),
    /// Take in what another account has sent.
    ReceiveMigration(ReceiveMigration),
    /// Record that a migration has arrived.
    CompleteMigration {
        /// The migration.
        migration: u64,
    },
    /// Take back a migration that was refused where it went.
    ReverseMigration {
        /// The migration.
        migration: u64,
        /// The code of the refusal.
        reason: Token,
    },
    /// Forbid the use of something.
    Freeze(Freeze),
    /// Lift freezes.
    Thaw {
        /// Which; nothing for all that stand.
        #[serde(skip_serializing_if = "Option::is_none")]
        freeze: Option<u64>,
        /// A reason code.
        reason: Token,
    },
    /// Let an announced freeze or closing not happen.
    WithdrawAnnouncement {
        /// The announcement.
        announcement: u64,
        /// A reason code.
        reason: Token,
    },
    /// Lift the freeze that a measure of another account of the owner had brought here.
    ThawOrigin {
        /// That measure.
        origin: Origin,
        /// A reason code.
        reason: Token,
    },
    /// Record that a measure against an owner, or its end, has reached all accounts.
    CompleteSpread {
        /// The measure, or its end.
        measure: u64,
        /// How many other accounts it reached.
        accounts: u32,
    },
    /// Let it owe up to so much.
    SetCreditLine {
        /// The limit; zero for none.
        limit: Credits,
    },
    /// End it.
    Close(Close),
    /// Give notice of a material breach.
    NotifyBreach(NotifyBreach),
    /// Record that a breach was cured.
    CureBreach {
        /// The breach.
        breach: u64,
        /// What shows it, kept elsewhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
    },
    /// Record a violation.
    RecordViolation {
        /// A reason code.
        reason: Token,
        /// What describes it, kept elsewhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
    },
    /// End a review.
    CloseReview {
        /// The review.
        review: u64,
        /// What came of it, as a code.
        decision: Token,
        /// Who looked.
        #[serde(skip)]
        by: Token,
    },
    /// Appeal against a measure.
    FileAppeal {
        /// What kind of measure it is.
        kind: MeasureKind,
        /// The measure; of a revoked key, the key.
        measure: u64,
        /// What the holder says, kept elsewhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
        /// Who files it.
        #[serde(skip)]
        by: Token,
    },
    /// Decide an appeal.
    DecideAppeal {
        /// The appeal.
        appeal: u64,
        /// Whether it is upheld.
        upheld: bool,
        /// Who decides.
        #[serde(skip)]
        by: Token,
    },
    /// Let nothing that is kept of it be purged.
    PlaceLegalHold {
        /// A reason code.
        reason: Token,
        /// What orders it, kept elsewhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
    },
    /// Let what is kept of it be purged again.
    ReleaseLegalHold {
        /// The legal hold.
        legal_hold: u64,
        /// A reason code.
        reason: Token,
    },
    /// Dispute a call or a statement.
    OpenDispute(OpenDispute),
    /// Resolve a dispute.
    ResolveDispute(ResolveDispute),
    /// Claim compensation from the holder.
    ClaimCompensation {
        /// How much.
        amount: Money,
        /// Why, as a code.
        reason: Token,
        /// What supports it, kept elsewhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
    },
    /// Record that a claim was paid, or given up.
    SettleCompensation {
        /// The claim.
        claim: u64,
        /// Whether it was paid.
        paid: bool,
        /// The payment, kept elsewhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<Token>,
    },
    /// Correct what was charged.
    Adjust {
        /// How many credits: above zero they are granted, below they are taken.
        credits: Credits,
        /// A reason code.
        reason: Token,
        /// Who asks for it.
        #[serde(skip)]
        by: Token,
    },
    /// Approve what waits for a second person.
    Approve {
        /// The request.
        approval: u64,
        /// Who approves.
        #[serde(skip)]
        by: Token,
    },
    /// Reject it.
    RejectApproval {
        /// The request.
        approval: u64,
        /// Who rejects it.
        #[serde(skip)]
        by: Token,
    },
    /// Record the expiries that are due.
    Sweep,
}

impl Command {
    /// What the provider of the payment that it brings has said of it before; nothing if it brings none.
    pub fn notices(&self) -> Option<&[PaymentChange]> {
        if let Self::TopUp(top_up) = self {
            Some(&top_up.notices)
        } else if let Self::Subscribe(subscribe) = self {
            Some(&subscribe.notices)
        } else if let Self::PayPeriod(pay) = self {
            Some(&pay.notices)
        } else {
            None
        }
    }

    /// The payment that it brings, and where what was said of it before is put.
    pub fn payment_mut(&mut self) -> Option<(&Payment, &mut Vec<PaymentChange>)> {
        if let Self::TopUp(top_up) = self {
            Some((&top_up.payment, &mut top_up.notices))
        } else if let Self::Subscribe(subscribe) = self {
            Some((&subscribe.payment, &mut subscribe.notices))
        } else if let Self::PayPeriod(pay) = self {
            Some((&pay.payment, &mut pay.notices))
        } else {
            None
        }
    }
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
    /// The measure against all accounts of the owner that stands: brought by who asks, not part of the command.
    #[serde(skip)]
    pub frozen: Option<OwnerFreeze>,
}

/// A freeze of all accounts of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerFreeze {
    /// A reason code.
    pub reason: Token,
    /// Since when.
    pub since: Timestamp,
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
