-- Calls: one row for each that was charged, or that ended without a charge.
CREATE TABLE calls (
    position BIGINT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    revision BIGINT NOT NULL,
    book TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    model TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    api_key BIGINT,                -- the revision of the event that issued it
    outcome TEXT NOT NULL,         -- as the caller stated it; expired for a hold that nobody settled
    charged BIGINT NOT NULL, charged_nanos BIGINT NOT NULL,
    on_debt BIGINT NOT NULL, on_debt_nanos BIGINT NOT NULL,   -- what of it was owed
    absorbed BIGINT NOT NULL, absorbed_nanos BIGINT NOT NULL, -- what of it the operator carries
    catalog BIGINT NOT NULL,       -- the version that rated it
    policy BIGINT NOT NULL         -- the version that settled it
);
