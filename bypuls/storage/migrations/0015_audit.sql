-- What the audits found: one row per city and night, and per command that repaired. `examples` are lines for people,
-- without anything measured in a household. `heartbeat_at` moves on while it runs: a run whose processor died is begun again.
CREATE TABLE audit_run (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city         text NOT NULL REFERENCES city,
    night        date,                                   -- of the city's calendar; null: asked for by a person
    spans        jsonb NOT NULL,                         -- [[since, until], …]
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at  timestamptz,
    complete     boolean NOT NULL DEFAULT false,         -- false with finished_at: the time was over
    checked      jsonb NOT NULL DEFAULT '{}',            -- how many of what
    differences  jsonb NOT NULL DEFAULT '{}',            -- how many, by table
    repaired     integer NOT NULL DEFAULT 0,             -- rows queued or taken from a queue
    examples     text[] NOT NULL DEFAULT '{}',
    UNIQUE (city, night)
);
CREATE INDEX audit_run_newest ON audit_run (city, started_at DESC);

-- That a process lives, how many seconds the oldest of what it has in hand waits, and what troubles it. A process that
-- ends as it should takes its row away.
CREATE TABLE heartbeat (
    process  text NOT NULL,                              -- ingest, process
    instance text NOT NULL,
    time     timestamptz NOT NULL,
    lag      double precision NOT NULL,
    problems text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (process, instance)
);
