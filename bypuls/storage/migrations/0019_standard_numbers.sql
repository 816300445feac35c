-- Which numbers and rules a standard had since when, as a fingerprint (bypuls.method.numbers_of): a value rests on those
-- of the time that it was computed at, whatever a later version ships.
CREATE TABLE standard_numbers (
    standard text NOT NULL,
    numbers  text NOT NULL,
    since    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (standard, since)
);
