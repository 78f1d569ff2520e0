-- What providers said of calls, kept apart from the event log for as long as the call's book says.
-- Files of this folder are only ever added: each is run once, in order, and user_version counts them.

PRAGMA application_id = 0x53435250;

-- Rows are appended and looked up by what made them: the event of an account that charged the call.
CREATE TABLE call_metadata (
    id                  INTEGER PRIMARY KEY,
    account             TEXT    NOT NULL,
    revision            INTEGER NOT NULL,
    book                TEXT    NOT NULL,
    -- Microseconds since 1970-01-01T00:00:00Z; with account and revision, it names the event beyond doubt.
    recorded_at         INTEGER NOT NULL,
    -- The last instant at which it may be read.
    kept_until          INTEGER NOT NULL,
    provider_request_id TEXT,
    provider_status     TEXT,
    UNIQUE (account, revision)
);

CREATE INDEX call_metadata_by_end ON call_metadata (kept_until);

-- Accounts of which nothing is purged, by the events that say so: what the log says up to the state's position.
CREATE TABLE legal_holds (
    account  TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (account, revision)
) WITHOUT ROWID;

-- The number of events of the log that are taken in, and the hash of the last: the log that this file belongs to.
CREATE TABLE state (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    -- Rows were deleted since the file was last written anew: pages may hold copies of them in their slack.
    remnants INTEGER NOT NULL
);

INSERT INTO state (one, position, hash, remnants) VALUES (1, 0, x'', 0);
