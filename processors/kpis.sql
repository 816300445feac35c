-- From kpi_due to kpi_value.

-- Values whose hours have come to rest (the newest row is due) or that have waited for a minute. A value's rows are all
-- taken at once; `budget` bounds the hours that one batch reads. Returns each value once.
-- name: claim
WITH waiting AS (
    SELECT kpi, city, site, period, start, min(due_at) AS oldest
    FROM kpi_due WHERE lane = %(lane)s
    GROUP BY kpi, city, site, period, start
    HAVING %(everything)s OR max(due_at) <= %(now)s OR min(due_at) <= %(now)s - interval '60 seconds'
    ORDER BY oldest LIMIT %(limit)s
), chosen AS (
    SELECT * FROM (SELECT *, sum(CASE period WHEN 'PT1H' THEN 1 WHEN 'P1D' THEN 24 WHEN 'P1M' THEN 744 ELSE 8784 END)
                                 OVER (ORDER BY oldest, kpi, site, period, start) AS hours FROM waiting) w
    WHERE hours <= %(budget)s
), gone AS (
    DELETE FROM kpi_due q USING chosen c
    WHERE q.lane = %(lane)s AND (q.kpi, q.city, q.site, q.period, q.start) = (c.kpi, c.city, c.site, c.period, c.start)
)
SELECT kpi, city, period, site, extract(epoch FROM start)::bigint FROM chosen

-- name: read_rollup_1h
COPY (SELECT r.datastream, extract(epoch FROM r.bucket)::bigint, r.n_good + r.n_not_evaluated, r.n_suspect, r.n_fail,
             coalesce(r.expected, -1), coalesce(r.sum, 'NaN'), coalesce(r.max, 'NaN'), coalesce(r.last, 'NaN'),
             coalesce(r.energy_sum, 'NaN'), coalesce(r.sin_sum, 'NaN'), coalesce(r.cos_sum, 'NaN'),
             coalesce(r.increase, 'NaN')
      FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
      JOIN rollup_1h r ON r.datastream = w.datastream AND r.bucket >= w.since AND r.bucket < w.until)
TO STDOUT (FORMAT binary)

-- name: read_rollup_5m
COPY (SELECT r.datastream, extract(epoch FROM r.bucket)::bigint, r.n_good + r.n_not_evaluated, r.n_suspect, r.n_fail,
             -1, coalesce(r.sum, 'NaN'), coalesce(r.max, 'NaN'), coalesce(r.last, 'NaN'),
             coalesce(r.energy_sum, 'NaN'), coalesce(r.sin_sum, 'NaN'), coalesce(r.cos_sum, 'NaN'),
             coalesce(r.increase, 'NaN')
      FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
      JOIN rollup_5m r ON r.datastream = w.datastream AND r.bucket >= w.since AND r.bucket < w.until)
TO STDOUT (FORMAT binary)

-- name: series
SELECT d.city, d.id, d.site, s.kind, d.property, p.aggregation, d.channel, v.external_id, d.class, d.origin,
       extract(epoch FROM d.interval)::float8, extract(epoch FROM d.expected_spacing)::float8,
       extract(epoch FROM d.first_time)::float8, extract(epoch FROM d.last_time)::float8, v.status = 'active'
FROM datastream d
JOIN device v ON v.id = d.device
JOIN observed_property p ON p.id = d.property
JOIN site s ON s.city = d.city AND s.slug = d.site
WHERE d.city = ANY(%s)

-- Each site's areas, its own and those around them.
-- name: areas
WITH RECURSIVE around AS (
    SELECT s.city, s.slug AS site, s.area FROM site s WHERE s.city = ANY(%s) AND s.area IS NOT NULL
    UNION
    SELECT a.city, r.site, a.parent FROM around r JOIN area a ON a.city = r.city AND a.slug = r.area
    WHERE a.parent IS NOT NULL
)
SELECT city, site, area FROM around ORDER BY city, site, area

-- name: create_staged
CREATE TEMP TABLE IF NOT EXISTS staged_value (
    city text NOT NULL, kpi text NOT NULL, scope_kind text NOT NULL, scope text NOT NULL, period text NOT NULL,
    start timestamptz NOT NULL, ends timestamptz NOT NULL, value double precision, unit text NOT NULL, band text,
    detail jsonb, quality text NOT NULL, reason text, coverage double precision, evidence jsonb NOT NULL,
    version text NOT NULL, final_at timestamptz NOT NULL
)

-- name: empty_staged
TRUNCATE staged_value

-- name: stage
COPY staged_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, quality, reason,
                   coverage, evidence, version, final_at) FROM STDIN

-- name: analyze_staged
ANALYZE staged_value

-- A value is provisional until its period's end plus the lateness, then final; a final one that changes is revised.
-- What was said before is kept when value, status, quality or band change. Nothing is written when nothing changes.
-- The lane's lock keeps others off these keys, so the join sees what the insert will meet.
-- name: upsert
WITH judged AS MATERIALIZED (
    SELECT n.*, o.city IS NOT NULL AS stands,
           CASE WHEN n.final_at > %(now)s THEN 'provisional'
                WHEN o.status IS NULL OR o.status = 'provisional' THEN 'final'
                WHEN (n.value, n.quality, n.band) IS DISTINCT FROM (o.value, o.quality, o.band) THEN 'revised'
                ELSE o.status END AS new_status,
           (o.value, o.quality, o.band) IS DISTINCT FROM (n.value, n.quality, n.band) AS says_else,
           o.status AS old_status,
           (o.evidence, o.detail, o.reason, o.coverage, o.version, o.unit, o.final_at, o.ends)
               IS DISTINCT FROM (n.evidence, n.detail, n.reason, n.coverage, n.version, n.unit, n.final_at, n.ends) AS shows_else
    FROM staged_value n
    LEFT JOIN kpi_value o USING (city, kpi, scope_kind, scope, period, start)
), changed AS MATERIALIZED (
    SELECT * FROM judged WHERE NOT stands OR says_else OR shows_else OR new_status <> old_status
), kept AS (
    INSERT INTO kpi_value_history
    SELECT o.*, %(now)s FROM changed c JOIN kpi_value o USING (city, kpi, scope_kind, scope, period, start)
    WHERE c.stands AND (c.says_else OR c.new_status <> c.old_status)
    ON CONFLICT DO NOTHING
), written AS (
    INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, status, quality,
                           reason, coverage, evidence, version, final_at, computed_at)
    SELECT city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, new_status, quality, reason,
           coverage, evidence, version, final_at, %(now)s
    FROM changed
    ON CONFLICT (city, kpi, scope_kind, scope, period, start) DO UPDATE SET
        (ends, value, unit, band, detail, status, quality, reason, coverage, evidence, version, final_at, computed_at,
         xact, seq)
        = (excluded.ends, excluded.value, excluded.unit, excluded.band, excluded.detail, excluded.status,
           excluded.quality, excluded.reason, excluded.coverage, excluded.evidence, excluded.version, excluded.final_at,
           excluded.computed_at, pg_current_xact_id(), nextval('kpi_value_seq'))
    RETURNING 1
)
SELECT count(*) FROM written

-- Stored values of sites, looked up by their whole key.
-- name: stored_sites
SELECT v.kpi, v.city, v.period, extract(epoch FROM v.start)::bigint, v.scope, v.value, v.band, v.detail, v.quality,
       v.reason, v.coverage, v.evidence
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]) w (kpi, city, period, site, start)
JOIN kpi_value v ON v.city = w.city AND v.kpi = w.kpi AND v.scope_kind = 'site' AND v.scope = w.site
                AND v.period = w.period AND v.start = w.start

-- name: notify
SELECT pg_notify('bypuls_kpi', '')
