-- Statements: what happened in a period, and since when it can be disputed no more.
CREATE TABLE statements (
    account TEXT NOT NULL,
    statement BIGINT NOT NULL,    -- the revision of the event that issued it
    book TEXT NOT NULL,
    id TEXT NOT NULL,             -- as callers know it
    from_time BIGINT NOT NULL,
    until_time BIGINT NOT NULL,
    first_revision BIGINT NOT NULL,
    last_revision BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    charged BIGINT NOT NULL, charged_nanos BIGINT NOT NULL,
    refunded BIGINT NOT NULL, refunded_nanos BIGINT NOT NULL,
    available BIGINT NOT NULL, available_nanos BIGINT NOT NULL, -- the balance at its end
    posted BIGINT NOT NULL, posted_nanos BIGINT NOT NULL,
    debt BIGINT NOT NULL, debt_nanos BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    final_at BIGINT,
    PRIMARY KEY (account, statement)
);
CREATE INDEX statements_of_book ON statements (book, until_time);
