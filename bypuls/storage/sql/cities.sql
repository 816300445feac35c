-- Cities and what stands in their files. Everything is an upsert: adding a file again changes what changed.

-- name: upsert_city
INSERT INTO city (slug, name, country, time_zone, air_day_offset, languages, national_limits, licence, county, network, document)
VALUES (%(slug)s, %(name)s, %(country)s, %(time_zone)s, %(air_day_offset)s, %(languages)s, %(national_limits)s, %(licence)s,
        %(county)s, %(network)s, %(document)s)
ON CONFLICT (slug) DO UPDATE SET (name, country, time_zone, air_day_offset, languages, national_limits, licence, county, network, document, changed_at) =
    (excluded.name, excluded.country, excluded.time_zone, excluded.air_day_offset, excluded.languages, excluded.national_limits,
     excluded.licence, excluded.county, excluded.network, excluded.document, now())

-- name: has_city
SELECT 1 FROM city WHERE slug = %s

-- name: city_document
SELECT document FROM city WHERE slug = %s

-- name: upsert_area
INSERT INTO area (city, slug, name, kind, parent, boundary, population)
VALUES (%(city)s, %(slug)s, %(name)s, %(kind)s, %(parent)s, %(boundary)s, %(population)s)
ON CONFLICT (city, slug) DO UPDATE SET (name, kind, parent, boundary, population) =
    (excluded.name, excluded.kind, excluded.parent, excluded.boundary, excluded.population)

-- name: household_groups
SELECT slug, sites FROM household_group WHERE city = %s

-- Its sites never change; what it is called may.
-- name: add_household_group
INSERT INTO household_group (city, slug, name, sites) VALUES (%(city)s, %(slug)s, %(name)s, %(sites)s)
ON CONFLICT (city, slug) DO UPDATE SET name = excluded.name

-- name: homes
SELECT slug FROM site WHERE city = %s AND kind = 'household'

-- name: upsert_site
INSERT INTO site (city, slug, name, kind, latitude, longitude, area, class, attributes)
VALUES (%(city)s, %(slug)s, %(name)s, %(kind)s, %(latitude)s, %(longitude)s, %(area)s, %(class)s, %(attributes)s)
ON CONFLICT (city, slug) DO UPDATE SET (name, kind, latitude, longitude, area, class, attributes) =
    (excluded.name, excluded.kind, excluded.latitude, excluded.longitude, excluded.area, excluded.class, excluded.attributes)

-- A device that published before it was in the file stood as pending: now it is known.
-- name: upsert_device
INSERT INTO device (city, external_id, site, status, class, origin, profile, zone, keys, readings)
VALUES (%(city)s, %(external_id)s, %(site)s, 'active', %(class)s, %(origin)s, %(profile)s, %(zone)s, %(keys)s, %(readings)s)
ON CONFLICT (city, external_id) DO UPDATE SET
    (site, status, class, origin, profile, zone, keys, readings) =
    (excluded.site, CASE device.status WHEN 'pending' THEN 'active' ELSE device.status END, excluded.class, excluded.origin,
     excluded.profile, excluded.zone, device.keys || excluded.keys, excluded.readings)
WHERE (device.site, device.class, device.origin, device.profile, device.zone, device.readings) IS DISTINCT FROM
      (excluded.site, excluded.class, excluded.origin, excluded.profile, excluded.zone, excluded.readings)
   OR device.status = 'pending' OR NOT device.keys @> excluded.keys

-- What a pending device measured belongs to the place it turned out to hang at, and is meant as the file says.
-- name: place_pending_datastreams
UPDATE datastream s SET
    site = d.site,
    origin = d.origin,
    unit = coalesce(s.unit, d.readings -> s.property ->> 'unit'),
    interval = coalesce(s.interval, (d.readings -> s.property ->> 'interval')::interval),
    stamp = coalesce(d.readings -> s.property ->> 'stamp', s.stamp),
    expected_spacing = coalesce((d.readings -> s.property ->> 'spacing')::interval,
                                (d.readings -> s.property ->> 'interval')::interval, s.expected_spacing)
FROM device d
WHERE d.id = s.device AND d.city = %s AND s.site IS NULL AND d.site IS NOT NULL
  AND NOT EXISTS (SELECT FROM datastream o WHERE o.device = s.device AND o.property = s.property AND o.channel = s.channel AND o.site = d.site)
RETURNING s.id

-- The file says better what hangs there: a class or origin that was wrong or unknown was so for what is stored too.
-- name: reclass_datastreams
UPDATE datastream s SET class = coalesce(d.class, p.class), origin = d.origin
FROM device d, site p
WHERE d.id = s.device AND p.city = s.city AND p.slug = s.site AND s.city = %s
  AND (s.class, s.origin) IS DISTINCT FROM (coalesce(d.class, p.class), d.origin)
RETURNING s.id

-- Registers whose capacity or connection the file gives otherwise than before: what they rose is worked out again.
-- name: changed_registers
SELECT s.id FROM device d JOIN datastream s ON s.device = d.id
WHERE d.city = %(city)s AND d.external_id = %(external_id)s
  AND (d.readings -> s.property -> 'capacity', d.readings -> s.property -> 'most_per_hour') IS DISTINCT FROM
      (%(readings)s::jsonb -> s.property -> 'capacity', %(readings)s::jsonb -> s.property -> 'most_per_hour')
  AND coalesce(nullif(d.readings -> s.property -> 'capacity', 'null'), nullif(d.readings -> s.property -> 'most_per_hour', 'null'),
               nullif(%(readings)s::jsonb -> s.property -> 'capacity', 'null'),
               nullif(%(readings)s::jsonb -> s.property -> 'most_per_hour', 'null')) IS NOT NULL

-- Their hours are computed again, so that the place's KPIs follow.
-- name: queue_datastreams
INSERT INTO changed_bucket (datastream, bucket)
SELECT datastream, bucket FROM rollup_5m WHERE datastream = ANY(%(datastreams)s)
UNION
SELECT datastream, bucket FROM rollup_1h WHERE datastream = ANY(%(datastreams)s)  -- some outlive their five minutes

-- name: upsert_fact
INSERT INTO fact (city, scope_kind, scope, name, valid_from, value, unit, status, source)
VALUES (%(city)s, %(scope_kind)s, %(scope)s, %(name)s, %(valid_from)s, %(value)s, %(unit)s, %(status)s, %(source)s)
ON CONFLICT (city, scope_kind, scope, name, valid_from) DO UPDATE SET (value, unit, status, source) =
    (excluded.value, excluded.unit, excluded.status, excluded.source)

-- name: audit
INSERT INTO audit_log (who, city, what, target, before, after) VALUES (%s, %s, %s, %s, %s, %s)
