-- Accounts as they were after every thousandth of their events: where the past is folded from.
CREATE TABLE folds (
    account TEXT NOT NULL,
    events BIGINT NOT NULL,      -- how many of its events it has taken
    position BIGINT NOT NULL,    -- of the last of them
    recorded_at BIGINT NOT NULL, -- of the last of them
    state TEXT NOT NULL,         -- the account, in JSON
    PRIMARY KEY (account, events)
);
