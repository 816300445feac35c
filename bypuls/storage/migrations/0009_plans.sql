-- Plans: what a city wants (goal), by how much and until when (target), and what it does for it (measure). One YAML is
-- one plan; what is made through the API belongs to no plan. Nothing is deleted: what a plan no longer names is withdrawn.

CREATE TABLE plan (
    city         text NOT NULL REFERENCES city,
    slug         text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    title        jsonb NOT NULL,                         -- language -> text
    source       text NOT NULL CHECK (source ~ '\S'),    -- the document: title, date, decision, address
    status       text NOT NULL CHECK (status IN ('draft', 'adopted', 'replaced')),
    document     jsonb NOT NULL,                         -- the file it was added from
    added_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (city, slug)
);

CREATE TABLE goal (
    city         text NOT NULL REFERENCES city,
    slug         text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    plan         text,
    title        jsonb NOT NULL,
    text         jsonb NOT NULL DEFAULT '{}',
    sdg          text[] NOT NULL DEFAULT '{}',
    owner        text NOT NULL CHECK (owner ~ '\S'),
    source       text NOT NULL CHECK (source ~ '\S'),
    status       text NOT NULL CHECK (status IN ('draft', 'adopted', 'replaced')),  -- of the decision; how it goes is derived
    withdrawn_at timestamptz,
    added_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (city, slug),
    FOREIGN KEY (city, plan) REFERENCES plan
);

-- Of one of our KPIs, or of a U4SSC data point. The path runs from the base year's value over the points to the target.
CREATE TABLE target (
    city         text NOT NULL REFERENCES city,
    slug         text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    plan         text,
    goal         text NOT NULL,
    title        jsonb NOT NULL DEFAULT '{}',
    kpi          text,
    code         text,                                   -- U4SSC's ("EN: EN: AQ: 1C"), with the data point ('' for the only one)
    data_point   text NOT NULL DEFAULT '',
    scope_kind   text NOT NULL CHECK (scope_kind IN ('site', 'district', 'city')),
    scope        text NOT NULL,
    period       text NOT NULL CHECK (period IN ('P1M', 'P1Y')),
    direction    text NOT NULL CHECK (direction IN ('lower_is_better', 'higher_is_better')),
    unit         text NOT NULL,
    base_year    smallint NOT NULL CHECK (base_year BETWEEN 1900 AND 2200),
    base_value   double precision NOT NULL CHECK (abs(base_value) < 'infinity'),
    base_origin  text NOT NULL CHECK (base_origin IN ('measured', 'simulated', 'modelled', 'register', 'reported')),
    points       jsonb NOT NULL DEFAULT '[]',            -- [{"year": 2027, "value": 12}]
    value        double precision NOT NULL CHECK (abs(value) < 'infinity'),
    due          date NOT NULL,
    source       text NOT NULL CHECK (source ~ '\S'),
    note         text,
    version      text,                                   -- of the KPI's definition when the base was set
    withdrawn_at timestamptz,
    added_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((kpi IS NULL) <> (code IS NULL)),
    CHECK (CASE direction WHEN 'lower_is_better' THEN value <= base_value ELSE value >= base_value END),
    CHECK (extract(year FROM due) > base_year),
    PRIMARY KEY (city, slug),
    FOREIGN KEY (city, plan) REFERENCES plan,
    FOREIGN KEY (city, goal) REFERENCES goal
);
CREATE INDEX target_by_goal ON target (city, goal);

-- Locked before a result is shown: from then on only status, owner and withdrawal may change, so that nobody can choose
-- sites, time or indicator after having seen what they say.
CREATE TABLE measure (
    city          text NOT NULL REFERENCES city,
    slug          text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    plan          text,
    goal          text NOT NULL,
    title         jsonb NOT NULL,
    text          jsonb NOT NULL DEFAULT '{}',
    sites         text[] NOT NULL DEFAULT '{}',          -- where: sites, areas; neither: the whole city
    areas         text[] NOT NULL DEFAULT '{}',
    starts        date NOT NULL,
    ends          date,                                  -- null: for good
    kpi           text NOT NULL,                         -- the primary one, which the effect is judged by
    direction     text NOT NULL CHECK (direction IN ('increase', 'decrease')),
    control_sites text[] NOT NULL DEFAULT '{}',
    nearby        jsonb NOT NULL DEFAULT '[]',           -- [{"what", "kind": "measure"|"instrument"|"other", "from", "to", "sites"}]
    owner         text NOT NULL CHECK (owner ~ '\S'),
    source        text NOT NULL CHECK (source ~ '\S'),
    status        text NOT NULL CHECK (status IN ('planned', 'running', 'done', 'stopped')),
    locked_at     timestamptz,
    locked_by     text,
    withdrawn_at  timestamptz,
    added_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (ends >= starts),
    CHECK ((locked_at IS NULL) = (locked_by IS NULL)),
    CHECK (NOT sites && control_sites),
    PRIMARY KEY (city, slug),
    FOREIGN KEY (city, plan) REFERENCES plan,
    FOREIGN KEY (city, goal) REFERENCES goal
);
CREATE INDEX measure_by_goal ON measure (city, goal);

CREATE FUNCTION bypuls_keep_locked_measure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'measure % is locked: it may be withdrawn, not deleted', OLD.slug USING ERRCODE = 'check_violation';
    END IF;
    IF (to_jsonb(NEW) - ARRAY['status', 'owner', 'withdrawn_at', 'changed_at'])
       IS DISTINCT FROM (to_jsonb(OLD) - ARRAY['status', 'owner', 'withdrawn_at', 'changed_at']) THEN
        RAISE EXCEPTION 'measure % is locked: only its status and its owner may change', OLD.slug USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER measure_locked BEFORE UPDATE OR DELETE ON measure FOR EACH ROW
    WHEN (OLD.locked_at IS NOT NULL) EXECUTE FUNCTION bypuls_keep_locked_measure();
