-- What calls came to, by quarters of an hour and by days of UTC. Rows without an account are of all accounts of the book
-- together, and have no key.
CREATE TABLE usage_quarters (
    book TEXT NOT NULL,
    account TEXT NOT NULL,
    start BIGINT NOT NULL,        -- of the quarter of an hour, in seconds since the Unix epoch
    model TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    api_key TEXT NOT NULL,        -- its id; empty for a call without one
    outcome TEXT NOT NULL,
    calls BIGINT NOT NULL,
    charged BIGINT NOT NULL, charged_nanos BIGINT NOT NULL,
    refunded BIGINT NOT NULL, refunded_nanos BIGINT NOT NULL, -- given back in that time, of calls of whatever time
    on_debt BIGINT NOT NULL, on_debt_nanos BIGINT NOT NULL,
    absorbed BIGINT NOT NULL, absorbed_nanos BIGINT NOT NULL,
    PRIMARY KEY (book, account, start, model, endpoint, api_key, outcome)
);
CREATE INDEX usage_quarters_by_time ON usage_quarters (book, start);
CREATE TABLE usage_days (
    book TEXT NOT NULL,
    account TEXT NOT NULL,
    start BIGINT NOT NULL,        -- of the day of UTC
    model TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    api_key TEXT NOT NULL,
    outcome TEXT NOT NULL,
    calls BIGINT NOT NULL,
    charged BIGINT NOT NULL, charged_nanos BIGINT NOT NULL,
    refunded BIGINT NOT NULL, refunded_nanos BIGINT NOT NULL,
    on_debt BIGINT NOT NULL, on_debt_nanos BIGINT NOT NULL,
    absorbed BIGINT NOT NULL, absorbed_nanos BIGINT NOT NULL,
    PRIMARY KEY (book, account, start, model, endpoint, api_key, outcome)
);
CREATE INDEX usage_days_by_time ON usage_days (book, start);
