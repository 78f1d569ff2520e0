//! Every action there is.

use super::{Action, Field, Kind};
use crate::rights::Right;

const fn code(place: &'static str, label: &'static str) -> Field {
    Field { place, label, kind: Kind::Code, required: true }
}

const fn known(place: &'static str) -> Field {
    Field { place, label: "", kind: Kind::Known, required: false }
}

const fn optional(place: &'static str, label: &'static str, kind: Kind) -> Field {
    Field { place, label, kind, required: false }
}

const fn choice(
    place: &'static str,
    label: &'static str,
    choices: &'static [(&'static str, &'static str)],
) -> Field {
    Field { place, label, kind: Kind::Choice(choices), required: true }
}

const fn amount(place: &'static str, label: &'static str) -> Field {
    Field { place, label, kind: Kind::Amount, required: true }
}

macro_rules! actions {
    ($($name:ident = $path_name:literal, $label:literal, $done:literal, $right:ident, $path:literal, [$($field:expr),*];)*) => {
        $(pub(in crate::console) const $name: Action = Action {
            name: $path_name,
            label: $label,
            done: $done,
            right: Right::$right,
            path: $path,
            fields: &[$($field),*],
        };)*

        /// All of them.
        pub(super) const ALL: &[&Action] = &[$(&$name),*];
    };
}

actions! {
    REFUND_REQUEST = "refund-request", "Request a refund", "The refund was requested.", RefundRequests,
        "/v1/orders/{id}/refund-requests",
        [known("account_id"), code("cause", "Cause"),
         optional("evidence/0/kind", "Kind of evidence", Kind::Code),
         optional("evidence/0/ref", "Where it is kept", Kind::Code)];
    REFUND_EVIDENCE = "refund-evidence", "Add evidence", "The evidence was added.", RefundRequests,
        "/v1/refunds/{id}/evidence",
        [code("evidence/0/kind", "Kind of evidence"), code("evidence/0/ref", "Where it is kept")];
    REFUND_APPROVE = "refund-approve", "Approve", "The refund was approved.", RefundDecisions,
        "/v1/refunds/{id}/approve", [];
    REFUND_AGREE = "refund-agree", "Approve an agreed amount", "The refund was approved.", RefundDecisions,
        "/v1/refunds/{id}/approve",
        [known("amount/currency"), amount("amount/amount", "Amount, before tax and fees")];
    REFUND_DENY = "refund-deny", "Deny", "The refund was denied.", RefundDecisions,
        "/v1/refunds/{id}/deny", [code("reason", "Reason")];
    REFUND_PAID = "refund-paid", "Record the payout", "The payout was recorded.", RefundDecisions,
        "/v1/refunds/{id}/paid", [optional("ref", "Reference of the transfer", Kind::Code)];
    REFUND_FAILED = "refund-failed", "Record a failed payout", "The failed payout was recorded.", RefundDecisions,
        "/v1/refunds/{id}/failed", [code("reason", "Reason")];

    APPROVE = "approve", "Approve", "It was approved and has taken effect.", Approvals,
        "/v1/approvals/{id}/approve", [];
    REJECT = "reject", "Reject", "It was rejected.", Approvals, "/v1/approvals/{id}/reject", [];

    DISPUTE_CALL = "dispute-call", "Open a dispute", "The dispute was opened.", Disputes, "/v1/disputes",
        [known("debit_id"), code("reason", "Reason"), optional("ref", "What the holder says, kept at", Kind::Code)];
    DISPUTE_STATEMENT = "dispute-statement", "Open a dispute", "The dispute was opened.", Disputes, "/v1/disputes",
        [known("statement_id"), code("reason", "Reason"),
         optional("ref", "What the holder says, kept at", Kind::Code)];
    DISPUTE_RESOLVE = "dispute-resolve", "Resolve", "The dispute was resolved.", Disputes,
        "/v1/disputes/{id}/resolve",
        [choice("outcome", "Outcome", &[("credited", "Credit it"), ("rejected", "Reject it")]),
         optional("credits", "Credits, if not all of it", Kind::Amount)];

    APPEAL_FILE = "appeal-file", "File an appeal", "The appeal was filed.", Appeals,
        "/v1/accounts/{id}/appeals",
        [known("measure_id"), optional("ref", "What the holder says, kept at", Kind::Code)];
    APPEAL_DECIDE = "appeal-decide", "Decide", "The appeal was decided.", Appeals,
        "/v1/appeals/{id}/decide",
        [choice("decision", "Decision", &[("upheld", "Upheld: undo the measure"), ("rejected", "Rejected")])];
    REVIEW_CLOSE = "review-close", "Close the review", "The review was closed.", Conduct,
        "/v1/reviews/{id}/close", [code("decision", "Decision")];

    FREEZE = "freeze", "Freeze", "The account was frozen.", Freeze, "/v1/accounts/{id}/freeze",
        [choice("scope", "How far it reaches",
            &[("account", "The account"), ("amount", "An amount"), ("owner", "Every account of the owner")]),
         optional("amount", "How many credits, of an amount", Kind::Amount), code("reason", "Reason")];
    THAW = "thaw", "Lift", "The measure was lifted.", Thaw, "/v1/accounts/{id}/thaw",
        [known("measure_id"), code("reason", "Reason")];
    GRANT = "grant", "Grant credits", "The credits were granted.", Credits, "/v1/accounts/{id}/grants",
        [choice("source", "Source",
            &[("compensation", "Compensation"), ("manual", "Manual"), ("promotional", "Promotional")]),
         amount("credits", "Credits"), code("reason", "Reason"),
         optional("expires_at", "Expires at (UTC)", Kind::Time)];
    ADJUST = "adjust", "Adjust", "The adjustment was asked for.", Approvals, "/v1/accounts/{id}/adjust",
        [amount("credits", "Credits; below zero they are taken"), code("reason", "Reason")];
    CREDIT_LINE = "credit-line", "Set the credit line", "The credit line was set.", CreditLines,
        "/v1/accounts/{id}/credit-line",
        [amount("credit_limit", "What may be owed"), optional("reason", "Reason", Kind::Code)];
    REFUND_CALL = "refund-call", "Refund this call", "The call was refunded.", UsageRefunds,
        "/v1/debits/{id}/refund",
        [code("reason", "Reason"), optional("amount", "Credits, if not all of it", Kind::Amount)];
    CANCEL_SUBSCRIPTION = "cancel-subscription", "Cancel", "The subscription was cancelled.", CancelSubscriptions,
        "/v1/subscriptions/{id}/cancel", [];
    PROJECTION_SKIP = "projection-skip", "Leave the event out", "The decision was recorded.", Operations,
        "/v1/projections/{id}/skip",
        [Field { place: "position", label: "", kind: Kind::KnownNumber, required: true }, code("reason", "Reason")];
    PROJECTIONS_REBUILD = "projections-rebuild", "Build anew", "A new generation is being built.", Operations,
        "/v1/projections/rebuild", [];
    OPEN_ACCOUNT = "open-account", "Open an account", "The account was opened.", Accounts,
        "/v1/books/{id}/accounts",
        [optional("account_id", "Account id", Kind::Code), optional("owner", "Owner", Kind::Code),
         optional("region", "Region (ISO 3166-1)", Kind::Code)];
}
