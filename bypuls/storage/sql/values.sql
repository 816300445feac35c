-- KPI values as they are judged and compared, with the definition each was computed by.

-- name: series
-- Every value of one scope, oldest first.
SELECT v.city, v.kpi, v.scope_kind, v.scope, v.period, v.start, v.ends, v.value, v.unit, v.status, v.quality, v.reason, v.coverage,
       v.evidence, v.version, k.document, v.computed_at
FROM kpi_value v LEFT JOIN kpi_definition k ON k.id = v.kpi AND k.version = v.version
WHERE v.city = %(city)s AND v.kpi = %(kpi)s AND v.scope_kind = %(scope_kind)s AND v.scope = %(scope)s AND v.period = %(period)s
ORDER BY v.start

-- name: of_cities
-- Values of several cities as wholes (or of one kind of scope), in the periods whose middle lies in a span of time.
SELECT v.city, v.kpi, v.scope_kind, v.scope, v.period, v.start, v.ends, v.value, v.unit, v.status, v.quality, v.reason, v.coverage,
       v.evidence, v.version, k.document, v.computed_at
FROM kpi_value v LEFT JOIN kpi_definition k ON k.id = v.kpi AND k.version = v.version
WHERE v.city = ANY(%(cities)s) AND v.scope_kind = 'city' AND v.period = %(period)s
  AND (%(kpis)s::text[] IS NULL OR v.kpi = ANY(%(kpis)s))
  AND v.start >= %(since)s::timestamptz - interval '14 hours' AND v.start < %(until)s
  AND v.start + (v.ends - v.start) / 2 >= %(since)s AND v.start + (v.ends - v.start) / 2 < %(until)s
ORDER BY v.city, v.kpi, v.start

-- name: definition
SELECT version, document FROM kpi_definition WHERE id = %(kpi)s AND current

-- name: method
SELECT document FROM kpi_definition WHERE id = %(kpi)s AND version = %(version)s

-- name: cities_of
-- Those of a network or a county; the given ones beside.
SELECT slug FROM city
WHERE slug = ANY(%(cities)s) OR network = %(network)s OR county = %(county)s
ORDER BY slug

-- name: city
SELECT slug, network, county, time_zone FROM city WHERE slug = %(city)s

-- name: u4ssc_years
-- Years that anything is known of: reported, of a register, or computed for the whole city.
SELECT year FROM reported_value WHERE city = %(city)s
UNION
SELECT extract(year FROM start + (ends - start) / 2)::int FROM kpi_value
WHERE city = %(city)s AND scope_kind = 'city' AND period = 'P1Y'
ORDER BY 1
