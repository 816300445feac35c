-- City reports that were made: what went in, by hash, and what came out.

CREATE TABLE report (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city          text NOT NULL REFERENCES city,
    kind          text NOT NULL CHECK (kind IN ('city')),
    year          integer NOT NULL,
    format        text NOT NULL CHECK (format IN ('html', 'pdf', 'json')),
    language      text NOT NULL CHECK (language IN ('nb', 'en', 'mul')),  -- mul: a snapshot holds all of them
    demonstration boolean NOT NULL,                      -- holds simulated data
    hash          text NOT NULL,                         -- of the snapshot's content (bypuls/snapshot.py)
    versions      jsonb NOT NULL,                        -- program, catalogue, definitions and standards behind it
    document      bytea NOT NULL,                        -- the file
    made_at       timestamptz NOT NULL,
    who           text NOT NULL,
    UNIQUE (city, kind, year, format, language, hash)    -- the same inputs are the same report: made again, it is replaced
);

-- Reports and assessments read whole years; the key would have them read every hour of the city to find them.
CREATE INDEX kpi_value_years ON kpi_value (city, start) WHERE period = 'P1Y';
