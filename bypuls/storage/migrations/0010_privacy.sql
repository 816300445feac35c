-- Personal energy: fixed groups of households; and raw messages that are kept for a time only.

-- A group never changes: a value of six meters beside last month's of five would give the sixth away. Another group is
-- another row, and is checked together with all that were ever published (bypuls.privacy).
CREATE TABLE household_group (
    city     text NOT NULL REFERENCES city,
    slug     text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name     jsonb NOT NULL,                             -- language -> text
    sites    text[] NOT NULL CHECK (cardinality(sites) >= 5),
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (city, slug)
);

ALTER TABLE kpi_value DROP CONSTRAINT kpi_value_scope_kind_check;
ALTER TABLE kpi_value ADD CONSTRAINT kpi_value_scope_kind_check CHECK (scope_kind IN ('site', 'district', 'city', 'group'));

-- The raw message of a row in quarantine is erased when its time is over; that it came, and why it was refused, stays.
ALTER TABLE quarantine ADD payload_erased_at timestamptz;
CREATE INDEX quarantine_to_erase ON quarantine (last_received_at) WHERE payload_erased_at IS NULL;
