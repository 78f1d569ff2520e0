//! What happened to an account. Wire names and shapes are kept for ever; `schemas/events/` has them as JSON Schema.
//!
//! One file a subject. What an event makes (a lot, a hold, a key, a measure, a refund …) is named by the revision of
//! that event. Amounts are exact decimals in strings. No prompt, response, address, name or free text is ever in an
//! event: codes and opaque references only.

/// Defines payloads: structs of named fields, in JSON.
macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name { $($(#[$attribute])* pub $field: $type,)* }
    )*};
}

mod approvals;
mod billing;
mod calls;
mod credits;
mod measures;
mod moves;
mod opening;
mod payments;
mod refunds;
mod subscriptions;

pub use approvals::*;
pub use billing::*;
pub use calls::*;
pub use credits::*;
pub use measures::*;
pub use moves::*;
pub use opening::*;
pub use payments::*;
pub use refunds::*;
pub use subscriptions::*;

use crate::Timestamp;

/// Lists the events: the type, its wire name and, where it takes effect at a time of its own, that field.
macro_rules! events {
    ($($name:ident = $wire:literal $(@ $at:ident)?,)*) => {
        /// Something that happened to an account.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event { $(#[doc = concat!("`", $wire, "`.")] $name($name),)* }

        $(impl From<$name> for Event {
            fn from(event: $name) -> Self { Self::$name(event) }
        })*

        impl Event {
            /// Every wire name, in the order of this page.
            pub const WIRE_NAMES: &'static [&'static str] = &[$($wire),*];

            /// The type's name on the wire.
            pub const fn wire_name(&self) -> &'static str {
                match self { $(Self::$name(_) => $wire,)* }
            }

            /// When it took effect, if that is not when it was recorded: an expiry takes effect at the end it names.
            pub fn effective_at(&self) -> Option<Timestamp> {
                match self { $(Self::$name(_event) => events!(@ _event $($at)?),)* }
            }

            pub(crate) fn write(&self, payload: &mut Vec<u8>) -> serde_json::Result<()> {
                match self { $(Self::$name(event) => serde_json::to_writer(payload, event),)* }
            }

            pub(crate) fn read(wire_name: &str, payload: &str) -> Option<serde_json::Result<Self>> {
                match wire_name {
                    $($wire => Some(serde_json::from_str::<$name>(payload).map(Self::$name)),)*
                    _ => None,
                }
            }

            /// The JSON Schema of every event's payload, by wire name.
            #[cfg(feature = "schema")]
            pub fn schemas() -> Vec<(&'static str, schemars::Schema)> {
                vec![$(($wire, schemars::schema_for!($name)),)*]
            }
        }
    };
    (@ $event:ident) => { None };
    (@ $event:ident $at:ident) => { $event.$at.into() };
}

events! {
    AccountOpened = "account_opened",
    RegionChanged = "region_changed",
    KeyIssued = "key_issued",
    KeyRotated = "key_rotated",
    KeyRevoked = "key_revoked",
    KeyReinstated = "key_reinstated",
    ToppedUp = "topped_up",
    Granted = "granted",
    LotExpired = "lot_expired" @ expired_at,
    LotForfeited = "lot_forfeited",
    LotReinstated = "lot_reinstated",
    LotReclaimed = "lot_reclaimed",
    DebtRepaid = "debt_repaid",
    CreditLineSet = "credit_line_set",
    DebtOverdue = "debt_overdue" @ due_at,
    HoldPlaced = "hold_placed",
    HoldExtended = "hold_extended",
    HoldCaptured = "hold_captured",
    HoldVoided = "hold_voided",
    HoldExpired = "hold_expired" @ expired_at,
    Debited = "debited",
    UsageRefunded = "usage_refunded",
    RefundRequested = "refund_requested",
    RefundEvidenceAdded = "refund_evidence_added",
    RefundApproved = "refund_approved",
    RefundReclaimed = "refund_reclaimed",
    RefundDenied = "refund_denied",
    RefundPaid = "refund_paid",
    RefundFailed = "refund_failed",
    PaymentRefunded = "payment_refunded",
    PaymentDisputed = "payment_disputed",
    PaymentDisputeClosed = "payment_dispute_closed",
    Withdrawn = "withdrawn",
    MigrationStarted = "migration_started",
    LotReceived = "lot_received",
    MigrationCompleted = "migration_completed",
    MigrationReversed = "migration_reversed",
    Subscribed = "subscribed",
    PeriodGranted = "period_granted" @ from,
    PeriodPaid = "period_paid",
    SubscriptionCancelled = "subscription_cancelled",
    SubscriptionEnded = "subscription_ended" @ ended_at,
    StatementIssued = "statement_issued" @ until,
    StatementFinalized = "statement_finalized" @ final_at,
    DisputeOpened = "dispute_opened",
    DisputeResolved = "dispute_resolved",
    CompensationClaimed = "compensation_claimed",
    CompensationSettled = "compensation_settled",
    Frozen = "frozen" @ effective_at,
    Thawed = "thawed",
    FreezeAnnounced = "freeze_announced",
    ClosureAnnounced = "closure_announced",
    AnnouncementWithdrawn = "announcement_withdrawn",
    MeasureSpread = "measure_spread",
    AccountClosed = "account_closed" @ effective_at,
    AccountReopened = "account_reopened",
    BreachNotified = "breach_notified",
    BreachCured = "breach_cured",
    ViolationRecorded = "violation_recorded",
    ReviewOpened = "review_opened",
    ReviewClosed = "review_closed",
    AppealFiled = "appeal_filed",
    AppealDecided = "appeal_decided",
    LegalHoldPlaced = "legal_hold_placed",
    LegalHoldReleased = "legal_hold_released",
    ApprovalRequested = "approval_requested",
    ApprovalGiven = "approval_given",
    ApprovalRejected = "approval_rejected",
    Adjusted = "adjusted",
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}
