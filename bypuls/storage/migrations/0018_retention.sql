-- What was announced to be dropped of a city, and what was. A part is a month of a table on plain PostgreSQL, a chunk on
-- TimescaleDB, a month of refused messages. Nothing goes without a row here that was there before.
CREATE TABLE retention (
    city       text NOT NULL REFERENCES city,
    kind       text NOT NULL CHECK (kind IN ('observations', 'five_minutes', 'refused')),
    since      timestamptz NOT NULL,
    until      timestamptz NOT NULL,
    warned_at  timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,                     -- not before
    closed_at  timestamptz,                              -- from then on ingest keeps aside what is older than `until`
    barrier    xid8,                                     -- transactions before this one may not have heard of it
    dropped_at timestamptz,
    rows       bigint,                                   -- that went
    bytes      bigint,                                   -- that were given back; 0: shared with other cities, rows deleted
    hindrance  text,                                     -- why it did not go when it was last tried
    PRIMARY KEY (city, kind, since),
    CHECK (until > since AND due_at >= warned_at AND (dropped_at IS NULL OR closed_at IS NOT NULL))
);
