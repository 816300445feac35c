-- Values of definitions that changed: from kpi_backlog to kpi_due.

-- name: versions
SELECT id, version FROM kpi_definition WHERE current

-- Years in which a datastream of one of the inputs was heard, and the one before: a year's first hours lie in it (UTC).
-- name: add
INSERT INTO kpi_backlog (kpi, city, year)
SELECT DISTINCT w.kpi, d.city, y.year
FROM unnest(%s::text[], %s::text[]) w (kpi, property)
JOIN datastream d ON d.site IS NOT NULL AND d.first_time IS NOT NULL AND (w.property = '*' OR d.property = w.property)
CROSS JOIN LATERAL generate_series(extract(year FROM d.first_time AT TIME ZONE 'UTC')::integer - 1,
                                   extract(year FROM d.last_time AT TIME ZONE 'UTC')::integer) y (year)
ON CONFLICT DO NOTHING

-- name: take
DELETE FROM kpi_backlog b USING (
    SELECT kpi, city, year FROM kpi_backlog ORDER BY year DESC, kpi, city LIMIT 1 FOR UPDATE SKIP LOCKED
) one
WHERE (b.kpi, b.city, b.year) = (one.kpi, one.city, one.year)
RETURNING b.kpi, b.city, b.year

-- name: hours
SELECT array_agg(r.datastream), array_agg(extract(epoch FROM r.bucket)::bigint)
FROM datastream d
CROSS JOIN LATERAL (SELECT h.datastream, h.bucket FROM rollup_1h h
                    WHERE h.datastream = d.id AND h.bucket >= %s AND h.bucket < %s OFFSET 0) r
WHERE d.city = %s AND d.site IS NOT NULL AND d.property = ANY(%s)

-- name: sites
SELECT id, site FROM datastream WHERE city = %(city)s AND site IS NOT NULL AND property = ANY(%(properties)s)

-- Values that no hour asks for: of what was silent, of what is said by the clock.
-- name: standing
INSERT INTO kpi_due (kpi, city, site, period, start, due_at)
SELECT kpi, city, scope, period, start, %(now)s FROM kpi_value
WHERE city = %(city)s AND kpi = %(kpi)s AND scope_kind = 'site' AND version <> %(version)s
  AND start >= %(since)s AND start < %(until)s
