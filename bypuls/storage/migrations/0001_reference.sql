-- Who and where: cities, their places, what publishes there, and the series that follow from it.
-- Terms: OGC SensorThings (device = Thing, site = Location). Every row belongs to one city.

CREATE TABLE city (
    slug            text PRIMARY KEY CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name            jsonb NOT NULL,                      -- language -> text
    country         text,
    time_zone       text NOT NULL,                       -- civil calendar
    air_day_offset  interval NOT NULL DEFAULT '1 hour',  -- air-quality calendar: a fixed offset from UTC, all year
    languages       text[] NOT NULL DEFAULT '{en}',
    national_limits text,                                -- id of the standard whose limits apply first
    licence         text,                                -- of the data it opens
    county          text,
    network         text,
    document        jsonb NOT NULL,                      -- the file it was added from
    added_at        timestamptz NOT NULL DEFAULT now(),
    changed_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE area (
    city       text NOT NULL REFERENCES city,
    slug       text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name       text NOT NULL,
    kind       text NOT NULL DEFAULT 'district' CHECK (kind IN ('district', 'street', 'zone')),
    parent     text,
    boundary   jsonb,                                    -- GeoJSON geometry
    population integer CHECK (population >= 0),
    PRIMARY KEY (city, slug),
    FOREIGN KEY (city, parent) REFERENCES area
);

CREATE TABLE site (
    city       text NOT NULL REFERENCES city,
    slug       text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name       text NOT NULL,
    kind       text NOT NULL,                            -- traffic, background, industrial, road, building, household, weather …
    latitude   double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude  double precision CHECK (longitude BETWEEN -180 AND 180),
    area       text,
    class      text NOT NULL DEFAULT 'unknown',          -- of the instruments there, unless a device says otherwise
    attributes jsonb NOT NULL DEFAULT '{}',              -- floor area, lanes, free-flow speed, height …
    PRIMARY KEY (city, slug),
    FOREIGN KEY (city, area) REFERENCES area
);

CREATE TABLE device (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city         text NOT NULL REFERENCES city,
    external_id  text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 200),
    keys         jsonb NOT NULL DEFAULT '{}',            -- alternative keys (EUI …)
    site         text,
    status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'active', 'disabled', 'retired')),
    class        text CHECK (class IN ('reference', 'equivalent', 'indicative', 'unknown')),
    origin       text NOT NULL DEFAULT 'measured' CHECK (origin IN ('measured', 'simulated', 'modelled', 'register')),
    profile      text,
    readings     jsonb NOT NULL DEFAULT '{}',            -- property -> {unit, interval, stamp, spacing}: how its values are meant
    zone         text,
    first_seen   timestamptz,
    last_seen    timestamptz,
    clock_offset interval,
    battery      real,
    added_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (city, external_id),
    FOREIGN KEY (city, site) REFERENCES site
);
CREATE INDEX device_by_site ON device (city, site);

-- Carried over from the catalogue at every migrate, so that SQL (boards, views) can join it.
CREATE TABLE observed_property (
    id          text PRIMARY KEY,
    domain      text NOT NULL,
    name        jsonb NOT NULL,
    unit        text NOT NULL,
    aggregation text NOT NULL,
    diagnostic  boolean NOT NULL DEFAULT false,
    valid_range double precision[]
);

-- One device x one property x one channel x one site. A moved device gets new datastreams: history stays where it
-- was measured.
CREATE TABLE datastream (
    id               integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city             text NOT NULL REFERENCES city,
    device           integer NOT NULL REFERENCES device,
    property         text NOT NULL REFERENCES observed_property,
    channel          text NOT NULL DEFAULT '',
    site             text,
    unit             text,                               -- what its readings are in when they come without a unit
    interval         interval,                           -- null: instantaneous values
    stamp            text NOT NULL DEFAULT 'start' CHECK (stamp IN ('start', 'end', 'instant')),
    class            text NOT NULL DEFAULT 'unknown' CHECK (class IN ('reference', 'equivalent', 'indicative', 'unknown')),
    origin           text NOT NULL DEFAULT 'measured' CHECK (origin IN ('measured', 'simulated', 'modelled', 'register')),
    expected_spacing interval,                           -- between two values; null until told or learned
    spacing_learned  boolean NOT NULL DEFAULT false,
    qc               jsonb,                              -- overrides of the property's thresholds
    first_time       timestamptz,
    last_time        timestamptz,                        -- newest observation; ingest writes it every few seconds
    added_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (device, property, channel, site),
    FOREIGN KEY (city, site) REFERENCES site
);
CREATE INDEX datastream_by_site ON datastream (city, site, property);

CREATE TABLE calibration (
    datastream integer NOT NULL REFERENCES datastream,
    valid_from timestamptz NOT NULL,
    slope      double precision NOT NULL DEFAULT 1,
    intercept  double precision NOT NULL DEFAULT 0,
    who        text NOT NULL,
    why        text NOT NULL,
    PRIMARY KEY (datastream, valid_from)
);

CREATE TABLE fact (
    city       text NOT NULL REFERENCES city,
    scope_kind text NOT NULL CHECK (scope_kind IN ('site', 'district', 'city')),
    scope      text NOT NULL,
    name       text NOT NULL,                            -- population, households, floor_area …
    valid_from date NOT NULL,
    value      double precision NOT NULL,
    unit       text NOT NULL,
    status     text,
    source     text NOT NULL,
    PRIMARY KEY (city, scope_kind, scope, name, valid_from)
);

CREATE TABLE source (
    name     text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    document jsonb NOT NULL,                             -- ingest.sources reads it; secrets are named here, never written
    enabled  boolean NOT NULL DEFAULT true,
    added_at timestamptz NOT NULL DEFAULT now()
);
