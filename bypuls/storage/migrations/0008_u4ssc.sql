-- U4SSC: what a city reports or a register says, what it is scored against, and who is asked for what.
-- `code` is the catalogue's ("EN: EN: AQ: 1C"), `data_point` its part ('pm_10'; '' where the KPI has one value only).

CREATE TABLE reported_value (
    city         text NOT NULL REFERENCES city,
    year         smallint NOT NULL CHECK (year BETWEEN 1900 AND 2200),
    code         text NOT NULL,
    data_point   text NOT NULL DEFAULT '',
    origin       text NOT NULL CHECK (origin IN ('reported', 'register')),  -- in the key: neither hides the other
    value        double precision CHECK (abs(value) < 'infinity'),          -- null: stated as not reported (NR); yes/no is 1/0
    numerator    double precision CHECK (abs(numerator) < 'infinity'),
    denominator  double precision CHECK (abs(denominator) < 'infinity'),
    unit         text NOT NULL,
    data_quality text NOT NULL DEFAULT 'unknown_method' CHECK (data_quality IN (
        'accurate_measurement', 'survey_extrapolation', 'higher_level_extrapolation', 'assumption_estimate',
        'personal_estimate', 'unknown_method')),
    data_origin  text,                                   -- the template's column: who holds the data
    source       text,                                   -- where the city or the register has it from
    comment      text,
    evidence     jsonb,                                  -- of a register's value: table, cells, file's hash, mapping
    verified     text NOT NULL DEFAULT 'unknown' CHECK (verified IN ('yes', 'no', 'unknown')),
    who          text NOT NULL,
    changed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (city, year, code, data_point, origin)
);

CREATE TABLE reported_value_history (LIKE reported_value);
ALTER TABLE reported_value_history ADD superseded_at timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE INDEX reported_value_history_of ON reported_value_history (city, year, code, data_point, origin, superseded_at);

-- Whoever writes, by API, file or register: what stood before is kept, unless nothing but the time was written anew.
CREATE FUNCTION bypuls_keep_reported_value() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reported_value_history SELECT OLD.*, clock_timestamp();
    RETURN NULL;
END $$;
CREATE TRIGGER reported_value_changed AFTER UPDATE ON reported_value FOR EACH ROW
    WHEN ((OLD.value, OLD.numerator, OLD.denominator, OLD.unit, OLD.data_quality, OLD.data_origin, OLD.source, OLD.comment, OLD.evidence,
           OLD.verified, OLD.who)
          IS DISTINCT FROM
          (NEW.value, NEW.numerator, NEW.denominator, NEW.unit, NEW.data_quality, NEW.data_origin, NEW.source, NEW.comment, NEW.evidence,
           NEW.verified, NEW.who))
    EXECUTE FUNCTION bypuls_keep_reported_value();
CREATE TRIGGER reported_value_deleted AFTER DELETE ON reported_value FOR EACH ROW
    EXECUTE FUNCTION bypuls_keep_reported_value();

-- What 100 % is, and what 0 % is: configured, because U4SSC does not publish its numbers. The newest that holds at the
-- end of a year is that year's.
CREATE TABLE u4ssc_benchmark (
    city         text NOT NULL REFERENCES city,
    code         text NOT NULL,
    data_point   text NOT NULL DEFAULT '',
    valid_from   date NOT NULL,
    start_value  double precision NOT NULL CHECK (abs(start_value) < 'infinity'),
    target_value double precision NOT NULL CHECK (abs(target_value) < 'infinity'),
    source       text NOT NULL CHECK (source ~ '\S'),
    who          text NOT NULL,
    changed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (start_value <> target_value),
    PRIMARY KEY (city, code, data_point, valid_from)
);

CREATE TABLE collection_round (
    city      text NOT NULL REFERENCES city,
    year      smallint NOT NULL CHECK (year BETWEEN 1900 AND 2200),
    deadline  date NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    opened_by text NOT NULL,
    closed_at timestamptz,
    closed_by text,
    note      text,
    CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    PRIMARY KEY (city, year)
);

-- One KPI of a round: who is asked, and how far it has come. A second person signs. A value that is entered anew takes
-- the check and the signature back (the writer sets them null): both are of what was seen.
CREATE TABLE assignment (
    city       text NOT NULL,
    year       smallint NOT NULL,
    code       text NOT NULL,
    unit       text NOT NULL,                            -- of the organisation: who is asked
    contact    text,                                     -- a person: not part of open data
    state      text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'entered', 'checked', 'signed')),
    asked_by   text NOT NULL,
    asked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    entered_by text,
    entered_at timestamptz,
    checked_by text,
    checked_at timestamptz,
    signed_by  text,
    signed_at  timestamptz,
    CHECK (signed_by <> entered_by),
    CHECK ((entered_by IS NOT NULL) = (state <> 'asked')),
    CHECK ((checked_by IS NOT NULL) = (state IN ('checked', 'signed'))),
    CHECK ((signed_by IS NOT NULL) = (state = 'signed')),
    CHECK ((entered_by IS NULL) = (entered_at IS NULL)),
    CHECK ((checked_by IS NULL) = (checked_at IS NULL)),
    CHECK ((signed_by IS NULL) = (signed_at IS NULL)),
    PRIMARY KEY (city, year, code),
    FOREIGN KEY (city, year) REFERENCES collection_round
);

CREATE TABLE assignment_question (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city        text NOT NULL,
    year        smallint NOT NULL,
    code        text NOT NULL,
    data_point  text,                                    -- null: about the KPI
    question    text NOT NULL CHECK (question ~ '\S'),
    asked_by    text NOT NULL,
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    answer      text,
    answered_by text,
    answered_at timestamptz,
    CHECK ((answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL)),
    FOREIGN KEY (city, year, code) REFERENCES assignment
);
CREATE INDEX assignment_question_of ON assignment_question (city, year, code);
