-- Which datastreams a question about measured values is about.

-- name: series
-- The datastreams a question is about.
SELECT s.id
FROM datastream s
JOIN device d ON d.id = s.device
JOIN observed_property p ON p.id = s.property
LEFT JOIN site t ON t.city = s.city AND t.slug = s.site
WHERE s.city = %(city)s {where}
ORDER BY s.id

-- name: where_datastream
s.id = ANY(%(datastream)s)

-- name: where_device
d.external_id = %(device)s

-- name: where_property
s.property = ANY(%(property)s)

-- name: where_site
s.site = %(site)s

-- name: where_area
t.area IN (SELECT bypuls_areas_within(%(city)s, %(area)s))
