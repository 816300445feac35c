-- Sixteen lanes per queue; an advisory lock of the transaction holds one.

-- name: take
SELECT pg_try_advisory_xact_lock(%s, %s)

-- name: share
SELECT lane FROM generate_series(0, 15) lane WHERE pg_try_advisory_xact_lock_shared(%s, lane)

-- name: waiting_changed_bucket
SELECT lane FROM generate_series(0, 15) lane WHERE EXISTS (SELECT FROM changed_bucket q WHERE q.lane = lane.lane)

-- CASE: only lanes with rows are locked.
-- name: take_waiting_changed_bucket
SELECT lane FROM generate_series(0, 15) lane
WHERE CASE WHEN EXISTS (SELECT FROM changed_bucket q WHERE q.lane = lane.lane) THEN pg_try_advisory_xact_lock(%s, lane) END

-- name: waiting_kpi_due
SELECT lane FROM generate_series(0, 15) lane WHERE EXISTS (
    SELECT FROM kpi_due q WHERE q.lane = lane.lane AND q.due_at <= coalesce(%(due)s, 'infinity'::timestamptz))
