-- Lots: the credits of top-ups and grants, and where each of them is.
CREATE TABLE lots (
    account TEXT NOT NULL,
    lot BIGINT NOT NULL,           -- the revision of the event that made it
    book TEXT NOT NULL,
    source TEXT,                   -- why it was granted; nothing if it was paid for
    order_id TEXT,
    priority BIGINT NOT NULL,
    frozen BIGINT NOT NULL,        -- 1 while it is frozen or set aside
    expires_at BIGINT,
    currency TEXT,                 -- of what was paid for it
    paid BIGINT,                   -- what its credits cost, in minor units
    deferred BIGINT,               -- what of that is not earned yet, in minor units
    granted BIGINT NOT NULL, granted_nanos BIGINT NOT NULL,
    free BIGINT NOT NULL, free_nanos BIGINT NOT NULL,
    held BIGINT NOT NULL, held_nanos BIGINT NOT NULL,
    spent BIGINT NOT NULL, spent_nanos BIGINT NOT NULL,
    expired BIGINT NOT NULL, expired_nanos BIGINT NOT NULL,
    forfeited BIGINT NOT NULL, forfeited_nanos BIGINT NOT NULL,
    reclaimed BIGINT NOT NULL, reclaimed_nanos BIGINT NOT NULL,
    withdrawn BIGINT NOT NULL, withdrawn_nanos BIGINT NOT NULL,
    migrated BIGINT NOT NULL, migrated_nanos BIGINT NOT NULL,
    created_at BIGINT,
    PRIMARY KEY (account, lot)
);
CREATE INDEX lots_by_end ON lots (book, expires_at);
CREATE INDEX lots_of_order ON lots (order_id);
