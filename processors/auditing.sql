-- An audit as a whole: what it goes through, what its differences are called, what became of it.

-- Those that were alive, and those that have an hour there all the same.
-- name: streams
SELECT id FROM datastream d WHERE city = %(city)s AND id > %(after)s
   AND ((first_time < %(until)s AND last_time >= %(since)s)
        OR EXISTS (SELECT FROM rollup_1h h WHERE h.datastream = d.id AND h.bucket >= %(since)s AND h.bucket < %(until)s)
        OR EXISTS (SELECT FROM rollup_5m h WHERE h.datastream = d.id AND h.bucket >= %(since)s AND h.bucket < %(until)s))
ORDER BY id

-- name: since_when
SELECT min(first_time) FROM datastream WHERE city = %s

-- Behind the last two days a night's spans are the week whose turn it was, or what the night before had not reached.
-- name: audited_weeks
SELECT (s.span ->> 0)::timestamptz, max(r.night)
FROM audit_run r CROSS JOIN LATERAL jsonb_array_elements(r.spans) WITH ORDINALITY s (span, n)
WHERE r.city = %s AND r.night IS NOT NULL AND s.n > 1 GROUP BY 1

-- name: newest_night
SELECT night, unreached, checked, differences, repaired, examples
FROM audit_run WHERE city = %s AND night IS NOT NULL ORDER BY night DESC LIMIT 1

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

-- What counts readings that are not there and has not outlived them: an older one that was there when it was made still is.
-- The hour around such a bucket goes with it.
-- name: never_there_5m
WITH gone AS (
    DELETE FROM rollup_5m r USING unnest(%s::integer[], %s::timestamptz[]) w (datastream, bucket)
    WHERE r.datastream = w.datastream AND r.bucket = w.bucket
      AND EXISTS (SELECT FROM observation o WHERE o.datastream = r.datastream AND o.time < r.bucket
                    AND o.received_at <= r.computed_at)
    RETURNING r.datastream, date_trunc('hour', r.bucket) AS hour
)
DELETE FROM rollup_1h h USING (SELECT DISTINCT * FROM gone) g WHERE h.datastream = g.datastream AND h.bucket = g.hour

-- name: never_there_1h
DELETE FROM rollup_1h r USING unnest(%s::integer[], %s::timestamptz[]) w (datastream, bucket)
WHERE r.datastream = w.datastream AND r.bucket = w.bucket
  AND EXISTS (SELECT FROM observation o WHERE o.datastream = r.datastream AND o.time < r.bucket
                AND o.received_at <= r.computed_at)

-- name: begin
INSERT INTO audit_run (city, night, spans) VALUES (%s, %s, %s) RETURNING id

-- A city's night belongs to the processor that comes first; one that died is followed by another.
-- name: begin_night
INSERT INTO audit_run (city, night, spans, unreached) VALUES (%(city)s, %(night)s, %(spans)s, %(unreached)s)
ON CONFLICT (city, night) DO UPDATE SET started_at = clock_timestamp(), heartbeat_at = clock_timestamp()
WHERE audit_run.finished_at IS NULL AND audit_run.heartbeat_at < clock_timestamp() - interval '15 minutes'
RETURNING id

-- name: alive
UPDATE audit_run SET heartbeat_at = clock_timestamp(), checked = %(checked)s, differences = %(differences)s,
    repaired = %(repaired)s, examples = %(examples)s, unreached = %(unreached)s
WHERE id = %(id)s

-- name: finish
UPDATE audit_run SET heartbeat_at = clock_timestamp(), finished_at = clock_timestamp(), complete = %(complete)s,
    checked = %(checked)s, differences = %(differences)s, repaired = %(repaired)s, examples = %(examples)s,
    unreached = %(unreached)s
WHERE id = %(id)s

-- name: cities
SELECT c.slug, c.time_zone, (SELECT max(r.night) FROM audit_run r WHERE r.city = c.slug AND r.finished_at IS NOT NULL)
FROM city c WHERE EXISTS (SELECT FROM datastream d WHERE d.city = c.slug AND d.first_time IS NOT NULL) ORDER BY c.slug

-- name: forget
DELETE FROM audit_run WHERE started_at < %s - interval '400 days'
