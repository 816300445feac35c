-- Imported rows: what stands where they belong, and direct COPY for what does not.

-- Per datastream and span the values that are there, as three arrays: some numbers instead of some thousand rows. OFFSET
-- keeps the spans apart, so that each is a look at its piece of the index whatever the statistics say.
-- name: standing
SELECT wanted.datastream, array_agg(o.time), array_agg(o.value), array_agg(o.rank)
FROM unnest(%(streams)s::integer[], %(since)s::timestamptz[], %(until)s::timestamptz[], %(most)s::bigint[])
     AS wanted (datastream, since, until, most)
CROSS JOIN LATERAL (
    SELECT o.time, o.value, o.rank FROM observation o
    WHERE o.datastream = wanted.datastream AND o.time BETWEEN wanted.since AND wanted.until
      AND o.time BETWEEN %(first)s AND %(last)s
    ORDER BY o.time OFFSET 0 LIMIT wanted.most
) AS o
GROUP BY wanted.datastream

-- name: copy_observations
COPY observation (datastream, time, value, flag, rank, received_at) FROM STDIN (FORMAT BINARY)

-- name: copy_buckets
COPY changed_bucket (datastream, bucket) FROM STDIN (FORMAT BINARY)

-- What lies before given times, oldest first: what quality control over time has to remember there.
-- name: before
SELECT wanted.datastream, extract(epoch FROM o.time)::double precision, o.value
FROM unnest(%s::integer[], %s::timestamptz[], %s::interval[]) AS wanted (datastream, before, history)
CROSS JOIN LATERAL (
    SELECT o.time, o.value FROM observation o
    WHERE o.datastream = wanted.datastream AND o.time < wanted.before AND o.time >= wanted.before - wanted.history
    ORDER BY o.time DESC OFFSET 0 LIMIT %s
) AS o
ORDER BY wanted.datastream, o.time

-- Up to when there is data. Locked in one order first, so that ingest's own notes and these do not wait for each other.
-- name: lock_streams
SELECT FROM datastream WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE

-- name: reaches
UPDATE datastream d SET first_time = least(d.first_time, reached.first_time), last_time = greatest(d.last_time, reached.last_time)
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) AS reached (id, first_time, last_time)
WHERE d.id = reached.id
  AND (d.first_time IS NULL OR d.last_time IS NULL OR reached.first_time < d.first_time OR reached.last_time > d.last_time)

-- name: audit
INSERT INTO audit_log (who, city, what, target, after) VALUES (%s, %s, %s, %s, %s)

-- name: announce
SELECT pg_notify('bypuls_changed', '')

-- name: cities
SELECT slug FROM city

-- What is made from here on has higher numbers.
-- name: newest
SELECT coalesce((SELECT max(id) FROM datastream), 0), coalesce((SELECT max(id) FROM device), 0)
