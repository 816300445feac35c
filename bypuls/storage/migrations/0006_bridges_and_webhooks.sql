-- What is pulled (bridges) and what is pushed over HTTP (webhooks). Both leave as rows of the outbox, which ingest
-- publishes: from there on it is a message like every other.

-- A bridge that somebody set up: which service, for which city, which of its stations is which device.
CREATE TABLE bridge (
    name     text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    city     text NOT NULL REFERENCES city,
    document jsonb NOT NULL,                             -- ingest.bridges reads it; secrets are named here, never written
    enabled  boolean NOT NULL DEFAULT true,
    added_at timestamptz NOT NULL DEFAULT now()
);

-- How far each of its stations is. Written in the transaction that puts the values into the outbox.
CREATE TABLE bridge_station (
    bridge       text NOT NULL REFERENCES bridge ON DELETE CASCADE,
    station      text NOT NULL,
    device       text NOT NULL,
    complete_to  timestamptz NOT NULL,                   -- nothing before it is asked for again
    newest       timestamptz,                            -- end of the newest value there was
    next_run     timestamptz NOT NULL DEFAULT now(),
    last_run     timestamptz,
    last_success timestamptz,
    last_error   text,                                   -- of the last run; null when it went well
    failures     integer NOT NULL DEFAULT 0,             -- in a row
    published    bigint NOT NULL DEFAULT 0,              -- values since it was set up, corrections among them
    corrected    bigint NOT NULL DEFAULT 0,
    left_out     jsonb NOT NULL DEFAULT '{}',            -- of the last answers: why -> how many
    PRIMARY KEY (bridge, station)
);

-- What was published of the time that is still asked for: only what is new or different is published again.
CREATE TABLE bridge_value (
    bridge   text NOT NULL,
    station  text NOT NULL,
    time     timestamptz NOT NULL,
    property text NOT NULL,
    channel  text NOT NULL,
    value    double precision NOT NULL,
    PRIMARY KEY (bridge, station, time, property, channel),
    FOREIGN KEY (bridge, station) REFERENCES bridge_station ON DELETE CASCADE
);

-- Who sends webhooks: one row per source and token, counted. The first message of a pair leaves an audit row.
CREATE TABLE webhook_sender (
    source   text NOT NULL,
    token    text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at  timestamptz NOT NULL,
    messages bigint NOT NULL DEFAULT 1,
    bytes    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (source, token)
);

-- Receipts of messages that name themselves (Idempotency-Key, a network server's own id), for a day: the same again is
-- not put on the broker twice.
CREATE TABLE webhook_receipt (
    source      text NOT NULL,
    key         bytea NOT NULL,                          -- sha256
    receipt     bigint NOT NULL,                         -- number of its row in the outbox
    topic       text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (source, key)
);
CREATE INDEX webhook_receipt_by_time ON webhook_receipt (received_at);
