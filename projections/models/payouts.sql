-- Refunds of orders, and withdrawals: what was asked for, what was decided, what is owed, how it ended.
CREATE TABLE payouts (
    account TEXT NOT NULL,
    payout BIGINT NOT NULL,       -- the revision of the event that asked for it
    book TEXT NOT NULL,
    state TEXT NOT NULL,          -- requested, waiting (for holds), approved (owed), denied, paid, failed
    agreed BIGINT,                -- what was agreed on, in minor units
    credits BIGINT NOT NULL, credits_nanos BIGINT NOT NULL, -- taken for it
    decided_at BIGINT,
    decided_by TEXT,              -- nobody if it was decided by itself
    denial TEXT,                  -- why it was denied, as a code
    ended_at BIGINT,              -- when it was paid out, or could not be
    ended_by TEXT,
    failure TEXT,                 -- why it could not be paid out, as a code
    payment_reference TEXT,       -- the payment, kept elsewhere
    id TEXT,                      -- as callers know it
    kind TEXT,                    -- refund, withdrawal
    order_id TEXT,
    cause TEXT,                   -- why it was asked for, as a code
    channel TEXT,                 -- original, alternative
    handling TEXT,                -- automatic, review, negotiation
    clause TEXT,
    policy BIGINT,                -- the version that it is handled by
    currency TEXT,                -- of what could be refunded, and of what was agreed on
    refundable BIGINT,            -- what could be refunded when it was asked for, in minor units
    reference TEXT,               -- of a withdrawal: where it is to be paid, kept elsewhere
    requested_at BIGINT,
    requested_by TEXT,
    position BIGINT,
    PRIMARY KEY (account, payout)
);
CREATE INDEX payouts_of_book ON payouts (book, state, requested_at);
CREATE INDEX payouts_of_order ON payouts (account, order_id);

-- What is owed, or was paid out, for them: by currency, in minor units.
CREATE TABLE payout_amounts (
    account TEXT NOT NULL,
    payout BIGINT NOT NULL,
    currency TEXT NOT NULL,
    book TEXT NOT NULL,
    amount BIGINT NOT NULL,       -- before tax and fees
    tax BIGINT,
    fee BIGINT,
    owed_at BIGINT NOT NULL,
    PRIMARY KEY (account, payout, currency)
);

-- Evidence for refunds: what was brought, and what is missing.
CREATE TABLE payout_evidence (
    account TEXT NOT NULL,
    payout BIGINT NOT NULL,
    kind TEXT NOT NULL,           -- what it is, as a code
    reference TEXT NOT NULL,      -- where the service keeps it; empty if it is missing
    brought BIGINT NOT NULL,      -- 0 if it is missing
    PRIMARY KEY (account, payout, kind, reference)
);
