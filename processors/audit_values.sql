-- KPI values as they stand against what the stored hours say now. Asked within a transaction that is rolled back.

-- name: take_lanes
SELECT pg_try_advisory_xact_lock(25090, lane) FROM (
    SELECT DISTINCT (abs(hashtextextended(kpi || ' ' || %s, 0)) %% 16)::integer AS lane
    FROM unnest(%s::text[]) kpi ORDER BY lane
) lanes

-- name: streams
SELECT id, site FROM datastream WHERE city = %s AND site IS NOT NULL AND property = ANY(%s)

-- name: sites
SELECT slug FROM site WHERE city = %s ORDER BY slug

-- Values of sites whose period ended within the span and that time has made final; by site, so that the key is used.
-- name: standing
SELECT w.kpi, w.period, v.scope, extract(epoch FROM v.start)::bigint
FROM unnest(%(kpis)s::text[], %(periods)s::text[], %(froms)s::timestamptz[]) w (kpi, period, since)
CROSS JOIN unnest(%(sites)s::text[]) s (site)
CROSS JOIN LATERAL (SELECT k.scope, k.start FROM kpi_value k
                    WHERE k.city = %(city)s AND k.kpi = w.kpi AND k.scope_kind = 'site' AND k.scope = s.site
                      AND k.period = w.period AND k.start >= w.since AND k.start < %(until)s
                      AND k.ends > %(since)s AND k.ends <= %(until)s AND k.final_at <= %(now)s
                      AND k.status <> 'provisional' OFFSET 0) v

-- Hours within the span, by datastream.
-- name: hours
SELECT array_agg(r.datastream), array_agg(extract(epoch FROM r.bucket)::bigint)
FROM unnest(%s::integer[]) w (datastream)
CROSS JOIN LATERAL (SELECT h.datastream, h.bucket FROM rollup_1h h
                    WHERE h.datastream = w.datastream AND h.bucket >= %s AND h.bucket < %s OFFSET 0) r

-- What is known to be old: hours that wait to be rolled up, values that wait to be computed, definitions in the backlog.
-- name: waiting_hours
SELECT DISTINCT q.datastream, extract(epoch FROM date_trunc('hour', q.bucket))::bigint, d.city, d.site, d.property
FROM changed_bucket q JOIN datastream d ON d.id = q.datastream
WHERE d.city = %s AND d.site IS NOT NULL LIMIT 20001

-- name: of_hours
SELECT w.datastream, extract(epoch FROM w.hour)::bigint, d.city, d.site, d.property
FROM unnest(%s::integer[], %s::timestamptz[]) w (datastream, hour) JOIN datastream d ON d.id = w.datastream
WHERE d.site IS NOT NULL

-- name: waiting_values
SELECT kpi, period, site, extract(epoch FROM start)::bigint FROM kpi_due WHERE city = %s AND kpi = ANY(%s)

-- name: backlog
SELECT DISTINCT kpi FROM kpi_backlog WHERE city = %s

-- name: take
DELETE FROM kpi_value v USING unnest(%s::text[], %s::text[], %s::timestamptz[]) w (kpi, period, start)
WHERE v.city = %s AND v.kpi = w.kpi AND v.period = w.period AND v.start = w.start
  AND v.scope_kind <> 'site' AND v.scope = ANY(%s)
RETURNING v.kpi, v.scope_kind, v.scope, v.period, extract(epoch FROM v.start)::bigint, v.value, v.band, v.quality, v.reason, v.coverage, v.unit, v.ends, v.final_at,
          v.status = 'provisional', v.detail::text, v.evidence::text, v.version,
          v.status = 'revised' AND NOT EXISTS (
              SELECT FROM kpi_value_history h WHERE h.city = v.city AND h.kpi = v.kpi AND h.scope_kind = v.scope_kind
                AND h.scope = v.scope AND h.period = v.period AND h.start = v.start)

-- name: take_sites
DELETE FROM kpi_value v USING unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[]) w (kpi, period, site, start)
WHERE v.city = %s AND v.kpi = w.kpi AND v.scope_kind = 'site' AND v.scope = w.site AND v.period = w.period
  AND v.start = w.start
RETURNING v.kpi, v.scope_kind, v.scope, v.period, extract(epoch FROM v.start)::bigint, v.value, v.band, v.quality, v.reason, v.coverage, v.unit, v.ends, v.final_at,
          v.status = 'provisional', v.detail::text, v.evidence::text, v.version,
          v.status = 'revised' AND NOT EXISTS (
              SELECT FROM kpi_value_history h WHERE h.city = v.city AND h.kpi = v.kpi AND h.scope_kind = v.scope_kind
                AND h.scope = v.scope AND h.period = v.period AND h.start = v.start)

-- name: scopes
SELECT coalesce(array_agg(slug), '{}') FROM (
    SELECT %(city)s::text AS slug UNION SELECT slug FROM area WHERE city = %(city)s
    UNION SELECT slug FROM household_group WHERE city = %(city)s) known

-- name: computed
SELECT v.kpi, v.scope_kind, v.scope, v.period, extract(epoch FROM v.start)::bigint, v.value, v.band, v.quality, v.reason, v.coverage, v.unit, v.ends, v.final_at,
       v.status = 'provisional', v.detail::text, v.evidence::text, v.version
FROM kpi_value v WHERE v.city = %s AND v.xact = pg_current_xact_id()

-- name: queue
INSERT INTO kpi_due (kpi, city, site, period, start, due_at)
SELECT DISTINCT w.kpi, w.city, w.site, w.period, w.start, %s::timestamptz
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]) w (kpi, city, site, period, start)

-- The starts of every series of values, found by skipping through the key; of what is asked for alone.
-- name: keys
WITH RECURSIVE series AS (
    (SELECT kpi, scope_kind, scope, period FROM kpi_value WHERE city = %s ORDER BY kpi, scope_kind, scope, period LIMIT 1)
    UNION ALL
    SELECT n.* FROM series s CROSS JOIN LATERAL (
        SELECT v.kpi, v.scope_kind, v.scope, v.period FROM kpi_value v
        WHERE v.city = %s AND (v.kpi, v.scope_kind, v.scope, v.period) > (s.kpi, s.scope_kind, s.scope, s.period)
        ORDER BY v.kpi, v.scope_kind, v.scope, v.period LIMIT 1) n
)
SELECT s.*, v.starts
FROM series s JOIN unnest(%s::text[], %s::text[], %s::timestamptz[]) w (kpi, period, since) USING (kpi, period)
CROSS JOIN LATERAL (SELECT array_agg(extract(epoch FROM v.start)::bigint) AS starts FROM kpi_value v
                    WHERE v.city = %s AND v.kpi = s.kpi AND v.scope_kind = s.scope_kind AND v.scope = s.scope
                      AND v.period = s.period AND v.start >= w.since AND v.start < %s) v
WHERE v.starts IS NOT NULL

-- name: known_scopes
SELECT 'site', slug FROM site WHERE city = %(city)s UNION ALL SELECT 'district', slug FROM area WHERE city = %(city)s
UNION ALL SELECT 'group', slug FROM household_group WHERE city = %(city)s

-- name: strangers
SELECT v.kpi, v.scope_kind, v.scope, v.period, extract(epoch FROM v.start)::bigint, v.value, v.band, v.quality, v.reason, v.coverage, v.unit, v.ends, v.final_at,
       v.status = 'provisional', v.detail::text, v.evidence::text, v.version
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]) w (kpi, scope_kind, scope, period, start)
JOIN kpi_value v USING (kpi, scope_kind, scope, period, start)
WHERE v.city = %s

-- What ought not exist is said no longer; that it was, the history keeps.
-- name: withdraw
WITH gone AS (
    DELETE FROM kpi_value v
    USING unnest(%(kpis)s::text[], %(kinds)s::text[], %(scopes)s::text[], %(periods)s::text[], %(starts)s::timestamptz[])
          w (kpi, scope_kind, scope, period, start)
    WHERE v.city = %(city)s AND v.kpi = w.kpi AND v.scope_kind = w.scope_kind AND v.scope = w.scope AND v.period = w.period
      AND v.start = w.start
    RETURNING v.*
)
INSERT INTO kpi_value_history (city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, status, quality,
                               reason, coverage, evidence, version, final_at, computed_at, added_at, xact, seq, superseded_at)
SELECT city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, status, quality, reason, coverage,
       evidence, version, final_at, computed_at, added_at, xact, seq, %(now)s
FROM gone
