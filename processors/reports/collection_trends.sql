-- name: years
-- The city's years up to this one that are over and have enough data, by the definition that holds now.
SELECT v.kpi, d.document -> 'title' AS title, v.unit, v.value, v.coverage, v.version,
       extract(year FROM (v.start + (v.ends - v.start) / 2) AT TIME ZONE c.time_zone)::integer AS year
FROM kpi_value v
JOIN city c ON c.slug = v.city
JOIN kpi_definition d ON d.id = v.kpi AND d.version = v.version AND d.current
WHERE v.city = %(city)s AND v.scope_kind = 'city' AND v.period = 'P1Y' AND v.quality = 'ok' AND v.status <> 'provisional'
  AND v.start < make_date(%(year)s, 2, 1)
ORDER BY d.document ->> 'domain', v.kpi, v.start
