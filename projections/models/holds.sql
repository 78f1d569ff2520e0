-- Holds in flight: a row goes when its hold is captured, voided or expired.
CREATE TABLE holds (
    account TEXT NOT NULL,
    hold BIGINT NOT NULL,         -- the revision of the event that placed it
    book TEXT NOT NULL,
    request_id TEXT NOT NULL,
    model TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    api_key BIGINT,               -- the revision of the event that issued it
    amount BIGINT NOT NULL, amount_nanos BIGINT NOT NULL,
    on_credit BIGINT NOT NULL, on_credit_nanos BIGINT NOT NULL, -- the part that leans on the credit line
    expires_at BIGINT NOT NULL,
    placed_at BIGINT,
    PRIMARY KEY (account, hold)
);
CREATE INDEX holds_of_book ON holds (book, expires_at);
