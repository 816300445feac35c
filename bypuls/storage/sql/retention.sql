-- What is kept how long, what goes, and that it was said before.

-- name: keep
SELECT document -> 'keep' FROM city WHERE slug = %s

-- name: cities
SELECT slug FROM city ORDER BY slug

-- Parts of which a city has rows; `first` is null where it has none.
-- name: parts_observations
SELECT p.name, p.since, p.until, p.bytes FROM bypuls_parts('observations') p
WHERE p.until <= %(before)s AND EXISTS (
    SELECT FROM datastream d WHERE d.city = %(city)s
      AND EXISTS (SELECT FROM observation o WHERE o.datastream = d.id AND o.time >= p.since AND o.time < p.until))
ORDER BY p.since

-- name: parts_five_minutes
SELECT p.name, p.since, p.until, p.bytes FROM bypuls_parts('five_minutes') p
WHERE p.until <= %(before)s AND EXISTS (
    SELECT FROM datastream d WHERE d.city = %(city)s
      AND EXISTS (SELECT FROM rollup_5m o WHERE o.datastream = d.id AND o.bucket >= p.since AND o.bucket < p.until))
ORDER BY p.since

-- name: parts_refused
SELECT 'quarantine', m, m + interval '1 month', sum(pg_column_size(q.*))::bigint
FROM quarantine q CROSS JOIN LATERAL date_trunc('month', q.last_received_at) m
WHERE q.city = %(city)s AND m + interval '1 month' <= %(before)s GROUP BY m ORDER BY m

-- How many rows, the oldest and the newest; of all cities and of this one.
-- name: count_observations
SELECT count(*), count(*) FILTER (WHERE d.city = %(city)s), min(o.time) FILTER (WHERE d.city = %(city)s),
       max(o.time) FILTER (WHERE d.city = %(city)s)
FROM observation o JOIN datastream d ON d.id = o.datastream WHERE o.time >= %(since)s AND o.time < %(until)s

-- name: count_five_minutes
SELECT count(*), count(*) FILTER (WHERE d.city = %(city)s), min(o.bucket) FILTER (WHERE d.city = %(city)s),
       max(o.bucket) FILTER (WHERE d.city = %(city)s)
FROM rollup_5m o JOIN datastream d ON d.id = o.datastream WHERE o.bucket >= %(since)s AND o.bucket < %(until)s

-- name: count_refused
SELECT count(*), count(*), min(last_received_at), max(last_received_at)
FROM quarantine WHERE city = %(city)s AND last_received_at >= %(since)s AND last_received_at < %(until)s

-- name: announced
SELECT kind, since, until, warned_at, due_at, closed_at, dropped_at, rows, bytes, hindrance, proved_until
FROM retention WHERE city = %s ORDER BY kind, since

-- name: warn
INSERT INTO retention (city, kind, since, until, warned_at, due_at)
VALUES (%(city)s, %(kind)s, %(since)s, %(until)s, %(warned_at)s, %(due_at)s)
ON CONFLICT (city, kind, since) DO UPDATE SET
    (until, warned_at, due_at, closed_at, barrier, dropped_at, rows, bytes, hindrance, proved_until, proving_since) =
    (excluded.until, excluded.warned_at, excluded.due_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)

-- name: postpone
UPDATE retention SET due_at = greatest(warned_at, %(due_at)s)
WHERE city = %(city)s AND kind = %(kind)s AND since = %(since)s AND dropped_at IS NULL AND due_at < %(due_at)s

-- name: withdraw
DELETE FROM retention WHERE city = %(city)s AND kind = %(kind)s AND since = %(since)s AND dropped_at IS NULL

-- name: close
UPDATE retention SET closed_at = %(now)s
WHERE city = %(city)s AND kind = %(kind)s AND since = %(since)s AND closed_at IS NULL

-- In a transaction after the one that closed it: who had a number before this one may not have heard of it.
-- name: set_barrier
UPDATE retention SET barrier = pg_snapshot_xmax(pg_current_snapshot())
WHERE city = %(city)s AND kind = %(kind)s AND since = %(since)s AND barrier IS NULL

-- name: settled
SELECT barrier <= pg_snapshot_xmin(pg_current_snapshot()) FROM retention
WHERE city = %(city)s AND kind = %(kind)s AND since = %(since)s

-- One at a time, and nothing that was not announced and closed.
-- name: hold
SELECT 1 FROM retention
WHERE city = %(city)s AND kind = %(kind)s AND since = %(since)s AND until = %(until)s
  AND closed_at IS NOT NULL AND due_at <= now() AND dropped_at IS NULL
FOR UPDATE

-- name: hinder
UPDATE retention SET hindrance = %(hindrance)s WHERE city = %(city)s AND kind = %(kind)s AND since = %(since)s

-- name: proved
UPDATE retention SET proved_until = %(proved_until)s WHERE city = %(city)s AND kind = %(kind)s AND since = %(since)s

-- Goes on where it was interrupted, unless a rollup of what was proved was made since: then from the beginning. Ten
-- minutes are given to a transaction that was under way.
-- name: begin_proof
WITH again AS (
    SELECT r.city, r.kind, r.since, r.proved_until IS NULL OR EXISTS (
        SELECT FROM datastream d WHERE d.city = r.city AND (
            EXISTS (SELECT FROM rollup_5m o WHERE o.datastream = d.id AND o.bucket >= r.since AND o.bucket < r.proved_until
                      AND o.computed_at > r.proving_since - interval '10 minutes')
            OR EXISTS (SELECT FROM rollup_1h o WHERE o.datastream = d.id AND o.bucket >= r.since AND o.bucket < r.proved_until
                         AND o.computed_at > r.proving_since - interval '10 minutes'))) AS anew
    FROM retention r WHERE r.city = %(city)s AND r.kind = %(kind)s AND r.since = %(since)s
)
UPDATE retention r SET proved_until = CASE WHEN a.anew THEN r.since ELSE r.proved_until END,
    proving_since = CASE WHEN a.anew THEN %(now)s ELSE r.proving_since END
FROM again a WHERE r.city = a.city AND r.kind = a.kind AND r.since = a.since
RETURNING r.proved_until

-- name: waiting
SELECT count(*) FROM changed_bucket q JOIN datastream d ON d.id = q.datastream
WHERE d.city = %(city)s AND q.bucket >= %(since)s AND q.bucket < %(until)s

-- name: replays
SELECT count(*) FROM quarantine
WHERE (city = %(city)s OR city IS NULL) AND replay_asked_at IS NOT NULL AND replayed_at IS NULL AND payload_erased_at IS NULL

-- Readings of the part's time that are still there.
-- name: raw_left
SELECT EXISTS (SELECT FROM datastream d WHERE d.city = %(city)s AND EXISTS (
    SELECT FROM observation o WHERE o.datastream = d.id AND o.time >= %(since)s AND o.time < %(until)s))
    OR NOT EXISTS (SELECT FROM retention r
                   WHERE r.city = %(city)s AND r.kind = 'observations' AND r.closed_at IS NOT NULL AND r.until >= %(until)s)

-- name: streams
SELECT id FROM datastream WHERE city = %(city)s AND first_time < %(until)s ORDER BY id

-- name: patience
SET LOCAL lock_timeout = '3s'

-- name: drop_part
SELECT bypuls_drop_part(%(kind)s, %(since)s, %(until)s)

-- name: delete_observations
DELETE FROM observation o USING datastream d
WHERE d.id = o.datastream AND d.city = %(city)s AND o.time >= %(since)s AND o.time < %(until)s

-- name: delete_five_minutes
DELETE FROM rollup_5m o USING datastream d
WHERE d.id = o.datastream AND d.city = %(city)s AND o.bucket >= %(since)s AND o.bucket < %(until)s

-- name: delete_refused
DELETE FROM quarantine WHERE city = %(city)s AND last_received_at >= %(since)s AND last_received_at < %(until)s

-- What corrections replaced is raw data, too.
-- name: delete_revisions
DELETE FROM observation_revision o USING datastream d
WHERE d.id = o.datastream AND d.city = %(city)s AND o.time >= %(since)s AND o.time < %(until)s

-- name: dropped
UPDATE retention SET dropped_at = %(now)s, rows = %(rows)s, bytes = %(bytes)s, hindrance = NULL
WHERE city = %(city)s AND kind = %(kind)s AND since = %(since)s

-- name: audit
INSERT INTO audit_log (who, city, what, target, after) VALUES (%s, %s, %s, %s, %s)

-- name: kept_from
SELECT max(until) FROM retention WHERE city = %s AND kind = 'observations' AND dropped_at IS NOT NULL

-- Since when a city's readings are kept; of these datastreams the first that has an older one.
-- name: too_old
SELECT d.city, r.until
FROM unnest(%(streams)s::integer[], %(times)s::timestamptz[]) v (datastream, time)
JOIN datastream d ON d.id = v.datastream
JOIN retention r ON r.city = d.city AND r.kind = 'observations' AND r.closed_at IS NOT NULL AND v.time < r.until
ORDER BY r.until DESC LIMIT 1

-- name: sizes
SELECT kind, count(*), coalesce(sum(bytes), 0)::bigint, min(since), max(until)
FROM (VALUES ('observations'), ('five_minutes')) k (kind) CROSS JOIN LATERAL bypuls_parts(k.kind) GROUP BY kind
