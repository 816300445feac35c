-- What ingest must know of the registry: cities, devices, datastreams; and the strangers it adds.

-- name: cities
SELECT slug FROM city

-- name: devices
SELECT d.city, d.external_id, d.id, d.status, d.site, coalesce(d.class, s.class, 'unknown'), d.origin, d.readings
FROM device d
JOIN unnest(%s::text[], %s::text[]) AS wanted (city, external_id) USING (city, external_id)
LEFT JOIN site s ON s.city = d.city AND s.slug = d.site

-- name: add_pending_devices
INSERT INTO device (city, external_id, status)
SELECT city, external_id, 'pending' FROM unnest(%s::text[], %s::text[]) AS wanted (city, external_id)
ON CONFLICT DO NOTHING

-- name: pending_devices
SELECT count(*) FROM device WHERE city = %s AND status = 'pending'

-- The datastreams of these devices at the place where each device hangs now.
-- name: datastreams
SELECT s.device, s.property, s.channel, s.id, s.unit, s.interval, s.stamp, s.qc
FROM datastream s JOIN device d ON d.id = s.device
WHERE s.device = ANY(%s) AND s.site IS NOT DISTINCT FROM d.site

-- name: add_datastreams
INSERT INTO datastream (city, device, property, channel, site, unit, interval, stamp, class, origin, expected_spacing)
SELECT city, device, property, channel, site, unit, interval::interval, stamp, class, origin, spacing::interval
FROM unnest(%s::text[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::text[]) AS new (city, device, property, channel, site, unit, interval, stamp, class, origin, spacing)
ON CONFLICT DO NOTHING

-- The newest values of each, oldest first: what quality control remembers is derived from what is stored.
-- name: recent_values
SELECT wanted.id, r.time, r.value
FROM unnest(%s::integer[], %s::interval[]) AS wanted (id, history)
CROSS JOIN LATERAL (
    SELECT o.time, o.value FROM observation o
    WHERE o.datastream = wanted.id
      AND o.time > (SELECT n.time FROM observation n WHERE n.datastream = wanted.id ORDER BY n.time DESC LIMIT 1) - wanted.history
    ORDER BY o.time DESC LIMIT %s
) AS r
ORDER BY wanted.id, r.time

-- Locked in one order first, so that two ingest processes do not deadlock.
-- name: lock_streams
SELECT FROM datastream WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE

-- name: lock_devices
SELECT FROM device WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE

-- name: seen
WITH seen AS (
    SELECT * FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) AS s (id, first_time, last_time)
), streams AS (
    UPDATE datastream d SET first_time = least(d.first_time, seen.first_time), last_time = greatest(d.last_time, seen.last_time)
    FROM seen WHERE d.id = seen.id
)
UPDATE device d SET first_seen = coalesce(d.first_seen, now()), last_seen = greatest(d.last_seen, s.received_at)
FROM unnest(%s::integer[], %s::timestamptz[]) AS s (id, received_at) WHERE d.id = s.id
