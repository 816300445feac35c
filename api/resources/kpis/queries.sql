-- name: kpis
-- The definitions that hold now, without their whole text.
SELECT k.id AS kpi, k.version, k.document->'title' AS title, k.document->'question' AS question,
       k.document->>'domain' AS domain, k.document->>'unit' AS unit, k.document->'periods' AS periods,
       k.document->>'calendar' AS calendar, k.document->>'direction' AS direction,
       k.document->'judges_law' AS judges_law, k.document->'bands' AS bands, k.document->'sdg' AS sdg,
       k.document->>'u4ssc' AS u4ssc, k.document->>'source' AS source, k.current, k.loaded_at
FROM kpi_definition k
WHERE k.current {where} {page}

-- name: where_domain
k.document->>'domain' = %(domain)s

-- name: definition
-- One version of a definition; the current one unless a version is named.
SELECT k.id, k.version, k.document, k.current, k.loaded_at FROM kpi_definition k
WHERE k.id = %(kpi)s AND CASE WHEN %(version)s::text IS NULL THEN k.current ELSE k.version = %(version)s END

-- name: versions
SELECT k.version, k.loaded_at, k.current FROM kpi_definition k WHERE k.id = %(kpi)s ORDER BY k.loaded_at DESC, k.version

-- name: value
-- A value and the definition it was computed by.
SELECT v.start, v.ends, v.evidence, k.document->'inputs' AS inputs
FROM kpi_value v LEFT JOIN kpi_definition k ON k.id = v.kpi AND k.version = v.version
WHERE v.city = %(city)s AND v.kpi = %(kpi)s AND v.scope_kind = %(scope_kind)s AND v.scope = %(scope)s
  AND v.period = %(period)s AND v.start = %(start)s

-- name: value_series
-- The datastreams that a value rests on: at the site, or at those sites of the scope that have a value of their own, of
-- the properties the KPI takes in and the classes and origins its evidence names; and the city's weather sites.
SELECT s.id
FROM datastream s
JOIN site t ON t.city = s.city AND t.slug = s.site
WHERE s.city = %(city)s
  AND (t.kind = 'weather' AND s.property = ANY(%(of_weather)s)
       OR (%(properties)s::text[] IS NULL OR s.property = ANY(%(properties)s))
          AND (%(classes)s::text[] IS NULL OR s.class = ANY(%(classes)s))
          AND (%(origins)s::text[] IS NULL OR s.origin = ANY(%(origins)s))
          AND CASE %(scope_kind)s WHEN 'site' THEN s.site = %(scope)s
                                  WHEN 'district' THEN t.area IN (SELECT bypuls_areas_within(%(city)s, %(scope)s))
                                  WHEN 'group' THEN s.site IN (SELECT unnest(g.sites) FROM household_group g
                                                               WHERE g.city = %(city)s AND g.slug = %(scope)s)
                                  ELSE true END
          AND EXISTS (SELECT FROM kpi_value v
                      WHERE v.city = s.city AND v.kpi = %(kpi)s AND v.scope_kind = 'site' AND v.scope = s.site
                        AND v.period = %(period)s AND v.start = %(start)s))
ORDER BY s.id

-- name: where_spans
EXISTS (SELECT FROM unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) AS span(since, until)
        WHERE r.bucket >= span.since AND r.bucket < span.until)
