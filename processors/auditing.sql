-- An audit as a whole: what it goes through, what its differences are called, what became of it.

-- name: streams
SELECT id FROM datastream WHERE city = %s AND first_time < %s AND last_time >= %s ORDER BY id

-- name: since_when
SELECT min(first_time) FROM datastream WHERE city = %s

-- name: audited_weeks
SELECT (spans -> 1 ->> 0)::timestamptz, max(night) FROM audit_run
WHERE city = %s AND night IS NOT NULL AND finished_at IS NOT NULL AND jsonb_array_length(spans) = 2 GROUP BY 1

-- name: names
SELECT d.id, v.external_id, d.property, d.channel, coalesce(d.site, ''), d.city,
       coalesce(s.kind, '') = 'household' AS personal
FROM datastream d JOIN device v ON v.id = d.device LEFT JOIN site s ON s.city = d.city AND s.slug = d.site
WHERE d.id = ANY(%s)

-- name: personal_sites
SELECT slug FROM site WHERE city = %s AND kind = 'household'

-- name: gone_hours
DELETE FROM rollup_1h h USING unnest(%s::integer[], %s::timestamptz[]) w (datastream, bucket)
WHERE h.datastream = w.datastream AND h.bucket = w.bucket

-- name: begin
INSERT INTO audit_run (city, night, spans) VALUES (%s, %s, %s) RETURNING id

-- A city's night belongs to the processor that comes first; one that died is followed by another.
-- name: begin_night
INSERT INTO audit_run (city, night, spans) VALUES (%(city)s, %(night)s, %(spans)s)
ON CONFLICT (city, night) DO UPDATE SET started_at = clock_timestamp(), heartbeat_at = clock_timestamp()
WHERE audit_run.finished_at IS NULL AND audit_run.heartbeat_at < clock_timestamp() - interval '15 minutes'
RETURNING id

-- name: alive
UPDATE audit_run SET heartbeat_at = clock_timestamp() WHERE id = %s

-- name: finish
UPDATE audit_run SET heartbeat_at = clock_timestamp(), finished_at = clock_timestamp(), complete = %(complete)s,
    checked = %(checked)s, differences = %(differences)s, repaired = %(repaired)s, examples = %(examples)s
WHERE id = %(id)s

-- name: cities
SELECT c.slug, c.time_zone, (SELECT max(r.night) FROM audit_run r WHERE r.city = c.slug AND r.finished_at IS NOT NULL)
FROM city c WHERE EXISTS (SELECT FROM datastream d WHERE d.city = c.slug AND d.first_time IS NOT NULL) ORDER BY c.slug

-- name: forget
DELETE FROM audit_run WHERE started_at < %s - interval '400 days'
