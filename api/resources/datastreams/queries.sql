-- name: datastreams
-- Series of one city. `unit` is the one its values are kept and given in, not the one its device sends.
SELECT s.city, s.id AS datastream, d.external_id AS device, s.property, s.channel, s.site, p.unit,
       extract(epoch FROM s.interval)::double precision AS interval_seconds, s.stamp, s.class, s.origin,
       extract(epoch FROM s.expected_spacing)::double precision AS expected_spacing_seconds, s.spacing_learned,
       d.status AS device_status,
       (SELECT jsonb_agg(jsonb_build_object('valid_from', to_char(u.valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                                            'unit', u.unit, 'factor', u.factor, 'temperature_k', u.temperature,
                                            'pressure_kpa', u.pressure) ORDER BY u.valid_from)
        FROM unit_conversion u WHERE u.datastream = s.id) AS conversions,
       s.first_time, s.last_time, s.added_at
FROM datastream s
JOIN device d ON d.id = s.device
JOIN observed_property p ON p.id = s.property
LEFT JOIN site t ON t.city = s.city AND t.slug = s.site
WHERE s.city = %(city)s {where} {page}

-- name: where_datastream
s.id = %(datastream)s

-- name: where_device
d.external_id = %(device)s

-- name: where_property
s.property = ANY(%(property)s)

-- name: where_site
s.site = %(site)s

-- name: where_area
t.area IN (SELECT bypuls_areas_within(%(city)s, %(area)s))

-- name: where_domain
p.domain = %(domain)s

-- name: where_class_
s.class = %(class_)s

-- name: where_origin
s.origin = %(origin)s

-- name: where_status
d.status = %(status)s
