-- What boards read: Grafana and the built-in page, both as grafana_ro, see these views and no table. They belong to the
-- migrating role and so read the tables with its rights: nothing may stand here that a stranger must not see (no raw
-- payloads, no tokens, no audit trail, nothing of what is measured in a household). "Now" is the board's to say
-- ($__timeTo), so no view asks the clock.
-- Columns may be added; one that is renamed or dropped needs the views dropped first, which this file does.

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c
                WHERE c.relkind = 'v' AND c.relname LIKE 'board\_%' AND c.relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('DROP VIEW IF EXISTS %I CASCADE', name);
    END LOOP;
END $$;

-- A city as people call it; simulated when anything in it is.
CREATE VIEW board_city AS
SELECT c.slug AS city, coalesce(c.name ->> 'en', c.name ->> c.languages[1], c.slug) AS name, c.time_zone,
       c.air_day_offset, c.national_limits, c.licence,
       EXISTS (SELECT FROM datastream s WHERE s.city = c.slug AND s.origin = 'simulated') AS simulated,
       c.name AS names, c.languages,
       (SELECT max(s.last_time + coalesce(s.interval, interval '0')) FROM datastream s WHERE s.city = c.slug) AS newest
FROM city c;

CREATE VIEW board_area AS
SELECT a.city, a.slug AS area, a.name, a.kind, a.parent, a.population FROM area a;

-- area is '-' where a site has none, so that a list of areas can name it.
CREATE VIEW board_site AS
SELECT s.city, s.slug AS site, s.name, s.kind, CASE WHEN s.kind <> 'household' THEN s.latitude END AS latitude,
       CASE WHEN s.kind <> 'household' THEN s.longitude END AS longitude, coalesce(s.area, '-') AS area,
       coalesce(a.name, '-') AS area_name, s.class, o.told ->> 'owner' AS owner,
       coalesce(o.told ->> 'street', s.name) AS street,
       CASE WHEN jsonb_typeof(o.told -> 'floor_area') = 'number'
            THEN (o.told ->> 'floor_area')::double precision END AS floor_area,
       CASE WHEN jsonb_typeof(o.told -> 'free_flow_speed') = 'number'
            THEN (o.told ->> 'free_flow_speed')::double precision END AS free_flow_speed
FROM site s
CROSS JOIN LATERAL (SELECT CASE WHEN s.kind <> 'household' THEN s.attributes ELSE '{}' END AS told) o
LEFT JOIN area a ON a.city = s.city AND a.slug = s.area;

-- One series. `last_end`: until when its newest value tells (of an interval's value: the interval's end). `watched`: its
-- device is active and still hangs there, and how often it speaks is known; then it is late from `late_from` on and silent
-- from `silent_from` on (01_functions.sql says when, for /v1/silent too).
CREATE VIEW board_datastream AS
SELECT s.city, s.id AS datastream, d.external_id AS device, s.site, t.name AS site_name, t.kind,
       coalesce(t.area, '-') AS area, s.property, p.name ->> 'en' AS property_name, p.domain, p.diagnostic, s.channel,
       p.unit, s.class, s.origin, d.status, s.first_time, s.last_time,
       e.last_end, s.device AS device_id, extract(epoch FROM s.expected_spacing)::double precision AS spacing_seconds,
       d.status = 'active' AND s.site IS NOT DISTINCT FROM d.site AND s.expected_spacing IS NOT NULL
           AND s.last_time IS NOT NULL AS watched,
       bypuls_late_from(s.last_time, s.interval, s.expected_spacing) AS late_from,
       bypuls_silent_from(s.last_time, s.interval, s.expected_spacing) AS silent_from
FROM datastream s
CROSS JOIN LATERAL (SELECT s.last_time + coalesce(s.interval, interval '0') AS last_end) e
JOIN device d ON d.id = s.device
JOIN observed_property p ON p.id = s.property
LEFT JOIN site t ON t.city = s.city AND t.slug = s.site;

-- One device with what its measuring series say together: a battery that goes on is no measuring. (A device that has
-- nothing but such is judged by it.) Battery in the unit the device sends (volt or percent).
CREATE VIEW board_device AS
SELECT d.city, d.external_id AS device, d.site, t.name AS site_name, t.kind, coalesce(t.area, '-') AS area, d.status,
       d.origin, d.profile, d.first_seen, d.last_seen, d.battery,
       extract(epoch FROM d.clock_offset)::double precision AS clock_offset_seconds,
       s.series, s.newest, s.spacing_seconds, s.silent_from, s.late_from, d.id AS device_id
FROM device d
LEFT JOIN site t ON t.city = d.city AND t.slug = d.site
LEFT JOIN LATERAL (
    SELECT sum(n.series)::bigint AS series, (array_agg(n.newest ORDER BY n.diagnostic))[1] AS newest,
           (array_agg(n.spacing_seconds ORDER BY n.diagnostic))[1] AS spacing_seconds,
           (array_agg(n.silent_from ORDER BY n.diagnostic))[1] AS silent_from,
           (array_agg(n.late_from ORDER BY n.diagnostic))[1] AS late_from
    FROM (
        SELECT p.diagnostic, count(*) AS series, max(e.last_end) AS newest,
               extract(epoch FROM min(s.expected_spacing))::double precision AS spacing_seconds,
               max(bypuls_silent_from(s.last_time, s.interval, s.expected_spacing)) AS silent_from,
               max(bypuls_late_from(s.last_time, s.interval, s.expected_spacing)) AS late_from
        FROM datastream s
        CROSS JOIN LATERAL (SELECT s.last_time + coalesce(s.interval, interval '0') AS last_end) e
        JOIN observed_property p ON p.id = s.property
        WHERE s.device = d.id AND s.site IS NOT DISTINCT FROM d.site
        GROUP BY p.diagnostic
    ) n
) s ON true;

CREATE VIEW board_device_event AS
SELECT d.city, d.external_id AS device, d.site, e.time, e.kind FROM device_event e JOIN device d ON d.id = e.device;

-- A bucket's one number, by the property's aggregation: mean, sum of an interval, increase of a register, energy mean of
-- levels, circular mean of directions.
CREATE OR REPLACE FUNCTION bypuls_bucket_value(aggregation text, n integer, sum double precision, max double precision,
    last double precision, increase double precision, energy_sum double precision, sin_sum double precision,
    cos_sum double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE aggregation
        WHEN 'mean' THEN sum / nullif(n, 0)
        WHEN 'sum' THEN sum
        WHEN 'counter' THEN increase
        WHEN 'energy_mean' THEN CASE WHEN energy_sum > 0 AND n > 0 THEN 10 * log(energy_sum / n) END
        WHEN 'circular_mean' THEN
            CASE WHEN sin_sum <> 0 OR cos_sum <> 0 THEN
                atan2d(sin_sum, cos_sum) + CASE WHEN atan2d(sin_sum, cos_sum) < 0 THEN 360 ELSE 0 END END
        WHEN 'max' THEN max
        WHEN 'last' THEN last
    END
$$;

-- What may hang in a home while nobody has said where: every series without a place of a device that measures what homes
-- have, too. What else it sends (where it is, the air of the room) tells of the home as well.
CREATE OR REPLACE VIEW unplaced_meter AS
SELECT s.id AS datastream, s.device, s.city
FROM datastream s
JOIN device d ON d.id = s.device
WHERE s.site IS NULL AND d.site IS NULL
  AND EXISTS (SELECT FROM datastream o JOIN observed_property p ON p.id = o.property
              WHERE o.device = s.device AND p.domain IN ('energy', 'water', 'building'));

-- One hour of one series; `readings` counts all that came, `counting` those whose flag counts. No values of homes, nor of
-- meters that nobody has placed (04_open.sql).
CREATE VIEW board_hour AS
SELECT s.city, s.site, s.property, s.channel, r.datastream, r.bucket AS time,
       CASE WHEN o.told THEN
           bypuls_bucket_value(p.aggregation, r.n_good + r.n_not_evaluated, r.sum, r.max, r.last, r.increase, r.energy_sum,
                               r.sin_sum, r.cos_sum) END AS value,
       CASE WHEN o.told THEN r.min END AS min,
       CASE WHEN o.told THEN r.max END AS max, r.n_good + r.n_not_evaluated AS counting,
       r.n_good + r.n_not_evaluated + r.n_suspect + r.n_fail AS readings, r.n_suspect AS suspect, r.n_fail AS fail,
       r.expected, p.unit, p.domain,
       coalesce(r.covered, 1) AS covered  -- of a register's hour: the share that lies between its readings
FROM datastream s
JOIN observed_property p ON p.id = s.property
JOIN device d ON d.id = s.device
LEFT JOIN site t ON t.city = s.city AND t.slug = coalesce(s.site, d.site)
CROSS JOIN LATERAL (SELECT CASE WHEN t.kind IS NULL THEN s.id NOT IN (SELECT datastream FROM unplaced_meter)
                                ELSE t.kind <> 'household' END AS told) o
JOIN rollup_1h r ON r.datastream = s.id;

CREATE VIEW board_five_minutes AS
SELECT s.city, s.site, s.property, s.channel, r.datastream, r.bucket AS time,
       CASE WHEN o.told THEN
           bypuls_bucket_value(p.aggregation, r.n_good + r.n_not_evaluated, r.sum, r.max, r.last, r.increase, r.energy_sum,
                               r.sin_sum, r.cos_sum) END AS value,
       CASE WHEN o.told THEN r.min END AS min,
       CASE WHEN o.told THEN r.max END AS max, r.n_good + r.n_not_evaluated AS counting,
       r.n_good + r.n_not_evaluated + r.n_suspect + r.n_fail AS readings, r.n_suspect AS suspect, r.n_fail AS fail,
       p.unit, p.domain
FROM datastream s
JOIN observed_property p ON p.id = s.property
JOIN device d ON d.id = s.device
LEFT JOIN site t ON t.city = s.city AND t.slug = coalesce(s.site, d.site)
CROSS JOIN LATERAL (SELECT CASE WHEN t.kind IS NULL THEN s.id NOT IN (SELECT datastream FROM unplaced_meter)
                                ELSE t.kind <> 'household' END AS told) o
JOIN rollup_5m r ON r.datastream = s.id;

-- Indicators with what their evidence says in short; `inputs` is the address of the hours behind a value.
CREATE VIEW board_kpi AS
SELECT k.city, k.kpi, k.scope_kind, k.scope,
       CASE k.scope_kind WHEN 'site' THEN t.name WHEN 'district' THEN a.name
                         WHEN 'group' THEN coalesce(g.name ->> 'en', g.slug)
                         ELSE coalesce(c.name ->> 'en', c.name ->> c.languages[1], c.slug) END AS scope_name,
       k.period, k.start, k.ends, k.value, k.unit, k.band, k.status, k.quality, k.reason, k.coverage, k.detail,
       k.final_at, k.computed_at,
       (k.evidence ->> 'sites')::integer AS sites, (k.evidence ->> 'sites_expected')::integer AS sites_expected,
       coalesce((k.evidence ->> 'partial')::boolean, false) AS partial,
       coalesce((k.evidence ->> 'indicative')::boolean, false) AS indicative,
       -- How far its numbers can be relied on: an estimate, by a standard whose numbers were not read in its text, or both.
       CASE WHEN (k.evidence ->> 'estimate')::boolean
            THEN concat_ws(', ', 'estimate', nullif(k.evidence ->> 'standard_status', 'verified'))
            WHEN k.evidence ? 'standard' THEN coalesce(k.evidence ->> 'standard_status', 'verified') END AS basis,
       (k.evidence -> 'hours' ->> 'valid')::integer AS valid_hours,
       (k.evidence -> 'hours' ->> 'expected')::integer AS expected_hours,
       k.evidence ->> 'inputs' AS inputs,
       -- A point of a line: grouping by $__timeGroup puts a civil day, which begins in UTC's day before, into its own day.
       k.start + (k.ends - k.start) / 2 AS middle
FROM kpi_value k
JOIN city c ON c.slug = k.city
LEFT JOIN site t ON k.scope_kind = 'site' AND t.city = k.city AND t.slug = k.scope
LEFT JOIN area a ON k.scope_kind = 'district' AND a.city = k.city AND a.slug = k.scope
LEFT JOIN household_group g ON k.scope_kind = 'group' AND g.city = k.city AND g.slug = k.scope
WHERE t.kind IS DISTINCT FROM 'household';

-- What was refused and how to mend it; never the message itself.
CREATE VIEW board_quarantine AS
SELECT q.id, coalesce(q.city, '-') AS city, q.received_at, q.last_received_at, q.occurrences, q.source, q.topic,
       coalesce(q.device, '-') AS device, q.decoder, q.reason,
       CASE WHEN h.home IS NULL THEN q.detail ELSE 'a household''s message: withheld' END AS detail, q.hint, q.stored,
       q.replay_asked_at, q.replayed_at, q.replay_outcome
FROM quarantine q
-- As in 04_open.sql: by any name of a device that hangs or hung in a home, or may hang in one, in the message or its topic.
LEFT JOIN LATERAL (SELECT true AS home FROM unnest(string_to_array(lower(q.topic), '/') || lower(q.device)) AS said (name)
                   WHERE (q.city, said.name) IN (
                       SELECT d.city, n.name
                       FROM (SELECT d.id FROM device d
                             WHERE EXISTS (SELECT FROM site t
                                           WHERE t.city = d.city AND t.kind = 'household'
                                             AND (t.slug = d.site OR EXISTS (SELECT FROM datastream s
                                                                             WHERE s.device = d.id AND s.site = t.slug)))
                             UNION SELECT u.device FROM unplaced_meter u) closed
                       JOIN device d ON d.id = closed.id
                       CROSS JOIN LATERAL (SELECT lower(d.external_id) AS name
                                           UNION ALL SELECT lower(value) FROM jsonb_each_text(d.keys)) n
                       WHERE n.name IS NOT NULL)
                   LIMIT 1) h ON true;

-- What waits, since when. The oldest of each lane is one look at its key; counts stop at 100,000. A KPI value that is not
-- due yet is no backlog: `since` of kpi_due is when its oldest row came due.
CREATE VIEW board_queue AS
SELECT 'rollups' AS queue, (SELECT count(*) FROM (SELECT FROM changed_bucket LIMIT 100000) few) AS waiting,
       (SELECT min(o.queued_at) FROM generate_series(0, 15) AS lane(n)
        CROSS JOIN LATERAL (SELECT c.queued_at FROM changed_bucket c WHERE c.lane = lane.n ORDER BY c.id LIMIT 1) o) AS since
UNION ALL
SELECT 'kpis', (SELECT count(*) FROM (SELECT FROM kpi_due LIMIT 100000) few),
       (SELECT min(o.due_at) FROM generate_series(0, 15) AS lane(n)
        CROSS JOIN LATERAL (SELECT greatest(k.due_at, k.queued_at) AS due_at FROM kpi_due k WHERE k.lane = lane.n
                            ORDER BY k.id LIMIT 1) o)
UNION ALL
SELECT 'outbox', (SELECT count(*) FROM (SELECT FROM outbox LIMIT 100000) few),
       (SELECT o.queued_at FROM outbox o ORDER BY o.id LIMIT 1);

-- What each audit that ended came to: numbers alone, no line of what it found.
CREATE VIEW board_audit AS
SELECT r.city, r.finished_at, r.complete, (r.checked ->> 'kpi_values')::integer AS compared,
       coalesce((r.checked ->> 'not_compared')::integer, 0) AS not_compared, r.repaired,
       (SELECT coalesce(sum(n::integer), 0) FROM jsonb_each_text(r.differences) d (k, n))::integer AS differences,
       coalesce(jsonb_array_length(r.unreached -> 'days'), 0) AS unreached
FROM audit_run r WHERE r.finished_at IS NOT NULL;

-- What a city keeps for how many days (null: for ever), what was announced to go, and what is gone.
CREATE VIEW board_retention AS
SELECT c.slug AS city, k.kind, k.place, (c.document -> 'keep' ->> (k.kind || '_days'))::integer AS days,
       count(r.city) FILTER (WHERE r.dropped_at IS NULL) AS announced, min(r.due_at) FILTER (WHERE r.dropped_at IS NULL) AS goes_at,
       count(r.dropped_at) AS dropped, coalesce(sum(r.rows) FILTER (WHERE r.dropped_at IS NOT NULL), 0)::bigint AS rows,
       max(r.until) FILTER (WHERE r.dropped_at IS NOT NULL) AS dropped_before,
       (array_agg(r.hindrance ORDER BY r.since) FILTER (WHERE r.hindrance IS NOT NULL))[1] AS hindrance
FROM city c CROSS JOIN (VALUES ('observations', 1), ('five_minutes', 2), ('refused', 3)) k (kind, place)
LEFT JOIN retention r ON r.city = c.slug AND r.kind = k.kind
GROUP BY c.slug, c.document, k.kind, k.place
HAVING k.place = 1 OR count(r.city) > 0 OR c.document -> 'keep' ->> (k.kind || '_days') IS NOT NULL;

-- Size of what grows, by table; hypertables and partitions are added up.
CREATE OR REPLACE FUNCTION bypuls_table_sizes() RETURNS TABLE (name text, bytes bigint, rows bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF bypuls_edition() = 'plain' THEN
        RETURN QUERY
            SELECT t.name, sum(pg_total_relation_size(c.oid))::bigint,
                   sum(c.reltuples) FILTER (WHERE c.reltuples >= 0)::bigint  -- null: not estimated yet
            FROM unnest(ARRAY['observation', 'rollup_5m', 'rollup_1h', 'kpi_value', 'quarantine']) AS t(name)
            CROSS JOIN LATERAL (SELECT t.name::regclass UNION SELECT relid FROM pg_partition_tree(t.name::regclass)) p (relid)
            JOIN pg_class c ON c.oid = p.relid
            GROUP BY t.name;
    ELSE
        RETURN QUERY EXECUTE $sizes$
            SELECT t.name, coalesce(public.hypertable_size(h.name), pg_total_relation_size(t.name::regclass))::bigint,
                   greatest(0, public.approximate_row_count(t.name::regclass))::bigint
            FROM unnest(ARRAY['observation', 'rollup_5m', 'rollup_1h', 'kpi_value', 'quarantine']) AS t(name)
            LEFT JOIN LATERAL (SELECT format('%I.%I', g.hypertable_schema, g.hypertable_name)::regclass AS name
                               FROM timescaledb_information.hypertables g WHERE g.hypertable_name = t.name) h ON true
        $sizes$;
    END IF;
END $$;
CREATE VIEW board_table_size AS SELECT name, bytes, rows FROM bypuls_table_sizes();

-- The city of a board without variables: the one asked for (SET bypuls.city, or ALTER ROLE grafana_ro SET bypuls.city
-- for a wall), else the one with the most series heard of within a day of the newest anywhere. By count, not by the
-- newest alone: with two live cities that would change every second.
CREATE OR REPLACE FUNCTION bypuls_board_city() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(nullif(current_setting('bypuls.city', true), ''), (
        SELECT c.slug FROM city c
        LEFT JOIN datastream s ON s.city = c.slug
            AND s.last_time > (SELECT max(last_time) FROM datastream) - interval '1 day'
        GROUP BY c.slug ORDER BY count(s.id) DESC, c.slug LIMIT 1))
$$;
