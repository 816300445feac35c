-- name: silent
-- Series that are silent (bypuls_silent_from says when that is); the longest silent first.
-- Only of active devices, and only at the place where each hangs now: what it left behind elsewhere is no silence.
SELECT s.city, s.id AS datastream, d.external_id AS device, s.site, s.property, s.channel, s.last_time,
       extract(epoch FROM %(now)s - s.last_time - coalesce(s.interval, interval '0'))::double precision AS silent_seconds,
       extract(epoch FROM s.expected_spacing)::double precision AS expected_spacing_seconds, s.class, s.origin
FROM datastream s
JOIN device d ON d.id = s.device
WHERE s.city = %(city)s AND d.status = 'active' AND s.site IS NOT DISTINCT FROM d.site
  AND bypuls_silent_from(s.last_time, s.interval, s.expected_spacing) < %(now)s {where} {page}

-- name: where_site
s.site = %(site)s

-- name: where_property
s.property = ANY(%(property)s)
