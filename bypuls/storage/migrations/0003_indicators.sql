-- What it means: KPI definitions, the queue of values to compute, the values and what was said before; and who did what.

CREATE TABLE kpi_definition (
    id        text NOT NULL,
    version   text NOT NULL,                             -- sha256 of the file
    document  jsonb NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    current   boolean NOT NULL DEFAULT true,
    PRIMARY KEY (id, version)
);
CREATE UNIQUE INDEX kpi_definition_current ON kpi_definition (id) WHERE current;

-- Append-only queue, like changed_bucket. One row: the hours of this site that this period of this KPI rests on changed.
-- The worker computes the site's value and those of its district and city. Claimed when the newest row of a value is
-- due (its hours have come to rest), or the oldest waits too long.
CREATE TABLE kpi_due (
    id        bigint GENERATED ALWAYS AS IDENTITY,
    lane      smallint NOT NULL GENERATED ALWAYS AS ((abs(hashtextextended(kpi || ' ' || city, 0)) % 16)::smallint) STORED,
    kpi       text NOT NULL,
    city      text NOT NULL,
    site      text NOT NULL,
    period    text NOT NULL,
    start     timestamptz NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (lane, id)
);
ALTER TABLE kpi_due SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

CREATE SEQUENCE kpi_value_seq;
CREATE TABLE kpi_value (
    city        text NOT NULL REFERENCES city,
    kpi         text NOT NULL,
    scope_kind  text NOT NULL CHECK (scope_kind IN ('site', 'district', 'city')),
    scope       text NOT NULL,                           -- slug of the site, the area or the city
    period      text NOT NULL CHECK (period IN ('PT1H', 'P1D', 'P1M', 'P1Y')),
    start       timestamptz NOT NULL,                    -- of the period in the KPI's calendar, as an instant
    ends        timestamptz NOT NULL,
    value       double precision,
    unit        text NOT NULL,
    band        text,
    detail      jsonb,                                   -- parts of a value that is more than a number (a profile)
    status      text NOT NULL CHECK (status IN ('provisional', 'final', 'revised')),
    quality     text NOT NULL CHECK (quality IN ('ok', 'insufficient', 'undefined')),
    reason      text,
    coverage    double precision,
    evidence    jsonb NOT NULL,
    version     text NOT NULL,
    final_at    timestamptz NOT NULL,                    -- end of the period plus the KPI's lateness
    computed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When anything was first said for this key: computed_at moves on with the evidence, and without history. Never updated.
    added_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Position in the stream of changes: readers that resume take rows after (xact, seq) whose transaction is not newer
    -- than any still running one, so that a late commit is never skipped.
    xact        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq         bigint NOT NULL DEFAULT nextval('kpi_value_seq'),
    CHECK (quality <> 'ok' OR value IS NOT NULL),
    CHECK (quality = 'ok' OR reason IS NOT NULL),
    PRIMARY KEY (city, kpi, scope_kind, scope, period, start)
);
CREATE INDEX kpi_value_changes ON kpi_value (xact, seq);
CREATE INDEX kpi_value_to_finish ON kpi_value (final_at) WHERE status = 'provisional';

CREATE TABLE kpi_value_history (LIKE kpi_value);
ALTER TABLE kpi_value_history ADD superseded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD PRIMARY KEY (city, kpi, scope_kind, scope, period, start, superseded_at);

-- Tokens are kept as sha256 only.
CREATE TABLE api_key (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    hash       bytea NOT NULL UNIQUE,
    scopes     text[] NOT NULL DEFAULT '{admin}',
    city       text REFERENCES city,                     -- null: every city
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used  timestamptz,
    revoked_at timestamptz
);

CREATE TABLE audit_log (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time   timestamptz NOT NULL DEFAULT clock_timestamp(),
    who    text NOT NULL,
    city   text,
    what   text NOT NULL,                                -- "city.add", "device.activate", "quarantine.replay" …
    target text NOT NULL,
    before jsonb,
    after  jsonb
);
CREATE INDEX audit_log_by_time ON audit_log (time DESC);
