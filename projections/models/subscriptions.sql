-- Subscriptions, and their periods: paid, or not.
CREATE TABLE subscriptions (
    account TEXT NOT NULL,
    subscription BIGINT NOT NULL, -- the revision of the event that began it
    book TEXT NOT NULL,
    id TEXT NOT NULL,             -- as callers know it
    plan TEXT NOT NULL,
    state TEXT NOT NULL,          -- running, cancelled (ends with its period), ended
    every TEXT NOT NULL,          -- how long a period is, ISO 8601
    began_at BIGINT NOT NULL,
    period_from BIGINT,           -- of the latest period
    period_until BIGINT,
    periods BIGINT NOT NULL,
    paid BIGINT NOT NULL,         -- how many of them are paid
    ends_at BIGINT,               -- once it was cancelled
    ended_at BIGINT,
    end_reason TEXT,              -- a code
    PRIMARY KEY (account, subscription)
);
CREATE INDEX subscriptions_of_book ON subscriptions (book, state, plan);

CREATE TABLE subscription_periods (
    account TEXT NOT NULL,
    lot BIGINT NOT NULL,          -- its credits: the revision of the event that granted them
    book TEXT NOT NULL,
    subscription BIGINT NOT NULL,
    order_id TEXT NOT NULL,
    from_time BIGINT NOT NULL,
    until_time BIGINT NOT NULL,
    currency TEXT NOT NULL,
    price BIGINT NOT NULL,        -- before tax and fees, in minor units
    paid_at BIGINT,
    credits BIGINT NOT NULL, credits_nanos BIGINT NOT NULL,
    PRIMARY KEY (account, lot)
);
CREATE INDEX subscription_periods_of_book ON subscription_periods (book, paid_at, from_time);
