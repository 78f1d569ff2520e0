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
        "book", "catalog_version", "policy_version", "shutdown.reason", "shutdown.announced_at",
        "shutdown.effective_at", "closed_until",
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
    USAGE: "/v1/books/{book}/reports/usage", "usage", [
        "from", "until", "account_id", "model", "endpoint", "key_id", "outcome", "calls", "charged", "refunded", "net",
        "on_debt", "absorbed",
    ];
    ACCOUNT_USAGE: "/v1/accounts/{account_id}/usage", "account-usage", [
        "from", "until", "account_id", "model", "endpoint", "key_id", "outcome", "calls", "charged", "refunded", "net",
        "on_debt", "absorbed",
    ];
    BALANCES: "/v1/books/{book}/reports/balances", "balances", [
        "account_id", "owner", "status", "balance.available", "balance.posted", "balance.held", "balance.frozen",
        "balance.debt", "balance.credit_limit", "contradiction",
    ];
    DEFERRED: "/v1/books/{book}/reports/deferred-revenue", "deferred-revenue", [
        "from", "until", "currency", "opening", "added", "released", "closing", "adjustments",
    ];
    REVENUE: "/v1/books/{book}/reports/revenue", "revenue", ["from", "until", "account", "commodity", "amount", "adjustments"];
    BREAKAGE: "/v1/books/{book}/reports/breakage", "breakage", ["from", "until", "account", "commodity", "amount", "adjustments"];
    RECEIVABLES: "/v1/books/{book}/reports/receivables", "receivables", ["from", "until", "account", "commodity", "amount", "adjustments"];
    TRIAL_BALANCE: "/v1/books/{book}/reports/trial-balance", "trial-balance", [
        "account", "class", "commodity", "debit", "credit", "balance",
    ];
    REFUND_WINDOWS: "/v1/books/{book}/reports/refund-windows", "refund-windows", [
        "account_id", "order_id", "cause", "paid.amount", "paid.currency", "paid_at", "eligibility", "clause", "code",
        "detail", "default", "channel", "channel_clause", "original_until", "window_until", "refundable.amount",
        "refundable.currency", "refundable_tax.amount", "refundable_tax.currency", "refundable_fee.amount",
        "refundable_fee.currency", "refundable_credits", "evidence", "refund.refund_id", "refund.status",
        "policy_version",
    ];
    ACCOUNTS: "/v1/books/{book}/accounts", "accounts", [
        "account_id", "owner", "region", "status", "opened_at", "active_at", "balance.available", "balance.posted",
        "balance.held", "balance.frozen", "balance.debt", "balance.credit_limit", "charged", "calls", "contradiction",
    ];
    QUEUED_REFUNDS: "/v1/books/{book}/refunds", "queued-refunds", [
        "refund_id", "account_id", "kind", "status", "order_id", "cause", "handling", "channel", "clause",
        "policy_version", "evidence", "missing", "requested_at", "requested_by", "decision.by", "decision.at",
        "decision.reason", "refundable.amount", "refundable.currency", "agreed.amount", "agreed.currency", "amounts",
        "tax.amount", "tax.currency", "fee.amount", "fee.currency", "credits", "ending.by", "ending.at",
        "ending.reason", "ending.ref",
    ];
    QUEUED_DISPUTES: "/v1/books/{book}/disputes", "queued-disputes", [
        "dispute_id", "account_id", "kind", "debit_id", "statement_id", "order_id", "reason", "ref", "status",
        "opened_at", "opened_by", "resolved_at", "resolved_by", "credits", "debt",
    ];
    QUEUED_APPEALS: "/v1/books/{book}/appeals", "queued-appeals", [
        "appeal_id", "account_id", "measure_id", "ref", "state", "filed_at", "filed_by", "decided_at", "decided_by",
    ];
    QUEUED_REVIEWS: "/v1/books/{book}/reviews", "queued-reviews", [
        "review_id", "account_id", "reason", "clause", "status", "count", "opened_at", "decision", "closed_at",
        "closed_by",
    ];
    QUEUED_APPROVALS: "/v1/books/{book}/approvals", "queued-approvals", [
        "approval_id", "account_id", "status", "kind", "credits", "reason", "requested_by", "requested_at",
        "decided_by", "decided_at",
    ];
    QUEUED_HOLDS: "/v1/books/{book}/holds", "queued-holds", [
        "hold_id", "account_id", "request_id", "model", "endpoint", "key_id", "amount", "on_credit", "placed_at",
        "expires_at",
    ];
    PROJECTIONS: "/v1/projections", "projections", [
        "name", "state", "position", "lag", "lag_seconds", "version", "generation", "poison.position", "poison.error",
    ];
}
