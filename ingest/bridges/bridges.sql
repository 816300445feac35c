-- Bridges: what was set up, how far each station is, and what goes out.

-- name: document
SELECT document FROM bridge WHERE name = %s

-- name: all
SELECT document FROM bridge ORDER BY name

-- name: any_enabled
SELECT EXISTS (SELECT FROM bridge WHERE enabled)

-- name: add
INSERT INTO bridge (name, city, document, enabled) VALUES (%(name)s, %(city)s, %(document)s, %(enabled)s)
ON CONFLICT (name) DO UPDATE SET city = excluded.city, document = excluded.document, enabled = excluded.enabled

-- name: drop_stations
-- Those that are named no more, or as another device.
DELETE FROM bridge_station s
WHERE s.bridge = %s AND NOT EXISTS (
    SELECT FROM unnest(%s::text[], %s::text[]) AS wanted (station, device)
    WHERE wanted.station = s.station AND wanted.device = s.device)

-- name: add_stations
INSERT INTO bridge_station AS old (bridge, station, device, complete_to)
SELECT %s, wanted.station, wanted.device, new.since
FROM (SELECT %s::timestamptz AS since) new, unnest(%s::text[], %s::text[]) AS wanted (station, device)
ON CONFLICT (bridge, station) DO UPDATE SET next_run = now(), failures = 0,
    complete_to = CASE WHEN %s THEN least(old.complete_to, excluded.complete_to) ELSE old.complete_to END

-- name: audit
INSERT INTO audit_log (who, city, what, target, before, after) VALUES (%s, %s, %s, %s, %s, %s)

-- name: stations
SELECT station, device, complete_to, newest, next_run, failures FROM bridge_station WHERE bridge = %s ORDER BY station

-- name: status
SELECT b.name, b.document->>'bridge' AS service, b.city, b.enabled, s.station, s.device, s.last_run, s.last_success,
       s.last_error, s.failures, s.newest, s.complete_to, s.next_run, s.published, s.corrected, s.left_out
FROM bridge b LEFT JOIN bridge_station s ON s.bridge = b.name
ORDER BY b.name, s.station

-- name: lock
-- Held by the session: two processes do not ask for the same bridge.
SELECT pg_try_advisory_lock(hashtext('bypuls bridge'), hashtext(%s))

-- name: unlock
SELECT pg_advisory_unlock(hashtext('bypuls bridge'), hashtext(%s))

-- name: waiting
-- Messages that wait to be published; counted no further than needed.
SELECT count(*) FROM (SELECT FROM outbox LIMIT %s) few

-- name: published
SELECT time, property, channel, value FROM bridge_value
WHERE bridge = %s AND station = %s AND time BETWEEN %s AND %s

-- name: post
INSERT INTO outbox (source, topic, payload) VALUES (%s, %s, %s)

-- name: remember
INSERT INTO bridge_value (bridge, station, time, property, channel, value)
SELECT %s, %s, new.* FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::double precision[])
                              AS new (time, property, channel, value)
ON CONFLICT (bridge, station, time, property, channel) DO UPDATE SET value = excluded.value

-- name: forget
DELETE FROM bridge_value WHERE bridge = %s AND station = %s AND time < %s

-- name: progress
-- Only where the station is still the device it was when it was asked.
UPDATE bridge_station SET complete_to = %(complete_to)s, newest = greatest(newest, %(newest)s),
    published = published + %(published)s, corrected = corrected + %(corrected)s
WHERE bridge = %(bridge)s AND station = %(station)s AND device = %(device)s

-- name: succeeded
UPDATE bridge_station SET last_run = %(now)s, last_success = %(now)s, last_error = NULL, failures = 0,
    next_run = %(next_run)s, left_out = %(left_out)s
WHERE bridge = %(bridge)s AND station = %(station)s

-- name: failed
UPDATE bridge_station SET last_run = %(now)s, last_error = %(error)s, failures = failures + 1, next_run = %(next_run)s
WHERE bridge = %(bridge)s AND station = %(station)s

-- name: hold
-- The service wants to be left alone: none of its stations is asked before.
UPDATE bridge_station SET next_run = greatest(next_run, %s) WHERE bridge = %s
