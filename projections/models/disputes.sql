-- Disputes: of calls and statements by holders, and of payments at their providers.
CREATE TABLE disputes (
    account TEXT NOT NULL,
    subject TEXT NOT NULL,        -- the id of the call or the statement, or the order
    id TEXT NOT NULL,             -- as callers know it; of a payment, the provider's
    book TEXT NOT NULL,
    state TEXT NOT NULL,          -- open, closed
    outcome TEXT,                 -- credited, rejected; of a payment: won, lost
    credits BIGINT NOT NULL, credits_nanos BIGINT NOT NULL, -- credited; of a payment: taken back
    debt BIGINT NOT NULL, debt_nanos BIGINT NOT NULL,       -- of a payment: what of that was spent, and is owed
    closed_at BIGINT,
    closed_by TEXT,
    kind TEXT,                    -- call, statement, payment
    reason TEXT,
    reference TEXT,               -- what the holder says, kept elsewhere
    frozen_by BIGINT,             -- of a payment: the freeze that came of it
    opened_at BIGINT,
    opened_by TEXT,
    position BIGINT,
    PRIMARY KEY (account, subject, id)
);
CREATE INDEX disputes_of_book ON disputes (book, state, opened_at);
