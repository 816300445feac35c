-- Stored rollups against the raw data, summed another way than they were made. Buckets that still wait in
-- changed_bucket are left out: they are known to be old. Sums may differ in their last bits only.

-- name: check_5m
WITH raw AS (
    SELECT datastream, date_bin('5 minutes', time, '2000-01-01 00:00:00+00') AS bucket,
           count(*) FILTER (WHERE flag = 1 AND usable) AS n_good, count(*) FILTER (WHERE flag = 2 AND usable) AS n_not_evaluated,
           count(*) FILTER (WHERE flag = 3) AS n_suspect,
           count(*) FILTER (WHERE flag = 4 OR (flag IN (1, 2) AND NOT usable)) AS n_fail,
           sum(value) FILTER (WHERE flag IN (1, 2) AND usable) AS sum,
           min(value) FILTER (WHERE flag IN (1, 2) AND usable) AS min,
           max(value) FILTER (WHERE flag IN (1, 2) AND usable) AS max,
           min(time) FILTER (WHERE flag IN (1, 2) AND usable) AS first_time,
           max(time) FILTER (WHERE flag IN (1, 2) AND usable) AS last_time
    FROM (SELECT *, abs(value) < 1e100 AS usable FROM observation WHERE time >= %(since)s AND time < %(until)s) o
    GROUP BY 1, 2
), stored AS (
    SELECT * FROM rollup_5m WHERE bucket >= %(since)s AND bucket < %(until)s
)
SELECT 'rollup_5m', coalesce(r.datastream, s.datastream), coalesce(r.bucket, s.bucket), to_jsonb(s), to_jsonb(r)
FROM raw r FULL JOIN stored s ON s.datastream = r.datastream AND s.bucket = r.bucket
WHERE ((r.n_good, r.n_not_evaluated, r.n_suspect, r.n_fail, r.min, r.max, r.first_time, r.last_time)
        IS DISTINCT FROM (s.n_good, s.n_not_evaluated, s.n_suspect, s.n_fail, s.min, s.max, s.first_time, s.last_time)
       OR abs(r.sum - s.sum) > 1e-9 * (1 + abs(r.sum)))
  AND NOT EXISTS (SELECT FROM changed_bucket q WHERE q.datastream = coalesce(r.datastream, s.datastream)
                    AND q.bucket = coalesce(r.bucket, s.bucket))
ORDER BY 2, 3

-- name: check_1h
WITH five AS (
    SELECT datastream, date_trunc('hour', bucket) AS bucket, sum(n_good) AS n_good, sum(n_not_evaluated) AS n_not_evaluated,
           sum(n_suspect) AS n_suspect, sum(n_fail) AS n_fail,
           count(*) FILTER (WHERE n_good + n_not_evaluated > 0) AS buckets, sum(sum) AS sum, min(min) AS min,
           max(max) AS max
    FROM rollup_5m WHERE bucket >= %(since)s AND bucket < %(until)s
    GROUP BY 1, 2
), stored AS (
    -- Hours that a register only bridges have no bucket; they are compared with the readings.
    SELECT * FROM rollup_1h WHERE bucket >= %(since)s AND bucket < %(until)s
                              AND (n_good + n_not_evaluated + n_suspect + n_fail > 0 OR covered IS NULL)
)
SELECT 'rollup_1h', coalesce(r.datastream, s.datastream), coalesce(r.bucket, s.bucket), to_jsonb(s), to_jsonb(r)
FROM five r FULL JOIN stored s ON s.datastream = r.datastream AND s.bucket = r.bucket
WHERE ((r.n_good, r.n_not_evaluated, r.n_suspect, r.n_fail, r.buckets, r.min, r.max)
        IS DISTINCT FROM (s.n_good, s.n_not_evaluated, s.n_suspect, s.n_fail, s.buckets, s.min, s.max)
       OR abs(r.sum - s.sum) > 1e-9 * (1 + abs(r.sum)))
  AND NOT EXISTS (SELECT FROM changed_bucket q WHERE q.datastream = coalesce(r.datastream, s.datastream)
                    AND date_trunc('hour', q.bucket) = coalesce(r.bucket, s.bucket))
ORDER BY 2, 3

-- name: registers
SELECT d.id FROM datastream d JOIN observed_property p ON p.id = d.property AND p.aggregation = 'counter'
WHERE d.first_time < %(until)s ORDER BY d.id

-- name: waiting_registers
SELECT array_agg(q.datastream), array_agg(extract(epoch FROM q.bucket)::bigint)
FROM changed_bucket q
JOIN datastream d ON d.id = q.datastream JOIN observed_property p ON p.id = d.property AND p.aggregation = 'counter'

-- name: stored_hours
SELECT datastream, bucket, increase, gap_increase, resets, covered, dropped FROM rollup_1h
WHERE datastream = ANY(%(streams)s) AND bucket >= %(since)s AND bucket < %(until)s

-- name: stored_buckets
SELECT datastream, bucket, increase, gap_increase, resets FROM rollup_5m
WHERE datastream = ANY(%(streams)s) AND bucket >= %(since)s AND bucket < %(until)s

-- name: mark
INSERT INTO changed_bucket (datastream, bucket) SELECT * FROM unnest(%s::integer[], %s::timestamptz[])
