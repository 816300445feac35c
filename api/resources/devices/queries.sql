-- name: devices
SELECT d.city, d.external_id AS device, d.status, d.site, d.class, d.origin, d.profile, d.zone, d.keys, d.readings,
       extract(epoch FROM d.clock_offset)::double precision AS clock_offset_seconds,
       (SELECT jsonb_build_object('received', m.document -> 'received', 'lost', m.document -> 'lost',
                                  'repeated', m.document -> 'duplicates', 'restarts', m.document -> 'restarts')
        FROM source s JOIN memory m ON m.scope = s.name AND m.key = 'frames/' || d.external_id
        WHERE coalesce(s.document ->> 'city', d.city) = d.city
        ORDER BY m.at DESC LIMIT 1) AS frames,
       d.first_seen, d.last_seen, d.added_at
FROM device d
WHERE d.city = %(city)s {where} {page}

-- name: where_device
d.external_id = %(device)s

-- name: where_site
d.site = %(site)s

-- name: where_area
d.site IN (SELECT t.slug FROM site t WHERE t.city = d.city AND t.area IN (SELECT bypuls_areas_within(%(city)s, %(area)s)))

-- name: where_status
d.status = %(status)s

-- name: where_origin
d.origin = %(origin)s

-- name: where_profile
d.profile = %(profile)s

-- name: recent_messages
-- The last messages of a device and what became of each, newest first; payloads only for who may see them.
SELECT d.city, m.received_at, m.topic, m.decoder, m.outcome, length(m.payload) AS payload_bytes,
       CASE WHEN %(payloads)s THEN substring(m.payload FOR %(shown_bytes)s) END AS payload
FROM recent_message m JOIN device d ON d.id = m.device
WHERE d.city = %(city)s {where} {page}

-- name: lock
SELECT id, status, site FROM device WHERE city = %(city)s AND external_id = %(device)s FOR UPDATE

-- name: change
UPDATE device SET status = %(status)s, site = %(site)s WHERE id = %(id)s

-- name: settle
-- The series of a device that had no place get it, unless the device has the same series there already.
UPDATE datastream s SET site = %(site)s
WHERE s.device = %(id)s AND s.site IS NULL
  AND NOT EXISTS (SELECT FROM datastream o WHERE o.device = s.device AND o.property = s.property
                  AND o.channel = s.channel AND o.site = %(site)s)
RETURNING s.id

-- name: settle_class
-- They are of the class of their new place, unless the device says otherwise.
UPDATE datastream s SET class = coalesce(d.class, t.class)
FROM device d, site t
WHERE s.id = ANY(%(datastreams)s) AND d.id = s.device AND t.city = s.city AND t.slug = s.site
  AND coalesce(d.class, t.class) IN ('reference', 'equivalent', 'indicative', 'unknown')

-- name: moved
INSERT INTO device_event (device, time, kind, detail) VALUES (%(id)s, %(now)s, 'moved', %(detail)s)
ON CONFLICT DO NOTHING
