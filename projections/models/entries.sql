-- The books: every posting of every event, and their sums.
CREATE TABLE entries (
    position BIGINT NOT NULL,
    line BIGINT NOT NULL,          -- of the event, from 0
    account TEXT NOT NULL,
    revision BIGINT NOT NULL,
    book TEXT NOT NULL,
    type TEXT NOT NULL,            -- of the event
    recorded_at BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    booked_at BIGINT NOT NULL,     -- the time that it counts for: a closed period is not changed
    late BIGINT NOT NULL,          -- 1 if it belongs to a period that was closed before it was recorded
    ledger TEXT NOT NULL,          -- the account of the chart: liabilities:deferred-revenue
    commodity TEXT NOT NULL,       -- credits, or a currency
    quantity BIGINT NOT NULL, quantity_nanos BIGINT NOT NULL, -- debits above zero; money in minor units
    PRIMARY KEY (position, line)
);
CREATE INDEX entries_by_time ON entries (book, booked_at); -- of a quarter of an hour that is asked for in part

-- Their sums by quarters of an hour.
CREATE TABLE ledger_quarters (
    book TEXT NOT NULL,
    start BIGINT NOT NULL,         -- of the quarter of an hour by booked_at, in seconds since the Unix epoch
    ledger TEXT NOT NULL,
    commodity TEXT NOT NULL,
    late BIGINT NOT NULL,
    debit BIGINT NOT NULL, debit_nanos BIGINT NOT NULL,
    credit BIGINT NOT NULL, credit_nanos BIGINT NOT NULL,
    PRIMARY KEY (book, start, ledger, commodity, late)
);

-- Their sums by blocks of 65,536 positions.
CREATE TABLE ledger_blocks (
    block BIGINT NOT NULL,         -- the position, divided by 65,536
    book TEXT NOT NULL,
    ledger TEXT NOT NULL,
    commodity TEXT NOT NULL,
    debit BIGINT NOT NULL, debit_nanos BIGINT NOT NULL,
    credit BIGINT NOT NULL, credit_nanos BIGINT NOT NULL,
    PRIMARY KEY (block, book, ledger, commodity)
);
