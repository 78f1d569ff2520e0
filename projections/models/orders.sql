-- Orders: what was bought by top-ups and by periods of subscriptions, and how it stands. What is left of its credits is in lots.
CREATE TABLE orders (
    account TEXT NOT NULL,
    order_id TEXT NOT NULL,
    book TEXT NOT NULL,
    standing TEXT NOT NULL,       -- unpaid, paid, disputed, charged_back, refund_under_way, refunded, refunded_by_provider
    currency TEXT NOT NULL,       -- of all amounts, which are in minor units
    price BIGINT NOT NULL,        -- before tax and fees
    paid BIGINT,                  -- what was paid of it: its credits' cost
    tax BIGINT,
    fee BIGINT,
    provider TEXT,
    paid_at BIGINT,
    credits BIGINT NOT NULL, credits_nanos BIGINT NOT NULL, -- that it pays for
    refunded BIGINT NOT NULL,     -- what is owed or was paid out for it by us, tax and fees included
    refunded_by_provider BIGINT NOT NULL, -- what its provider says that it has paid back, ours included
    refunded_elsewhere BIGINT NOT NULL,   -- what of that did not come of a refund that was decided here
    refund BIGINT,                -- a refund of it that is under way: the revision of the event that asked for it
    moved_to TEXT,                -- the account that the latest of its credits went to that left
    kind TEXT,                    -- top_up, period, received (with credits of another account)
    product TEXT,                 -- or the plan
    subscription BIGINT,          -- the revision of the event that began it
    catalog BIGINT,               -- the version that it was bought from
    ordered_at BIGINT,
    position BIGINT,
    PRIMARY KEY (account, order_id)
);
CREATE INDEX orders_of_book ON orders (book, account, order_id);
CREATE INDEX orders_by_payment ON orders (book, paid_at);

-- Their payments. A period that began by itself is paid later, if at all.
CREATE TABLE payments (
    account TEXT NOT NULL,
    order_id TEXT NOT NULL,
    book TEXT NOT NULL,
    provider TEXT NOT NULL,
    payment_id TEXT NOT NULL,     -- the provider's
    method TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    tax BIGINT,
    fee BIGINT,
    recorded_at BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (account, order_id)
);
CREATE INDEX payments_by_id ON payments (payment_id);
