-- name: silent
-- Series that have not spoken for three times their spacing, and for ten minutes at least, counted from the end of the newest
-- value's interval (it is stored at its start); the longest silent first.
-- Only of active devices, and only at the place where each hangs now: what it left behind elsewhere is no silence.
SELECT s.city, s.id AS datastream, d.external_id AS device, s.site, s.property, s.channel, s.last_time,
       extract(epoch FROM %(now)s - s.last_time - coalesce(s.interval, interval '0'))::double precision AS silent_seconds,
       extract(epoch FROM s.expected_spacing)::double precision AS expected_spacing_seconds, s.class, s.origin
FROM datastream s
JOIN device d ON d.id = s.device
WHERE s.city = %(city)s AND d.status = 'active' AND s.site IS NOT DISTINCT FROM d.site
  AND s.expected_spacing IS NOT NULL
  AND s.last_time + coalesce(s.interval, interval '0') < %(now)s - greatest(3 * s.expected_spacing, interval '10 minutes') {where} {page}

-- name: where_site
s.site = %(site)s

-- name: where_property
s.property = ANY(%(property)s)
