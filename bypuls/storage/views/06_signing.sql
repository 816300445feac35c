-- A second person signs what a city reports: who is a second one.

-- Who stands behind a name: a token's, or that of the account under which the command line runs ("cli:Kari" is "kari").
CREATE OR REPLACE FUNCTION bypuls_person(who text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(btrim(regexp_replace(who, '^cli:', '')))
$$;

-- Whether somebody's work is among what stands of a KPI: the numbers, however others mended their texts since, or
-- whatever was written last.
CREATE OR REPLACE FUNCTION bypuls_has_entered(person text, of_city text, of_year integer, of_code text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM reported_value v
        WHERE v.city = of_city AND v.year = of_year AND v.code = of_code
          AND (bypuls_person(v.who) = bypuls_person(person)
               OR EXISTS (
                   SELECT FROM reported_value_history h
                   WHERE (h.city, h.year, h.code, h.data_point, h.origin) = (v.city, v.year, v.code, v.data_point, v.origin)
                     AND bypuls_person(h.who) = bypuls_person(person)
                     AND (h.value, h.numerator, h.denominator) IS NOT DISTINCT FROM (v.value, v.numerator, v.denominator)
                     AND NOT EXISTS (
                         SELECT FROM reported_value_history later
                         WHERE (later.city, later.year, later.code, later.data_point, later.origin)
                               = (v.city, v.year, v.code, v.data_point, v.origin)
                           AND later.superseded_at > h.superseded_at
                           AND (later.value, later.numerator, later.denominator)
                               IS DISTINCT FROM (v.value, v.numerator, v.denominator)))))
$$;

-- asked -> entered -> checked -> signed, one step at a time; only a reason takes a signature back.
CREATE OR REPLACE FUNCTION bypuls_guard_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'signed' AND OLD.state <> 'checked' OR NEW.state = 'checked' AND OLD.state NOT IN ('entered', 'checked') THEN
        RAISE EXCEPTION '% of % in % is %, so it cannot be %: asked, entered, checked, signed is the order',
            NEW.code, NEW.year, NEW.city, OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state = 'signed' AND NEW.reopened_at IS NOT DISTINCT FROM OLD.reopened_at THEN
        RAISE EXCEPTION '% of % in % is signed: only reopening it, with a reason, changes that',
            NEW.code, NEW.year, NEW.city USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'signed' AND bypuls_has_entered(NEW.signed_by, NEW.city, NEW.year, NEW.code) THEN
        RAISE EXCEPTION '% entered a value of % of % in %: a second person signs',
            NEW.signed_by, NEW.code, NEW.year, NEW.city USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
