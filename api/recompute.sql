-- name: mark_hours
-- One changed bucket per hour: the processor then looks at the hour, and at what rests on it. What is not rolled up yet
-- waits in the queue already; an hour that outlived its raw data stands as it is, and its KPIs follow.
INSERT INTO changed_bucket (datastream, bucket)
SELECT r.datastream, r.bucket FROM rollup_1h r WHERE r.datastream = ANY(%(datastreams)s)

-- name: hold
-- The lanes of the queue changed_bucket (0x6201: processors.lanes), lowest first, so that two of us do not deadlock.
SELECT pg_advisory_xact_lock(25089, lane)
FROM (SELECT DISTINCT id %% 16 AS lane FROM unnest(%(datastreams)s::integer[]) id ORDER BY 1 LIMIT 16) lanes

-- name: mark_span
INSERT INTO changed_bucket (datastream, bucket)
SELECT r.datastream, r.bucket
FROM datastream d JOIN rollup_5m r ON r.datastream = d.id
WHERE d.id = ANY(%(datastreams)s) AND r.bucket > %(since)s::timestamptz - CASE WHEN %(reaching)s THEN coalesce(d.interval, '0') ELSE '0' END - interval '5 minutes'
  AND r.bucket < coalesce(%(until)s, 'infinity'::timestamptz)
UNION
SELECT r.datastream, r.bucket
FROM datastream d JOIN rollup_1h r ON r.datastream = d.id
WHERE d.id = ANY(%(datastreams)s) AND r.bucket > %(since)s::timestamptz - CASE WHEN %(reaching)s THEN coalesce(d.interval, '0') ELSE '0' END - interval '1 hour'
  AND r.bucket < coalesce(%(until)s, 'infinity'::timestamptz)
UNION
SELECT d.id, n.bucket
FROM datastream d
JOIN observed_property p ON p.id = d.property AND p.aggregation = 'counter'
CROSS JOIN LATERAL (SELECT r.bucket FROM rollup_5m r
                    WHERE r.datastream = d.id AND r.bucket >= coalesce(%(until)s, 'infinity'::timestamptz)
                    ORDER BY r.bucket LIMIT 1) n
WHERE d.id = ANY(%(datastreams)s)
