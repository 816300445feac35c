-- Functions and triggers; run at every migrate, so they are always those of the installed version.

-- "plain", "timescaledb-apache" or "timescaledb-community".
CREATE OR REPLACE FUNCTION bypuls_edition() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN 'plain'
        WHEN current_setting('timescaledb.license', true) = 'apache' THEN 'timescaledb-apache'
        ELSE 'timescaledb-community'
    END
$$;

-- When a series whose newest value is of `last_time` is late and when it is silent: null where it is not known how often
-- it speaks. A value of an interval is stored at the interval's start and cannot come before its end, so both count from
-- there. Late: the next value has not come half a spacing, or five minutes, after it was to. Silent: nothing for three
-- times the spacing, ten minutes at least.
CREATE OR REPLACE FUNCTION bypuls_late_from(last_time timestamptz, "interval" interval, spacing interval) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT last_time + coalesce("interval", interval '0') + spacing + greatest(spacing / 2, interval '5 minutes')
$$;
CREATE OR REPLACE FUNCTION bypuls_silent_from(last_time timestamptz, "interval" interval, spacing interval) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN spacing IS NOT NULL
                THEN last_time + coalesce("interval", interval '0') + greatest(3 * spacing, interval '10 minutes') END
$$;

-- Makes the monthly partitions that cover [from_time, to_time] where the edition has no hypertables; returns how many
-- it made. Attaching instead of creating in place: readers and writers of other months are not blocked.
CREATE OR REPLACE FUNCTION bypuls_ensure_partitions(from_time timestamptz, to_time timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    parent text;
    time_column text;
    month timestamp;
    child text;
    made integer := 0;
BEGIN
    IF bypuls_edition() <> 'plain' THEN
        RETURN 0;
    END IF;
    FOR parent, time_column IN VALUES ('observation', 'time'), ('rollup_5m', 'bucket') LOOP
        month := date_trunc('month', from_time AT TIME ZONE 'UTC');
        WHILE month <= to_time AT TIME ZONE 'UTC' LOOP
            child := format('%s_%s', parent, to_char(month, 'YYYYMM'));
            IF to_regclass(child) IS NULL THEN
                -- Held until the caller's commit, so only taken where something is to be made; another may have made it.
                PERFORM pg_advisory_xact_lock(hashtextextended('bypuls_ensure_partitions', 0));
                -- A lock on a relation makes this session hear of tables made meanwhile; an advisory lock does not. It is
                -- the one that attaching takes, beside readers and writers.
                EXECUTE format('LOCK TABLE %I IN SHARE UPDATE EXCLUSIVE MODE', parent);
            END IF;
            IF to_regclass(child) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child, parent);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child,
                               month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
                made := made + 1;
            END IF;
            month := month + interval '1 month';
        END LOOP;
    END LOOP;
    RETURN made;
END $$;

-- Tells ingest that its picture of the registry is old.
CREATE OR REPLACE FUNCTION bypuls_registry_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bypuls_registry', TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE ON city
    FOR EACH STATEMENT EXECUTE FUNCTION bypuls_registry_changed();
CREATE OR REPLACE TRIGGER registry_changed AFTER INSERT OR DELETE OR UPDATE OF site, status, class, origin, readings, zone, external_id, profile, keys
    ON device FOR EACH STATEMENT EXECUTE FUNCTION bypuls_registry_changed();
CREATE OR REPLACE TRIGGER registry_changed AFTER UPDATE OF class ON site
    FOR EACH STATEMENT EXECUTE FUNCTION bypuls_registry_changed();
CREATE OR REPLACE TRIGGER registry_changed AFTER DELETE OR UPDATE OF site, unit, interval, stamp, qc
    ON datastream FOR EACH STATEMENT EXECUTE FUNCTION bypuls_registry_changed();
CREATE OR REPLACE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE ON source
    FOR EACH STATEMENT EXECUTE FUNCTION bypuls_registry_changed();
