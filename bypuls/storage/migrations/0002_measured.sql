-- What was measured. `observation` and `rollup_5m` are hypertables where TimescaleDB is, native range partitions
-- elsewhere (made ahead, and on demand by bypuls_ensure_partitions); everything that reads is the same on all editions.

CREATE FUNCTION pg_temp.create_time_table(name text, columns text, time_column text, chunk interval) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        EXECUTE format('CREATE TABLE %I (%s)', name, columns);
        EXECUTE format('SELECT create_hypertable(%L, %L, chunk_time_interval => %L::interval, create_default_indexes => false)',
                       name, time_column, chunk);
    ELSE
        EXECUTE format('CREATE TABLE %I (%s) PARTITION BY RANGE (%I)', name, columns, time_column);
    END IF;
END $$;

-- Value in the property's canonical unit; flag: QARTOD; rank: live 1, imported or corrected 2, verified 3.
SELECT pg_temp.create_time_table('observation', $$
    time        timestamptz NOT NULL,
    value       double precision NOT NULL,
    received_at timestamptz NOT NULL,
    datastream  integer NOT NULL,
    flag        smallint NOT NULL,
    rank        smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (datastream, time)
$$, 'time', '14 days');

-- What a correction replaced. (value, rank) of a key that stands here is a redelivery when it comes again.
CREATE TABLE observation_revision (
    datastream   integer NOT NULL,
    time         timestamptz NOT NULL,
    replaced_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    value        double precision NOT NULL,
    flag         smallint NOT NULL,
    rank         smallint NOT NULL,
    received_at  timestamptz NOT NULL,
    message_hash text NOT NULL,                          -- sha256 of the message that replaced it
    PRIMARY KEY (datastream, time, replaced_at)
);

-- Append-only queue: what to roll up again. A worker deletes what it claims and reads the raw data in a later
-- statement; duplicates are merged by the worker. (One row per bucket with ON CONFLICT DO NOTHING would lose an update:
-- the worker has the row and has read, ingest skips the locked row, the worker deletes.)
-- `lane` keeps two workers off one datastream: a worker holds a lane's advisory lock until it commits.
CREATE TABLE changed_bucket (
    id         bigint GENERATED ALWAYS AS IDENTITY,
    lane       smallint NOT NULL GENERATED ALWAYS AS ((datastream % 16)::smallint) STORED,
    datastream integer NOT NULL,
    bucket     timestamptz NOT NULL,                     -- 5 minutes, UTC
    queued_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (lane, id)
);
ALTER TABLE changed_bucket SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- A bucket of one datastream, in UTC. sum, sum_squares, min, max, first, last and the parts are over values whose flag
-- counts (good, not evaluated); the others are counted beside.
SELECT pg_temp.create_time_table('rollup_5m', $$
    datastream     integer NOT NULL,
    bucket         timestamptz NOT NULL,
    n_good         integer NOT NULL,
    n_not_evaluated integer NOT NULL,
    n_suspect      integer NOT NULL,
    n_fail         integer NOT NULL,
    sum            double precision,
    sum_squares    double precision,
    min            double precision,
    max            double precision,
    first          double precision,
    first_time     timestamptz,
    last           double precision,
    last_time      timestamptz,
    energy_sum     double precision,                     -- sum of 10^(L/10), for levels in dB
    sin_sum        double precision,                     -- sums of unit vectors, for directions
    cos_sum        double precision,
    increase       double precision,                     -- of a counter, without resets and gaps
    resets         integer,
    gap_increase   double precision,                     -- what a counter rose across a gap that ends in this bucket
    computed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (datastream, bucket)
$$, 'bucket', '60 days');

CREATE TABLE rollup_1h (
    datastream     integer NOT NULL,
    bucket         timestamptz NOT NULL,
    n_good         integer NOT NULL,
    n_not_evaluated integer NOT NULL,
    n_suspect      integer NOT NULL,
    n_fail         integer NOT NULL,
    expected       integer,                              -- values the hour should hold; null while nobody knows
    buckets        smallint NOT NULL,                    -- of its twelve 5-minute buckets, how many hold a counting value
    sum            double precision,
    sum_squares    double precision,
    min            double precision,
    max            double precision,
    first          double precision,
    first_time     timestamptz,
    last           double precision,
    last_time      timestamptz,
    energy_sum     double precision,
    sin_sum        double precision,
    cos_sum        double precision,
    increase       double precision,
    resets         integer,
    gap_increase   double precision,
    computed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (datastream, bucket)
);
CREATE INDEX rollup_1h_by_bucket ON rollup_1h (bucket, datastream);

-- Hours as they stood before a change that came after they had stood for a while.
CREATE TABLE rollup_1h_history (LIKE rollup_1h);
ALTER TABLE rollup_1h_history ADD superseded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                              ADD PRIMARY KEY (datastream, bucket, superseded_at);

-- One row per refused (or partly refused) message, with the message as it came.
CREATE TABLE quarantine (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at   timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL,
    occurrences   integer NOT NULL DEFAULT 1,
    city          text,                                  -- as the topic says; null when it names none we know
    source        text NOT NULL,
    topic         text NOT NULL,
    payload       bytea NOT NULL,
    payload_hash  bytea NOT NULL,                        -- sha256 of topic and payload: a redelivery is no second row
    reason        text NOT NULL,                         -- of the first refusal
    detail        text NOT NULL,
    hint          text NOT NULL,
    refusals      jsonb NOT NULL,                        -- all of them: [{code, detail, hint, field}]
    stored        integer NOT NULL DEFAULT 0,            -- readings of the message that were stored
    device        text,
    decoder       text,
    replay_asked_at timestamptz,
    replayed_at   timestamptz,
    replay_outcome text,
    UNIQUE (source, payload_hash)
);
CREATE INDEX quarantine_by_city ON quarantine (city, last_received_at DESC);
CREATE INDEX quarantine_to_replay ON quarantine (replay_asked_at) WHERE replay_asked_at IS NOT NULL AND replayed_at IS NULL;

-- When a message without a time of its own first arrived, by the broker session's packet id (at most 65,535 a client): it
-- may be delivered again, and then it is the same value of the same time.
CREATE TABLE first_arrival (
    client       text NOT NULL,
    mid          integer NOT NULL,
    message_hash bytea NOT NULL,
    received_at  timestamptz NOT NULL,
    PRIMARY KEY (client, mid)
);

-- The last messages of each device and what became of each: a ring of 20 slots, written every few seconds.
CREATE TABLE recent_message (
    device      integer NOT NULL REFERENCES device ON DELETE CASCADE,
    slot        smallint NOT NULL CHECK (slot BETWEEN 0 AND 19),
    received_at timestamptz NOT NULL,
    topic       text NOT NULL,
    payload     bytea NOT NULL,
    decoder     text,
    outcome     jsonb NOT NULL,                          -- {stored: n, refused: [{code, detail, field}]}
    PRIMARY KEY (device, slot)
);

CREATE TABLE device_event (
    device integer NOT NULL REFERENCES device ON DELETE CASCADE,
    time   timestamptz NOT NULL,
    kind   text NOT NULL,                                -- online, offline, join, battery, fault, moved, swapped_meter
    detail jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (device, time, kind)
);

-- What ingest is to publish: errors topics of devices, KPI topics, broker commands. Ingest is the only MQTT speaker.
CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queued_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    source       text NOT NULL,                          -- whose broker
    topic        text NOT NULL,
    payload      bytea NOT NULL,
    qos          smallint NOT NULL DEFAULT 1,
    retain       boolean NOT NULL DEFAULT false
);
