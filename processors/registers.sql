-- Readings of registers around what changed, and what was worked out of them.

-- name: create_hours
CREATE TEMP TABLE IF NOT EXISTS register_hour (
    datastream integer NOT NULL, bucket timestamptz NOT NULL, increase double precision, gap_increase double precision,
    resets integer, covered double precision, dropped integer, PRIMARY KEY (datastream, bucket)
) ON COMMIT DELETE ROWS

-- name: create_buckets
CREATE TEMP TABLE IF NOT EXISTS register_bucket (
    datastream integer NOT NULL, bucket timestamptz NOT NULL, increase double precision, gap_increase double precision,
    resets integer, PRIMARY KEY (datastream, bucket)
) ON COMMIT DELETE ROWS

-- name: claimed
SELECT array_agg(c.datastream), array_agg(extract(epoch FROM c.bucket)::bigint)
FROM claimed_bucket c
JOIN datastream d ON d.id = c.datastream
JOIN observed_property p ON p.id = d.property AND p.aggregation = 'counter'

-- name: registers
SELECT d.id, extract(epoch FROM coalesce(2 * coalesce(d.expected_spacing, d.interval), interval '2 hours'))::float8,
       (v.readings -> d.property ->> 'capacity')::float8, (v.readings -> d.property ->> 'most_per_hour')::float8
FROM datastream d JOIN device v ON v.id = d.device
WHERE d.id = ANY(%s)

-- From where to where one change may matter: up to the twelfth counting reading before and after it. OFFSET 0 here and
-- below keeps each look-up an index scan, whatever the planner believes.
-- name: reach
SELECT array_agg(w.datastream), array_agg(extract(epoch FROM coalesce(b.time, w.since))::bigint),
       array_agg(extract(epoch FROM coalesce(a.time, w.until))::bigint)
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
CROSS JOIN LATERAL (SELECT min(time) AS time FROM (
    SELECT o.time FROM observation o
    WHERE o.datastream = w.datastream AND o.time < w.since AND o.flag IN (1, 2) AND abs(o.value) < 1e100 {valid}
    ORDER BY o.time DESC LIMIT %s) n OFFSET 0) b
CROSS JOIN LATERAL (SELECT max(time) AS time FROM (
    SELECT o.time FROM observation o
    WHERE o.datastream = w.datastream AND o.time >= w.until AND o.flag IN (1, 2) AND abs(o.value) < 1e100 {valid}
    ORDER BY o.time LIMIT %s) n OFFSET 0) a

-- The counting readings of whole hours, and as many on both sides as may matter.
-- name: readings
SELECT array_agg(w.number), array_agg((extract(epoch FROM r.time) * 1000000)::bigint), array_agg(r.value)
FROM unnest(%s::integer[], %s::integer[], %s::timestamptz[], %s::timestamptz[]) w (number, datastream, since, until)
CROSS JOIN LATERAL (
    (SELECT o.time, o.value FROM observation o
     WHERE o.datastream = w.datastream AND o.time < w.since AND o.flag IN (1, 2) AND abs(o.value) < 1e100 {valid}
     ORDER BY o.time DESC LIMIT %s)
    UNION ALL
    (SELECT o.time, o.value FROM observation o
     WHERE o.datastream = w.datastream AND o.time >= w.since AND o.time < w.until
       AND o.flag IN (1, 2) AND abs(o.value) < 1e100 {valid})
    UNION ALL
    (SELECT o.time, o.value FROM observation o
     WHERE o.datastream = w.datastream AND o.time >= w.until AND o.flag IN (1, 2) AND abs(o.value) < 1e100 {valid}
     ORDER BY o.time LIMIT %s)
    OFFSET 0) r

-- In place of {valid}, for registers of which a period is invalid: its readings are none.
-- name: valid
AND NOT EXISTS (SELECT FROM invalid_span i WHERE i.datastream = o.datastream AND o.time >= i.since AND o.time < i.until)

-- name: invalid
SELECT i.datastream, (extract(epoch FROM greatest(i.since, '1800-01-01')) * 1000000)::bigint,
       (extract(epoch FROM least(i.until, '2300-01-01')) * 1000000)::bigint
FROM invalid_span i WHERE i.datastream = ANY(%s) ORDER BY 1, 2

-- Registers whose oldest hour has no readings any more: raw data was dropped. What the first of those that are left tell
-- also rested on the ones before; up to the last of these hours stand as they are. Null: none are left.
-- name: outlived
SELECT d.id, (SELECT extract(epoch FROM max(n.time))::float8 FROM (
    SELECT o.time FROM observation o WHERE o.datastream = d.id AND o.flag IN (1, 2) ORDER BY o.time LIMIT %s) n)
FROM unnest(%s::integer[]) d (id)
CROSS JOIN LATERAL (
    SELECT h.bucket FROM rollup_1h h
    WHERE h.datastream = d.id AND h.n_good + h.n_not_evaluated + h.n_suspect + h.n_fail + coalesce(h.n_invalidated, 0) > 0
    ORDER BY h.bucket LIMIT 1) h
WHERE NOT EXISTS (SELECT FROM observation o WHERE o.datastream = d.id AND o.time >= h.bucket
                    AND o.time < h.bucket + interval '1 hour')

-- What stands, of hours and buckets that are claimed but not worked out again.
-- name: keep_standing_hours
INSERT INTO register_hour
SELECT h.datastream, h.bucket, h.increase, h.gap_increase, h.resets, h.covered, h.dropped
FROM unnest(%s::integer[], %s::timestamptz[]) k (datastream, until)
JOIN claimed_bucket c ON c.datastream = k.datastream AND c.bucket < k.until
JOIN rollup_1h h ON h.datastream = c.datastream AND h.bucket = date_trunc('hour', c.bucket)
GROUP BY h.datastream, h.bucket
ON CONFLICT DO NOTHING

-- name: keep_standing_buckets
INSERT INTO register_bucket
SELECT r.datastream, r.bucket, r.increase, r.gap_increase, r.resets
FROM unnest(%s::integer[], %s::timestamptz[]) k (datastream, until)
JOIN claimed_bucket c ON c.datastream = k.datastream AND c.bucket < k.until
JOIN rollup_5m r ON r.datastream = c.datastream AND r.bucket = c.bucket
ON CONFLICT DO NOTHING

-- name: swaps
SELECT d.id, (extract(epoch FROM e.time) * 1000000)::bigint, (e.detail ->> 'closing')::float8,
       (e.detail ->> 'opening')::float8
FROM datastream d
JOIN device_event e ON e.kind = 'swapped_meter' AND (e.device, e.property, e.channel) = (d.device, d.property, d.channel)
WHERE d.id = ANY(%s)
ORDER BY d.id, e.time

-- name: keep_hours
INSERT INTO register_hour
SELECT datastream, to_timestamp(bucket), nullif(increase, 'NaN'), nullif(gap_increase, 'NaN'), resets, covered, dropped
FROM unnest(%s, %s, %s, %s, %s, %s, %s)
     AS h (datastream, bucket, increase, gap_increase, resets, covered, dropped)

-- name: keep_buckets
INSERT INTO register_bucket
SELECT datastream, to_timestamp(bucket), nullif(increase, 'NaN'), nullif(gap_increase, 'NaN'), resets
FROM unnest(%s, %s, %s, %s, %s) AS b (datastream, bucket, increase, gap_increase, resets)

-- name: analyze_hours
ANALYZE register_hour

-- name: analyze_buckets
ANALYZE register_bucket

-- Neighbouring buckets that are no more what they were.
-- name: claim_buckets
INSERT INTO claimed_bucket
SELECT b.datastream, b.bucket
FROM register_bucket b
CROSS JOIN LATERAL (SELECT r.increase, r.gap_increase, r.resets FROM rollup_5m r
                    WHERE r.datastream = b.datastream AND r.bucket = b.bucket
                      AND r.bucket >= %(since)s AND r.bucket < %(until)s OFFSET 0) r
WHERE b.bucket >= %(since)s AND b.bucket < %(until)s
  AND (r.increase, r.gap_increase, r.resets) IS DISTINCT FROM (b.increase, b.gap_increase, b.resets)
ON CONFLICT DO NOTHING

-- name: spans_of_buckets
SELECT min(bucket), max(bucket) + interval '5 minutes' FROM register_bucket GROUP BY date_trunc('month', bucket) ORDER BY 1

-- Hours that are no more what they were: worked out otherwise, or bridged before and not now.
-- name: touch_hours
INSERT INTO touched_hour
SELECT h.datastream, h.bucket
FROM register_hour h
LEFT JOIN LATERAL (SELECT * FROM rollup_1h r WHERE r.datastream = h.datastream AND r.bucket = h.bucket OFFSET 0) r ON true
WHERE (r.increase, r.gap_increase, r.resets, r.covered, r.dropped)
      IS DISTINCT FROM (h.increase, h.gap_increase, h.resets, h.covered, h.dropped)
UNION
SELECT r.datastream, r.bucket
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
CROSS JOIN LATERAL (SELECT * FROM rollup_1h r
                    WHERE r.datastream = w.datastream AND r.bucket >= w.since AND r.bucket < w.until
                      AND r.covered IS NOT NULL OFFSET 0) r
WHERE NOT EXISTS (SELECT FROM register_hour h WHERE h.datastream = r.datastream AND h.bucket = r.bucket)
ON CONFLICT DO NOTHING
