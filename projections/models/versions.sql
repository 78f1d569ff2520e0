-- What was announced of books: versions of catalogs, policies and campaigns, the end of the service, periods that were closed.
CREATE TABLE versions (
    book TEXT NOT NULL,
    revision BIGINT NOT NULL,     -- in the book's stream
    kind TEXT NOT NULL,           -- catalog, policy, campaign, shutdown, period
    name TEXT,                    -- of a campaign
    version BIGINT,               -- of a catalog or a policy
    announced_at BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    for_subscribed_at BIGINT,     -- the same for accounts that were subscribed then, where that is later
    until_time BIGINT,            -- of a period: when it ended
    reason TEXT,                  -- of the end of the service, as a code
    actor TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (book, revision)
);
CREATE INDEX versions_by_kind ON versions (book, kind, effective_at);
