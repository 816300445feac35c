-- name: columns
v.city, v.kpi, v.scope_kind, v.scope, v.period, v.start, v.ends, v.value, v.unit, v.band, v.status, v.quality,
v.reason, v.coverage, v.detail, v.evidence, v.version, v.final_at, v.computed_at

-- name: values
SELECT {columns}
FROM {said} v
WHERE v.city = %(city)s {where} {page}

-- name: latest
-- The newest value of each series of values. The series are found by skipping from one to the next in the primary key,
-- so the cost is that of what is asked for, not of the years there are.
WITH RECURSIVE series AS ({series})
SELECT {columns}
FROM series CROSS JOIN LATERAL (
    SELECT * FROM {said} v
    WHERE v.city = %(city)s AND v.kpi = series.kpi AND v.scope_kind = series.scope_kind AND v.scope = series.scope
      AND v.period = series.period {where}
    ORDER BY v.start DESC LIMIT 1
) v
WHERE true {page}

-- name: series_of_all
(SELECT k.kpi, k.scope_kind, k.scope, k.period FROM kpi_value k
 WHERE k.city = %(city)s ORDER BY k.kpi, k.scope_kind, k.scope, k.period LIMIT 1)
UNION ALL
SELECT n.kpi, n.scope_kind, n.scope, n.period FROM series CROSS JOIN LATERAL (
    SELECT k.kpi, k.scope_kind, k.scope, k.period FROM kpi_value k
    WHERE k.city = %(city)s
      AND (k.kpi, k.scope_kind, k.scope, k.period) > (series.kpi, series.scope_kind, series.scope, series.period)
    ORDER BY k.kpi, k.scope_kind, k.scope, k.period LIMIT 1) n

-- name: series_of_some
-- Those of each KPI that is named: the others, most of what there is, are not looked at.
SELECT n.kpi, n.scope_kind, n.scope, n.period
FROM (SELECT DISTINCT unnest(%(kpi)s::text[]) AS kpi) w CROSS JOIN LATERAL (
    SELECT k.kpi, k.scope_kind, k.scope, k.period FROM kpi_value k
    WHERE k.city = %(city)s AND k.kpi = w.kpi ORDER BY k.scope_kind, k.scope, k.period LIMIT 1) n
UNION ALL
SELECT n.kpi, n.scope_kind, n.scope, n.period FROM series CROSS JOIN LATERAL (
    SELECT k.kpi, k.scope_kind, k.scope, k.period FROM kpi_value k
    WHERE k.city = %(city)s AND k.kpi = series.kpi
      AND (k.scope_kind, k.scope, k.period) > (series.scope_kind, series.scope, series.period)
    ORDER BY k.scope_kind, k.scope, k.period LIMIT 1) n

-- name: said_now
kpi_value

-- name: said_then
-- What stood at `as_of`: the first version that was replaced later than that, or the present one; and only if anything
-- had been said for this key by then.
(SELECT DISTINCT ON (x.city, x.kpi, x.scope_kind, x.scope, x.period, x.start) x.*
 FROM (SELECT h.* FROM kpi_value_history h WHERE h.superseded_at > %(as_of)s
       UNION ALL
       SELECT k.city, k.kpi, k.scope_kind, k.scope, k.period, k.start, k.ends, k.value, k.unit, k.band, k.detail, k.status,
              k.quality, k.reason, k.coverage, k.evidence, k.version, k.final_at, k.computed_at, k.added_at, k.xact, k.seq,
              'infinity'::timestamptz
       FROM kpi_value k) x
 WHERE least(x.added_at, x.computed_at) <= %(as_of)s
 ORDER BY x.city, x.kpi, x.scope_kind, x.scope, x.period, x.start, x.superseded_at)

-- name: where_kpi
v.kpi = ANY(%(kpi)s)

-- name: where_scope_kind
v.scope_kind = %(scope_kind)s

-- name: where_scope
v.scope = ANY(%(scope)s)

-- name: where_period
v.period = %(period)s

-- name: where_from_
v.start >= %(from_)s

-- name: where_to
v.start < %(to)s

-- name: where_ok
v.quality = 'ok'
