-- What waits for somebody, or did: appeals, reviews, breaches, approvals, announcements, legal holds, claims for compensation.
CREATE TABLE cases (
    account TEXT NOT NULL,
    id TEXT NOT NULL,             -- as callers know it
    book TEXT NOT NULL,
    state TEXT NOT NULL,          -- open, closed
    outcome TEXT,                 -- a code: upheld, approved, cured, withdrawn…
    closed_at BIGINT,
    closed_by TEXT,
    kind TEXT,                    -- appeal, review, breach, approval, announcement, legal_hold, claim
    subject TEXT,                 -- the id of the measure; grant, adjustment; freeze, closing; who is in breach
    reason TEXT,                  -- a code
    reference TEXT,               -- what supports it, kept elsewhere
    clause TEXT,
    count BIGINT,                 -- of a review: the violations that led to it
    credits BIGINT NOT NULL, credits_nanos BIGINT NOT NULL, -- of an approval
    currency TEXT,                -- of a claim
    amount BIGINT,                -- of a claim, in minor units
    opened_at BIGINT,
    opened_by TEXT,
    due_at BIGINT,                -- when it ends or takes effect by itself
    position BIGINT,
    PRIMARY KEY (account, id)
);
CREATE INDEX cases_of_book ON cases (book, kind, state, opened_at);
