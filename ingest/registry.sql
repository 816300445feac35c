-- What ingest must know of the registry: cities, devices, datastreams; and the strangers it adds.

-- name: cities
SELECT slug FROM city

-- name: devices
SELECT d.city, d.external_id, d.id, d.status, d.site, coalesce(d.class, s.class, 'unknown'), d.origin, d.readings
FROM device d
JOIN unnest(%s::text[], %s::text[]) AS wanted (city, external_id) USING (city, external_id)
LEFT JOIN site s ON s.city = d.city AND s.slug = d.site

-- Devices that messages name by another key (EUI …), without case: the same device at two network servers is one.
-- name: devices_by_key
SELECT DISTINCT ON (wanted.city, wanted.name)
       wanted.city, wanted.name, d.id, d.status, d.site, coalesce(d.class, s.class, 'unknown'), d.origin, d.readings
FROM unnest(%s::text[], %s::text[]) AS wanted (city, name)
JOIN (SELECT known.*, lower(key.value) AS other FROM device known CROSS JOIN jsonb_each_text(known.keys) AS key
      WHERE known.keys <> '{}') AS d ON d.city = wanted.city AND d.other = lower(wanted.name)
LEFT JOIN site s ON s.city = d.city AND s.slug = d.site
ORDER BY wanted.city, wanted.name, d.id

-- How a city's devices are to be read, with the units of datastreams of which their device says nothing (any more): what
-- is corrected in the registry holds from then on, whatever was meant when the datastream was added.
-- name: registered
SELECT d.external_id, d.profile, d.zone, d.keys, d.readings,
       (SELECT jsonb_object_agg(s.property || '/' || s.channel, s.unit) FROM datastream s
        WHERE s.device = d.id AND s.unit IS NOT NULL AND s.site IS NOT DISTINCT FROM d.site
          AND d.readings -> s.property ->> 'unit' IS NULL)
FROM device d WHERE d.city = %s

-- name: state
SELECT kind, time FROM device_event WHERE device = %s AND kind IN ('online', 'offline') ORDER BY time DESC LIMIT 1

-- name: add_pending_devices
INSERT INTO device (city, external_id, status)
SELECT city, external_id, 'pending' FROM unnest(%s::text[], %s::text[]) AS wanted (city, external_id)
ON CONFLICT DO NOTHING

-- name: pending_devices
SELECT count(*) FROM device WHERE city = %s AND status = 'pending'

-- The datastreams of these devices at the place where each device hangs now.
-- name: datastreams
SELECT s.device, s.property, s.channel, s.id, EXISTS (SELECT FROM unit_conversion u WHERE u.datastream = s.id), s.interval, s.stamp, s.qc,
       (SELECT max(r.until) FROM retention r WHERE r.city = s.city AND r.kind = 'observations' AND r.closed_at IS NOT NULL)
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

-- Written only where it changed by more than a second and a twentieth.
-- name: clocks
UPDATE device d SET clock_offset = make_interval(secs => s.seconds)
FROM (SELECT known.id, heard.seconds
      FROM unnest(%s::text[], %s::text[], %s::double precision[]) AS heard (city, device, seconds)
      JOIN device known ON known.city = heard.city AND known.external_id = heard.device
      WHERE known.clock_offset IS NULL
         OR abs(extract(epoch FROM known.clock_offset) - heard.seconds) > 1 + abs(heard.seconds) / 20
      ORDER BY known.id FOR NO KEY UPDATE OF known) AS s
WHERE d.id = s.id

-- The device's worldwide key, as its messages tell it.
-- name: euis
UPDATE device d SET keys = d.keys || jsonb_build_object('eui', s.eui)
FROM (SELECT known.id, heard.eui
      FROM unnest(%s::text[], %s::text[], %s::text[]) AS heard (city, device, eui)
      JOIN device known ON known.city = heard.city AND known.external_id = heard.device
      WHERE NOT known.keys ? 'eui'
      ORDER BY known.id FOR NO KEY UPDATE OF known) AS s
WHERE d.id = s.id

-- name: granted
UPDATE source SET granted_qos = %s WHERE name = %s AND granted_qos IS DISTINCT FROM %s

-- Locked in one order first, so that two ingest processes do not deadlock.
-- name: lock_streams
SELECT FROM datastream WHERE id IN (SELECT id FROM seen_stream) ORDER BY id FOR NO KEY UPDATE

-- name: lock_devices
SELECT FROM device WHERE id IN (SELECT id FROM seen_device) ORDER BY id FOR NO KEY UPDATE

-- name: create_seen_streams
CREATE TEMP TABLE IF NOT EXISTS seen_stream (id integer NOT NULL, first_time timestamptz NOT NULL, last_time timestamptz NOT NULL)
ON COMMIT DELETE ROWS

-- name: create_seen_devices
CREATE TEMP TABLE IF NOT EXISTS seen_device (id integer NOT NULL, received_at timestamptz NOT NULL) ON COMMIT DELETE ROWS

-- name: copy_seen_streams
COPY seen_stream (id, first_time, last_time) FROM STDIN (FORMAT BINARY)

-- name: copy_seen_devices
COPY seen_device (id, received_at) FROM STDIN (FORMAT BINARY)

-- name: seen_streams
UPDATE datastream d SET first_time = least(d.first_time, s.first_time), last_time = greatest(d.last_time, s.last_time)
FROM seen_stream s
WHERE d.id = s.id AND (d.first_time IS NULL OR d.last_time IS NULL OR s.first_time < d.first_time OR s.last_time > d.last_time)

-- name: seen_devices
UPDATE device d SET first_seen = coalesce(d.first_seen, now()), last_seen = greatest(d.last_seen, s.received_at)
FROM seen_device s WHERE d.id = s.id
