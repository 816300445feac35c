-- name: sites
SELECT t.city, t.slug AS site, t.name, t.kind, t.area, t.latitude, t.longitude, t.class, t.attributes
FROM site t
WHERE t.city = %(city)s {where} {page}

-- name: where_site
t.slug = %(site)s

-- name: where_kind
t.kind = %(kind)s

-- name: where_area
t.area IN (SELECT bypuls_areas_within(%(city)s, %(area)s))

-- name: where_class_
t.class = %(class_)s

-- name: lock
SELECT name, kind, class, attributes FROM site WHERE city = %(city)s AND slug = %(site)s FOR UPDATE

-- name: change
UPDATE site SET name = %(name)s, kind = %(kind)s, class = %(class)s, attributes = %(attributes)s
WHERE city = %(city)s AND slug = %(site)s

-- name: reclassify
-- The class of a site is that of its instruments, unless a device says otherwise.
UPDATE datastream s SET class = %(class)s
FROM device d
WHERE d.id = s.device AND d.class IS NULL AND s.city = %(city)s AND s.site = %(site)s AND s.class <> %(class)s
RETURNING s.id

-- name: registry_changed
-- Ingest gives new datastreams the class of their site: its picture of the registry is old now.
SELECT pg_notify('bypuls_registry', 'site')
