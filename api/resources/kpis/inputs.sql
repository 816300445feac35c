-- The hours behind a value, as they stand or as they stood.

-- name: value
SELECT v.start, v.ends, v.evidence, k.document->'inputs' AS inputs, v.computed_at, k.document->>'calendar' AS calendar
FROM kpi_value v LEFT JOIN kpi_definition k ON k.id = v.kpi AND k.version = v.version
WHERE v.city = %(city)s AND v.kpi = %(kpi)s AND v.scope_kind = %(scope_kind)s AND v.scope = %(scope)s
  AND v.period = %(period)s AND v.start = %(start)s

-- name: value_then
-- What was said at `as_of`: the first version that was replaced later, or the present one; if anything was said by then.
SELECT v.start, v.ends, v.evidence, k.document->'inputs' AS inputs, v.computed_at, k.document->>'calendar' AS calendar
FROM (SELECT x.start, x.ends, x.evidence, x.kpi, x.version, x.computed_at, x.added_at, x.superseded_at
      FROM kpi_value_history x
      WHERE x.city = %(city)s AND x.kpi = %(kpi)s AND x.scope_kind = %(scope_kind)s AND x.scope = %(scope)s
        AND x.period = %(period)s AND x.start = %(start)s AND x.superseded_at > %(as_of)s
      UNION ALL
      SELECT x.start, x.ends, x.evidence, x.kpi, x.version, x.computed_at, x.added_at, 'infinity'
      FROM kpi_value x
      WHERE x.city = %(city)s AND x.kpi = %(kpi)s AND x.scope_kind = %(scope_kind)s AND x.scope = %(scope)s
        AND x.period = %(period)s AND x.start = %(start)s) v
LEFT JOIN kpi_definition k ON k.id = v.kpi AND k.version = v.version
WHERE least(v.added_at, v.computed_at) <= %(as_of)s
ORDER BY v.superseded_at LIMIT 1

-- name: series_of_sites
-- The datastreams that the values of these sites named then.
SELECT DISTINCT jsonb_array_elements(v.evidence->'series')::integer
FROM (SELECT DISTINCT ON (x.scope) x.scope, x.evidence
      FROM (SELECT h.scope, h.evidence, h.superseded_at, h.computed_at, h.added_at FROM kpi_value_history h
            WHERE h.city = %(city)s AND h.kpi = %(kpi)s AND h.scope_kind = 'site' AND h.scope = ANY(%(sites)s)
              AND h.period = %(period)s AND h.start = %(start)s AND h.superseded_at > %(computed_at)s
            UNION ALL
            SELECT k.scope, k.evidence, 'infinity', k.computed_at, k.added_at FROM kpi_value k
            WHERE k.city = %(city)s AND k.kpi = %(kpi)s AND k.scope_kind = 'site' AND k.scope = ANY(%(sites)s)
              AND k.period = %(period)s AND k.start = %(start)s) x
      WHERE least(x.added_at, x.computed_at) <= %(computed_at)s
      ORDER BY x.scope, x.superseded_at) v
ORDER BY 1

-- name: inputs
-- All that a value was computed from and its hash covers; the hours are those of one of the three below.
SELECT s.city, o.datastream, d.external_id AS device, s.site, s.property, s.channel, o.bucket,
       {mean} AS mean, {steadiness} AS steadiness, o.min, o.max, o.sum, o.first, o.last, o.increase, o.gap_increase, p.unit,
       o.n_good, o.n_not_evaluated, o.n_suspect, o.n_fail + coalesce(o.dropped, 0) AS n_fail, o.n_invalidated, o.expected,
       coalesce(o.covered, least(1, (o.n_good + o.n_not_evaluated)::double precision / nullif(o.expected, 0))) AS coverage,
       o.first_time, o.last_time, o.resets, o.energy_sum, o.sin_sum, o.cos_sum, o.covered,
       nullif(o.slope, 'NaN') AS slope, nullif(o.intercept, 'NaN') AS intercept,
       coalesce(o.slope = 'NaN', false) AS partly_calibrated, s.class, s.origin, o.computed_at,
       nullif(o.superseded_at, 'infinity') AS superseded_at
FROM (SELECT r.* FROM {hours} r
      WHERE r.datastream = ANY(%(series)s) {where} {page}) o
JOIN datastream s ON s.id = o.datastream
JOIN device d ON d.id = s.device
JOIN observed_property p ON p.id = s.property
ORDER BY o.datastream, o.bucket

-- name: hours_now
(SELECT h.*, 'infinity'::timestamptz AS superseded_at FROM rollup_1h h)

-- name: hours_then
-- The first version that was replaced after the value was computed, or the present one, if it stood by then.
(SELECT DISTINCT ON (x.datastream, x.bucket) x.*
 FROM (SELECT {columns}, h.superseded_at FROM rollup_1h_history h
       WHERE h.datastream = ANY(%(series)s) AND h.bucket >= %(from_)s AND h.bucket < %(to)s
         AND h.superseded_at > %(computed_at)s
       UNION ALL
       SELECT {columns}, 'infinity' FROM rollup_1h h
       WHERE h.datastream = ANY(%(series)s) AND h.bucket >= %(from_)s AND h.bucket < %(to)s) x
 WHERE x.computed_at <= %(computed_at)s
 ORDER BY x.datastream, x.bucket, x.superseded_at)

-- name: columns
h.datastream, h.bucket, h.n_good, h.n_not_evaluated, h.n_suspect, h.n_fail, h.expected, h.sum, h.min, h.max, h.first,
h.first_time, h.last, h.last_time, h.energy_sum, h.sin_sum, h.cos_sum, h.increase, h.resets, h.gap_increase, h.computed_at,
h.covered, h.dropped, h.n_invalidated, h.slope, h.intercept

-- name: five_minutes
(SELECT f.*, NULL::integer AS expected, NULL::double precision AS covered, NULL::integer AS dropped,
        NULL::double precision AS slope, NULL::double precision AS intercept, 'infinity'::timestamptz AS superseded_at
 FROM rollup_5m f)

-- name: calendars
SELECT time_zone, extract(epoch FROM air_day_offset)::integer, country FROM city WHERE slug = %(city)s

-- name: where_hours
date_trunc('hour', r.bucket) = ANY(%(hours)s)

-- name: where_from_
r.bucket >= %(from_)s

-- name: where_to
r.bucket < %(to)s
