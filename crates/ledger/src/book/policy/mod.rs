//! A policy: the choices of one service's terms that decide how credits move. `docs/books.md` explains each key.
//!
//! One file per part of the terms. A part that a book leaves out promises nothing: nobody is barred, nothing is
//! refunded, no notice is owed.

mod billing;
mod calls;
mod changes;
mod check;
mod credits;
mod measures;
mod opening;
mod refunds;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

pub use billing::{CreditLineTerms, DisputeTerms, Floor, Liability, StatementTerms, SubscriptionTerms};
pub use calls::{
    BeyondCreditLine, Charge, ExpiredLot, HoldPolicy, IdempotencyPolicy, Outcome, Outcomes, OverrunPolicy,
    OverrunRule, Retention, UsageRefundPolicy,
};
pub use changes::{Notice, NoticeRule, NoticeTo};
pub(super) use check::check;
pub use credits::{ApprovalRules, BurnKey, GrantRule, GrantSource, Grants};
pub(crate) use measures::MOST_VIOLATIONS;
pub use measures::{
    AfterClose, Appeals, BreachTerms, FreezePolicy, Inactivity, MoveRule, MoveWhen, OpenHolds, OperatorClose,
    Remainder, Shutdown, Threshold, ThresholdAction, Violations,
};
pub use opening::{MinimumAge, Opening, Regions, Required, RequiredAttestations};
pub use refunds::{
    Advice, ChannelRule, DisputeFreeze, EvidenceRule, Handling, OnTop, OrderHolds, PaymentTerms, Reclaimed,
    RefundRule, RefundTerms, TerminatedRule,
};

use crate::Rounding;
use crate::time::TimeZone;

/// A clause of the terms, as the service's text or its coverage page names it.
pub type Clause = Option<CompactString>;

/// One version of a book's policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Counts up from 1. A version that has been in force never changes.
    pub version: u32,
    /// The zone whose calendar months, billing periods and statements go by.
    #[serde(default)]
    pub time_zone: TimeZone,
    /// In which order lots are spent: the first key that tells two lots apart decides.
    pub burn_order: Vec<BurnKey>,
    /// How a call's exact total becomes credits.
    pub rounding: Rounding,
    /// Holds: how long, and by what.
    pub holds: HoldPolicy,
    /// Usage beyond what was held.
    pub overrun: OverrunPolicy,
    /// Refunds of a call.
    pub usage_refunds: UsageRefundPolicy,
    /// What each outcome of a call is charged.
    pub outcomes: Outcomes,
    /// What is kept of a call, and how long.
    #[serde(default)]
    pub retention: Retention,
    /// Grants, by source.
    pub grants: Grants,
    /// What waits for a second person.
    #[serde(default)]
    pub approvals: ApprovalRules,
    /// How long before they take effect changes are announced.
    #[serde(default)]
    pub notice: Notice,
    /// Who may open an account and use it.
    #[serde(default)]
    pub opening: Opening,
    /// Refunds of orders, in money; without it, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunds: Option<RefundTerms>,
    /// What a payment provider's notices lead to.
    #[serde(default)]
    pub payments: PaymentTerms,
    /// Subscriptions.
    #[serde(default)]
    pub subscriptions: SubscriptionTerms,
    /// Statements of what was charged; without it, none are issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statements: Option<StatementTerms>,
    /// Until when a call or a statement may be disputed.
    #[serde(default)]
    pub disputes: DisputeTerms,
    /// What is owed.
    #[serde(default)]
    pub credit_line: CreditLineTerms,
    /// How far the service is liable; without it, the terms do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liability: Option<Liability>,
    /// Freezes.
    pub freeze: FreezePolicy,
    /// Closing an account.
    pub close: AfterClose,
    /// Ending for a breach that is not cured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breach: Option<BreachTerms>,
    /// Violations, and what they lead to.
    #[serde(default)]
    pub violations: Violations,
    /// Appeals against measures; without it, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appeals: Option<Appeals>,
    /// What becomes of an account that nobody uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactivity: Option<Inactivity>,
    /// Paying a balance out.
    #[serde(default)]
    pub withdrawal: MoveRule,
    /// Moving a balance to another account.
    #[serde(default)]
    pub migration: MoveRule,
    /// The end of the whole service.
    #[serde(default)]
    pub shutdown: Shutdown,
    /// How long keys of calls are remembered.
    pub idempotency: IdempotencyPolicy,
}
