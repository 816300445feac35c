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

-- Who took a signature back, and why.
ALTER TABLE assignment
    ADD reopened_by  text,
    ADD reopened_at  timestamptz,
    ADD reopened_why text,
    ADD CHECK ((reopened_by IS NULL) = (reopened_at IS NULL) AND (reopened_by IS NULL) = (reopened_why IS NULL)),
    ADD CHECK (reopened_why ~ '\S');

-- What is signed, or of a closed round, stays as it is, whoever writes it; what is entered anew has been checked and
-- signed by nobody. After the row, because an upsert is an insert until it is none. Opening a round takes the same
-- advisory lock exclusively: a value that is entered meanwhile is not taken for one that nobody entered.
CREATE FUNCTION bypuls_follow_reported_value() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said   reported_value := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    closed boolean;
    stands text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('collection ' || said.city || ' ' || said.year, 0));
    SELECT closed_at IS NOT NULL INTO closed FROM collection_round WHERE city = said.city AND year = said.year;
    IF closed THEN
        RAISE EXCEPTION 'the collection round % of % is closed: open it again first', said.year, said.city
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT state INTO stands FROM assignment
    WHERE city = said.city AND year = said.year AND code = said.code FOR UPDATE;
    IF stands = 'signed' THEN
        RAISE EXCEPTION '% of % in % is signed: reopen it, with a reason, first', said.code, said.year, said.city
            USING ERRCODE = 'check_violation';
    END IF;
    UPDATE assignment a
    SET (state, entered_by, entered_at, checked_by, checked_at) =
        (SELECT coalesce(max('entered'), 'asked'),
                CASE WHEN count(*) > 0 THEN
                    CASE TG_OP WHEN 'DELETE' THEN coalesce(a.entered_by, max(v.who)) ELSE said.who END END,
                CASE WHEN count(*) > 0 THEN clock_timestamp() END, NULL, NULL::timestamptz
         FROM reported_value v WHERE v.city = said.city AND v.year = said.year AND v.code = said.code)
    WHERE a.city = said.city AND a.year = said.year AND a.code = said.code;
    RETURN NULL;
END $$;
CREATE TRIGGER reported_value_entered AFTER INSERT OR DELETE ON reported_value FOR EACH ROW
    EXECUTE FUNCTION bypuls_follow_reported_value();
-- A verifier's yes or no comes after the signature and is no value of the city's.
CREATE TRIGGER reported_value_entered_anew AFTER UPDATE ON reported_value FOR EACH ROW
    WHEN ((OLD.value, OLD.numerator, OLD.denominator, OLD.unit, OLD.data_quality, OLD.data_origin, OLD.source, OLD.comment,
           OLD.evidence)
          IS DISTINCT FROM
          (NEW.value, NEW.numerator, NEW.denominator, NEW.unit, NEW.data_quality, NEW.data_origin, NEW.source, NEW.comment,
           NEW.evidence))
    EXECUTE FUNCTION bypuls_follow_reported_value();

-- asked -> entered -> checked -> signed, one step at a time; the second person entered none of the KPI's values; only a
-- reason takes a signature back.
CREATE FUNCTION bypuls_guard_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'signed' AND OLD.state <> 'checked' OR NEW.state = 'checked' AND OLD.state NOT IN ('entered', 'checked') THEN
        RAISE EXCEPTION '% of % in % is %, so it cannot be %: asked, entered, checked, signed is the order',
            NEW.code, NEW.year, NEW.city, OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state = 'signed' AND NEW.reopened_at IS NOT DISTINCT FROM OLD.reopened_at THEN
        RAISE EXCEPTION '% of % in % is signed: only reopening it, with a reason, changes that',
            NEW.code, NEW.year, NEW.city USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'signed' AND EXISTS (SELECT FROM reported_value v WHERE v.city = NEW.city AND v.year = NEW.year
                                        AND v.code = NEW.code AND v.who = NEW.signed_by) THEN
        RAISE EXCEPTION '% entered a value of % of % in %: a second person signs',
            NEW.signed_by, NEW.code, NEW.year, NEW.city USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER assignment_in_order BEFORE UPDATE OF state ON assignment FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION bypuls_guard_assignment();
CREATE FUNCTION bypuls_assignment_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state NOT IN ('asked', 'entered') THEN
        RAISE EXCEPTION '% of % in % cannot begin as %', NEW.code, NEW.year, NEW.city, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER assignment_begins BEFORE INSERT ON assignment FOR EACH ROW EXECUTE FUNCTION bypuls_assignment_begins();
