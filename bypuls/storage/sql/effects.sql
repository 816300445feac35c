-- What the effect of a measure rests on, beside the values of its indicator.

-- name: sites
-- Where an indicator has months; no homes: plans are about what may be published.
SELECT s.slug, s.kind, s.area FROM site s WHERE s.city = %(city)s AND s.kind <> 'household' ORDER BY s.slug

-- name: areas_within
SELECT w.slug, bypuls_areas_within(%(city)s, w.slug) FROM unnest(%(areas)s::text[]) AS w (slug)

-- name: instruments
-- What happened in a span of time to the series an indicator rests on: corrected, declared invalid, moved, swapped, new.
WITH series AS (
    SELECT d.id, d.device, d.site, d.property, d.first_time, e.external_id
    FROM datastream d JOIN device e ON e.id = d.device JOIN site s ON s.city = d.city AND s.slug = d.site
    WHERE d.city = %(city)s AND s.kind <> 'household' AND d.property = ANY(%(properties)s)
      AND (%(sites)s::text[] IS NULL OR d.site = ANY(%(sites)s))
)
SELECT 'calibration' AS kind, s.site, s.external_id AS device, s.property, k.valid_from AS since, NULL::timestamptz AS until, k.why
FROM series s JOIN calibration k ON k.datastream = s.id
WHERE k.removed_at IS NULL AND k.valid_from > %(since)s AND k.valid_from < %(until)s
UNION ALL
SELECT 'invalidation', s.site, s.external_id, s.property, i.since, i.until, i.why
FROM series s
JOIN invalidation i ON i.city = %(city)s AND (i.datastream = s.id OR i.device = s.device OR i.site = s.site)
WHERE i.lifted_at IS NULL AND i.until > %(since)s AND i.since < %(until)s
UNION ALL
SELECT DISTINCT v.kind, s.site, s.external_id, s.property, v.time, NULL::timestamptz, NULL
FROM series s JOIN device_event v ON v.device = s.device
WHERE v.kind IN ('moved', 'swapped_meter') AND v.time > %(since)s AND v.time < %(until)s
UNION ALL
SELECT 'new_instrument', s.site, s.external_id, s.property, s.first_time, NULL::timestamptz, NULL
FROM series s WHERE s.first_time > %(since)s AND s.first_time < %(until)s
ORDER BY since, site, device, property

-- name: months
-- Months of one indicator at several places: what comparing them needs of their evidence.
SELECT v.scope_kind, v.scope, v.start, v.ends, v.value, v.unit, v.status, v.quality, v.reason, v.coverage, v.version,
       v.evidence ->> 'class', v.evidence ->> 'origin', coalesce((v.evidence ->> 'estimate')::boolean, false),
       v.evidence ->> 'standard', v.computed_at
FROM kpi_value v
WHERE v.city = %(city)s AND v.kpi = %(kpi)s AND v.period = 'P1M' AND v.start >= %(since)s
  AND (v.scope_kind, v.scope) IN (SELECT * FROM unnest(%(kinds)s::text[], %(scopes)s::text[]))
ORDER BY v.scope_kind, v.scope, v.start

-- name: document
SELECT document FROM kpi_definition WHERE id = %(kpi)s AND version = %(version)s
