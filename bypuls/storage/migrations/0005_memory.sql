-- What reading messages needs from one day to the next: what decoding remembers, and under which conditions gases were
-- converted.

-- Notes of the decoders (births and aliases, metadata, frame counters), by source. Written in the transaction of the
-- messages that they come of, so that what is remembered and what is stored never disagree.
CREATE TABLE memory (
    scope    text NOT NULL,                              -- name of the source
    key      text NOT NULL,
    document jsonb NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(), -- last written or used; what nobody asks for is forgotten
    PRIMARY KEY (scope, key)
);
CREATE INDEX memory_by_age ON memory (at);

-- From when on a datastream's values were sent as shares of volume (ppb) and stored as mass per volume, or the other way
-- round. The value as sent is the stored one divided by `factor`.
CREATE TABLE unit_conversion (
    datastream  integer NOT NULL REFERENCES datastream ON DELETE CASCADE,
    valid_from  timestamptz NOT NULL,
    unit        text NOT NULL,                           -- as sent
    factor      double precision NOT NULL,
    temperature double precision,                        -- K; null, with factor 1: no longer converted from here on
    pressure    double precision,                        -- kPa
    PRIMARY KEY (datastream, valid_from)
);

-- The quality of service that the broker granted, which may be less than what was asked for; null: not heard yet.
ALTER TABLE source ADD granted_qos smallint;
