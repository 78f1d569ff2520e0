-- Who has an account, and where it is in its life.
CREATE TABLE accounts (
    account TEXT NOT NULL PRIMARY KEY,
    book TEXT NOT NULL,
    owner TEXT,
    region TEXT,                  -- ISO 3166-1 alpha-2
    status TEXT NOT NULL,         -- open, closed
    frozen BIGINT NOT NULL,       -- 1 while the whole account is frozen
    opened_at BIGINT,             -- microseconds since the Unix epoch, as all times
    contradiction TEXT            -- what is wrong with its history, if anything is
);
CREATE INDEX accounts_of_book ON accounts (book, account);
CREATE INDEX accounts_of_owner ON accounts (owner, account);
