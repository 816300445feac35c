-- Trust: what people say of values. A calibration says how a datastream's values are to be read from a time on, an
-- invalidation that those of a period do not count. Observations stay as they were sent; rollups heed both.

ALTER TABLE calibration DROP CONSTRAINT calibration_pkey,
    ADD id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ADD added_at timestamptz NOT NULL DEFAULT now(),
    ADD removed_at timestamptz, ADD removed_by text, ADD removed_why text,
    ADD CHECK (slope > 0 AND slope < 1e100 AND abs(intercept) < 1e100);
CREATE UNIQUE INDEX calibration_in_force ON calibration (datastream, valid_from) WHERE removed_at IS NULL;
CREATE INDEX calibration_by_datastream ON calibration (datastream);

-- Of one datastream, of all of a device, or of all at a site: also of those that come later. Lifted, never deleted.
CREATE TABLE invalidation (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city       text NOT NULL REFERENCES city,
    datastream integer REFERENCES datastream,
    device     integer REFERENCES device,
    site       text,
    since      timestamptz NOT NULL,
    until      timestamptz NOT NULL,
    why        text NOT NULL CHECK (why <> ''),
    who        text NOT NULL,
    added_at   timestamptz NOT NULL DEFAULT now(),
    lifted_at  timestamptz,
    lifted_by  text,
    lifted_why text,
    FOREIGN KEY (city, site) REFERENCES site,
    CHECK (until > since),
    CHECK (num_nonnulls(datastream, device, site) = 1),
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lifted_why IS NULL))
);
CREATE INDEX invalidation_by_city ON invalidation (city, since);

-- n_invalidated: values that people say do not count, whatever quality control said; null: none. slope and intercept: the
-- calibration that all of the hour's values went through; null: none; NaN: not all of them the same.
ALTER TABLE rollup_5m ADD n_invalidated integer;
ALTER TABLE rollup_1h ADD n_invalidated integer, ADD slope double precision, ADD intercept double precision;
ALTER TABLE rollup_1h_history ADD n_invalidated integer, ADD slope double precision, ADD intercept double precision;
