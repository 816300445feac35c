-- name: cities
-- Every city; `simulated` when any of its data pretends to be measured.
SELECT c.slug AS city, c.name, c.country, c.time_zone,
       extract(epoch FROM c.air_day_offset)::integer AS air_day_offset_seconds, c.languages, c.national_limits,
       c.licence, c.county, c.network,
       EXISTS (SELECT FROM datastream s WHERE s.city = c.slug AND s.origin = 'simulated') AS simulated,
       c.added_at, c.changed_at
FROM city c
WHERE true {where} {page}

-- name: where_city
c.slug = %(city)s
