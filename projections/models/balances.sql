-- What accounts have: now, and as it was at the end of every quarter of an hour in which something happened.
CREATE TABLE balances (
    account TEXT NOT NULL PRIMARY KEY,
    book TEXT NOT NULL,
    available BIGINT NOT NULL, available_nanos BIGINT NOT NULL, -- posted − held − frozen − debt
    posted BIGINT NOT NULL, posted_nanos BIGINT NOT NULL,       -- what is left in lots
    held BIGINT NOT NULL, held_nanos BIGINT NOT NULL,           -- what open holds reserve
    frozen BIGINT NOT NULL, frozen_nanos BIGINT NOT NULL,
    debt BIGINT NOT NULL, debt_nanos BIGINT NOT NULL,
    credit_limit BIGINT NOT NULL, credit_limit_nanos BIGINT NOT NULL,
    charged BIGINT NOT NULL, charged_nanos BIGINT NOT NULL,     -- what calls were charged in all, net of refunds
    calls BIGINT NOT NULL,
    events BIGINT NOT NULL,                                     -- the revision of its next event
    position BIGINT NOT NULL,                                   -- of its last event
    recorded_at BIGINT NOT NULL,                                -- of its last event
    active_at BIGINT NOT NULL,                                  -- when it last called or was topped up
    due_at BIGINT                                               -- when a hold or a lot is next past its end
);
CREATE INDEX balances_of_book ON balances (book, account);
CREATE INDEX balances_due ON balances (due_at);

CREATE TABLE balance_history (
    account TEXT NOT NULL,
    quarter BIGINT NOT NULL, -- seconds since the Unix epoch, of the beginning of the quarter of an hour by recorded_at
    available BIGINT NOT NULL, available_nanos BIGINT NOT NULL,
    posted BIGINT NOT NULL, posted_nanos BIGINT NOT NULL,
    held BIGINT NOT NULL, held_nanos BIGINT NOT NULL,
    frozen BIGINT NOT NULL, frozen_nanos BIGINT NOT NULL,
    debt BIGINT NOT NULL, debt_nanos BIGINT NOT NULL,
    credit_limit BIGINT NOT NULL, credit_limit_nanos BIGINT NOT NULL,
    position BIGINT NOT NULL, -- of the last event in it
    due_at BIGINT,            -- when, after it, a hold or a lot was next past its end
    first_position BIGINT,    -- of the first event in it
    first_at BIGINT,          -- when that was recorded
    PRIMARY KEY (account, quarter)
);

-- Events that took effect before they were recorded: what the history above does not show in its place.
CREATE TABLE late_events (
    account TEXT NOT NULL,
    revision BIGINT NOT NULL,
    position BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    PRIMARY KEY (account, revision)
);
CREATE INDEX late_events_by_time ON late_events (recorded_at, effective_at);
CREATE INDEX late_events_of_account ON late_events (account, recorded_at);
