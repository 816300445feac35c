-- What requests name: whether it exists, and in which zone its city lives.

-- name: city_zones
-- Every city with its time zone.
SELECT slug, time_zone FROM city

-- name: has_area
SELECT 1 FROM area WHERE city = %(city)s AND slug = %(name)s

-- name: has_site
SELECT 1 FROM site WHERE city = %(city)s AND slug = %(name)s

-- name: has_device
SELECT 1 FROM device WHERE city = %(city)s AND external_id = %(name)s

-- name: has_datastream
SELECT 1 FROM datastream WHERE city = %(city)s AND id = %(name)s

-- name: has_property
SELECT 1 FROM observed_property WHERE id = %(name)s

-- name: has_kpi
-- A KPI is known by its definition, or by values that are kept of it.
SELECT 1 FROM kpi_definition WHERE id = %(name)s
UNION ALL
SELECT 1 FROM kpi_value WHERE city = %(city)s AND kpi = %(name)s
LIMIT 1
