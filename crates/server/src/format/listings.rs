//! Every list: where it is, and what its columns are in CSV.
//!
//! Columns stand in an order that never changes; new ones are added at the end.

/// A list.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Its path, as the description of the API has it.
    pub(crate) path: &'static str,
    /// What its cursors belong to.
    pub(crate) name: &'static str,
    /// Members of its items.
    pub(crate) columns: &'static [&'static str],
}

macro_rules! listings {
    ($($name:ident: $path:literal, $cursor:literal, [$($column:literal),* $(,)?];)*) => {
        impl Listing {
            $(pub(crate) const $name: &'static Self =
                &Self { path: $path, name: $cursor, columns: &[$($column),*] };)*
        }

        /// All of them.
        pub(crate) const fn all() -> &'static [&'static Listing] {
            &[$(Listing::$name),*]
        }
    };
}

listings! {
    LOTS: "/v1/accounts/{account_id}/lots", "lots", [
        "lot_id", "source", "order_id", "cost_basis.amount", "cost_basis.currency", "priority", "expires_at", "frozen",
        "granted", "available", "held", "spent", "expired", "forfeited", "reclaimed",
    ];
    ENTRIES: "/v1/accounts/{account_id}/entries", "entries", [
        "position", "revision", "recorded_at", "effective_at", "type", "amount", "debt", "lots",
    ];
    CALLS: "/v1/accounts/{account_id}/calls", "calls", [
        "position", "revision", "recorded_at", "debit_id", "account_id", "request_id", "hold_id", "key_id", "model",
        "endpoint", "outcome", "charged", "shortfall", "debt", "absorbed", "released", "refunded", "late", "lines",
        "lots", "catalog_version", "policy_version", "provider.request_id", "provider.status", "metadata_until",
    ];
    STATEMENT: "/v1/statements/{statement_id}", "statement", [
        "position", "revision", "recorded_at", "debit_id", "account_id", "request_id", "hold_id", "key_id", "model",
        "endpoint", "outcome", "charged", "shortfall", "debt", "absorbed", "released", "refunded", "late", "lines",
        "lots", "catalog_version", "policy_version", "provider.request_id", "provider.status", "metadata_until",
    ];
    HOLDS: "/v1/accounts/{account_id}/holds", "holds", [
        "hold_id", "request_id", "model", "endpoint", "key_id", "amount", "expires_at", "lots", "catalog_version",
        "policy_version",
    ];
    ORDERS: "/v1/accounts/{account_id}/orders", "orders", [
        "position", "revision", "recorded_at", "order_id", "lot_id", "product_id", "plan", "subscription_id",
        "catalog_version", "price.amount", "price.currency", "paid", "payment.provider", "payment.payment_id",
        "payment.method", "payment.amount", "payment.currency", "payment.tax", "payment.fee", "credits", "expires_at",
        "refund.refund_id", "refund.status", "refunded_by_provider.amount", "refunded_by_provider.currency", "disputes",
    ];
    KEYS: "/v1/accounts/{account_id}/keys", "keys", ["key_id", "state"];
    EVENTS: "/v1/events", "events", [
        "position", "stream", "revision", "id", "type", "version", "recorded_at", "effective_at", "actor",
        "correlation", "causation", "key", "fingerprint", "hash", "payload",
    ];
    ACCOUNT_EVENTS: "/v1/accounts/{account_id}/events", "events", [
        "position", "stream", "revision", "id", "type", "version", "recorded_at", "effective_at", "actor",
        "correlation", "causation", "key", "fingerprint", "hash", "payload",
    ];
    STATEMENTS: "/v1/accounts/{account_id}/statements", "statements", [
        "statement_id", "account_id", "from", "until", "issued_at", "charged", "refunded", "calls",
        "closing.available", "closing.posted", "closing.held", "closing.frozen", "closing.debt",
        "closing.credit_limit", "status", "final_at",
    ];
    SUBSCRIPTIONS: "/v1/accounts/{account_id}/subscriptions", "subscriptions", [
        "subscription_id", "plan", "status", "every", "began_at", "period.from", "period.until", "period.order_id",
        "period.lot_id", "period.price.amount", "period.price.currency", "periods", "unpaid", "ends_at", "end_reason",
    ];
    DISPUTES: "/v1/accounts/{account_id}/disputes", "disputes", [
        "dispute_id", "debit_id", "statement_id", "reason", "ref", "opened_at", "status", "resolved_at", "credits",
    ];
    CLAIMS: "/v1/accounts/{account_id}/compensation-claims", "claims", [
        "claim_id", "amount.amount", "amount.currency", "reason", "ref", "claimed_at", "status", "settled_at",
    ];
    ELIGIBILITY: "/v1/accounts/{account_id}/refund-eligibility", "refund-eligibility", [
        "account_id", "order_id", "cause", "paid.amount", "paid.currency", "paid_at", "eligibility", "clause", "code",
        "detail", "default", "channel", "channel_clause", "original_until", "window_until", "refundable.amount",
        "refundable.currency", "refundable_tax.amount", "refundable_tax.currency", "refundable_fee.amount",
        "refundable_fee.currency", "refundable_credits", "evidence", "refund.refund_id", "refund.status",
        "policy_version",
    ];
    REFUNDS: "/v1/accounts/{account_id}/refunds", "refunds", [
        "refund_id", "account_id", "kind", "status", "order_id", "cause", "handling", "channel", "clause",
        "policy_version", "evidence", "requested_at", "requested_by", "decision.by", "decision.at", "decision.reason",
        "agreed.amount", "agreed.currency", "amounts", "tax.amount", "tax.currency", "fee.amount", "fee.currency",
        "lots", "ending.by", "ending.at", "ending.reason", "ending.ref",
    ];
    APPROVALS: "/v1/accounts/{account_id}/approvals", "approvals", [
        "approval_id", "status", "kind", "credits", "source", "campaign", "expires_at", "priority", "reason",
        "requested_by", "requested_at", "decided_by", "decided_at",
    ];
    VIOLATIONS: "/v1/accounts/{account_id}/violations", "violations", [
        "violation_id", "reason", "debit_id", "ref", "recorded_at",
    ];
    BOOKS: "/v1/books", "books", [
        "book", "catalog_version", "policy_version", "closed_until", "shutdown.reason", "shutdown.announced_at",
        "shutdown.effective_at",
    ];
    CATALOGS: "/v1/books/{book}/catalogs", "catalogs", [
        "version", "announced_at", "effective_at", "for_subscribed_at",
    ];
    POLICIES: "/v1/books/{book}/policies", "policies", [
        "version", "announced_at", "effective_at", "for_subscribed_at",
    ];
    CAMPAIGNS: "/v1/books/{book}/campaigns", "campaigns", [
        "id", "announced_at", "effective_at", "source", "credits", "valid_for", "once_per", "budget", "ends_at",
        "clause",
    ];
}
