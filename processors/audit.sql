-- Stored rollups against the raw data, summed another way than they were made. Buckets that still wait in
-- changed_bucket are left out: they are known to be old. Sums may differ in their last bits only.

-- name: check_5m
WITH invalid AS MATERIALIZED (
    SELECT datastream, unnest(range_agg(tstzrange(since, until))) AS span FROM invalid_span
    WHERE since < %(until)s AND until > %(since)s AND datastream = ANY(%(streams)s) GROUP BY datastream
), judged AS (
    -- As people say it is to be read: calibrated, and flag 0 where it does not count.
    SELECT o.datastream, o.time, p.aggregation,
           CASE WHEN i.datastream IS NOT NULL THEN 0 ELSE o.flag END AS flag,
           CASE WHEN k.slope IS NULL THEN o.value
                WHEN p.aggregation = 'circular_mean'
                THEN o.value + k.intercept - 360 * floor((o.value + k.intercept) / 360)
                ELSE o.value * k.slope + k.intercept END AS value
    FROM observation o
    JOIN datastream d ON d.id = o.datastream
    JOIN observed_property p ON p.id = d.property
    LEFT JOIN calibrated_span k ON k.datastream = o.datastream AND o.time >= k.since AND o.time < k.until
    LEFT JOIN invalid i ON i.datastream = o.datastream AND o.time <@ i.span
    WHERE o.datastream = ANY(%(streams)s) AND o.time >= %(since)s AND o.time < %(until)s
), raw AS (
    SELECT datastream, date_bin('5 minutes', time, '2000-01-01 00:00:00+00') AS bucket,
           count(*) FILTER (WHERE flag = 1 AND usable) AS n_good, count(*) FILTER (WHERE flag = 2 AND usable) AS n_not_evaluated,
           count(*) FILTER (WHERE flag = 3) AS n_suspect,
           count(*) FILTER (WHERE flag IN (4, 9) OR (flag IN (1, 2) AND NOT usable)) AS n_fail,
           count(*) FILTER (WHERE flag = 0) AS n_invalidated,
           sum(value) FILTER (WHERE flag IN (1, 2) AND usable) AS sum,
           min(value) FILTER (WHERE flag IN (1, 2) AND usable) AS min,
           max(value) FILTER (WHERE flag IN (1, 2) AND usable) AS max,
           min(time) FILTER (WHERE flag IN (1, 2) AND usable) AS first_time,
           max(time) FILTER (WHERE flag IN (1, 2) AND usable) AS last_time,
           (array_agg(value ORDER BY time) FILTER (WHERE flag IN (1, 2) AND usable))[1] AS first,
           (array_agg(value ORDER BY time DESC) FILTER (WHERE flag IN (1, 2) AND usable))[1] AS last,
           sum(safe * safe) FILTER (WHERE flag IN (1, 2) AND usable) AS sum_squares,
           sum(exp(ln(10::float8) / 10 * greatest(-3000, least(3000, safe))))
               FILTER (WHERE flag IN (1, 2) AND usable AND aggregation = 'energy_mean') AS energy_sum,
           sum(sind(safe)) FILTER (WHERE flag IN (1, 2) AND usable AND aggregation = 'circular_mean') AS sin_sum,
           sum(cosd(safe)) FILTER (WHERE flag IN (1, 2) AND usable AND aggregation = 'circular_mean') AS cos_sum
    FROM (SELECT *, abs(value) < 1e100 AS usable,
                 CASE WHEN abs(value) BETWEEN 1e-150 AND 1e100 THEN value ELSE 0 END AS safe FROM judged) o
    GROUP BY 1, 2
), stored AS (
    SELECT * FROM rollup_5m WHERE datastream = ANY(%(streams)s) AND bucket >= %(since)s AND bucket < %(until)s
)
SELECT 'rollup_5m', coalesce(r.datastream, s.datastream), coalesce(r.bucket, s.bucket), to_jsonb(s), to_jsonb(r)
FROM raw r FULL JOIN stored s ON s.datastream = r.datastream AND s.bucket = r.bucket
WHERE ((r.n_good, r.n_not_evaluated, r.n_suspect, r.n_fail, r.n_invalidated, r.min, r.max, r.first, r.first_time, r.last,
        r.last_time)
        IS DISTINCT FROM (s.n_good, s.n_not_evaluated, s.n_suspect, s.n_fail, coalesce(s.n_invalidated, 0), s.min, s.max,
                          s.first, s.first_time, s.last, s.last_time)
       OR (r.sum IS NULL) <> (s.sum IS NULL) OR abs(r.sum - s.sum) > 1e-9 * (1 + abs(r.sum))
       OR (r.sum_squares IS NULL) <> (s.sum_squares IS NULL) OR abs(r.sum_squares - s.sum_squares) > 1e-9 * (1 + abs(r.sum_squares))
       OR (r.energy_sum IS NULL) <> (s.energy_sum IS NULL) OR abs(r.energy_sum - s.energy_sum) > 1e-9 * (1 + abs(r.energy_sum))
       OR (r.sin_sum IS NULL) <> (s.sin_sum IS NULL) OR abs(r.sin_sum - s.sin_sum) > 1e-9 * (1 + abs(r.sin_sum))
       OR (r.cos_sum IS NULL) <> (s.cos_sum IS NULL) OR abs(r.cos_sum - s.cos_sum) > 1e-9 * (1 + abs(r.cos_sum)))
  -- The bucket has outlived its raw data: none is left, or only what came too late. Not so where an older reading that was
  -- there when it was made still is: what is dropped goes from the oldest on.
  AND NOT (s.bucket IS NOT NULL
           AND (r.bucket IS NULL OR (s.first_time IS NOT NULL AND NOT EXISTS (
                SELECT FROM observation o WHERE o.datastream = s.datastream AND o.time = s.first_time)))
           AND NOT EXISTS (SELECT FROM observation o WHERE o.datastream = s.datastream AND o.time < s.bucket
                             AND o.received_at <= s.computed_at))
  AND NOT EXISTS (SELECT FROM changed_bucket q WHERE q.datastream = coalesce(r.datastream, s.datastream)
                    AND q.bucket = coalesce(r.bucket, s.bucket))
ORDER BY 2, 3

-- name: check_1h
WITH five AS (
    SELECT datastream, date_trunc('hour', bucket) AS bucket, sum(n_good) AS n_good, sum(n_not_evaluated) AS n_not_evaluated,
           sum(n_suspect) AS n_suspect, sum(n_fail) AS n_fail, coalesce(sum(n_invalidated), 0) AS n_invalidated,
           count(*) FILTER (WHERE n_good + n_not_evaluated > 0) AS buckets, sum(sum) AS sum, min(min) AS min,
           max(max) AS max, sum(sum_squares) AS sum_squares, sum(energy_sum) AS energy_sum, sum(sin_sum) AS sin_sum,
           sum(cos_sum) AS cos_sum, min(first_time) AS first_time, max(last_time) AS last_time,
           (array_agg(first ORDER BY bucket) FILTER (WHERE first_time IS NOT NULL))[1] AS first,
           (array_agg(last ORDER BY bucket DESC) FILTER (WHERE last_time IS NOT NULL))[1] AS last
    FROM rollup_5m WHERE datastream = ANY(%(streams)s) AND bucket >= %(since)s AND bucket < %(until)s
    GROUP BY 1, 2
), expecting AS (
    SELECT id, CASE WHEN interval = interval '1 hour' THEN 1
                    WHEN coalesce(expected_spacing, interval) > interval '0'
                    THEN greatest(1, round(3600 / extract(epoch FROM coalesce(expected_spacing, interval)))) END::integer AS expected
    FROM datastream WHERE id = ANY(%(streams)s)
), stored AS (
    -- Hours that a register only bridges have no bucket; they are compared with the readings.
    SELECT * FROM rollup_1h WHERE datastream = ANY(%(streams)s) AND bucket >= %(since)s AND bucket < %(until)s
                              AND (n_good + n_not_evaluated + n_suspect + n_fail > 0 OR n_invalidated > 0
                                   OR covered IS NULL)
)
SELECT 'rollup_1h', coalesce(r.datastream, s.datastream), coalesce(r.bucket, s.bucket), to_jsonb(s),
       to_jsonb(r) || jsonb_build_object('expected', e.expected)
FROM five r FULL JOIN stored s ON s.datastream = r.datastream AND s.bucket = r.bucket
JOIN expecting e ON e.id = coalesce(r.datastream, s.datastream)
WHERE ((r.n_good, r.n_not_evaluated, r.n_suspect, r.n_fail, r.n_invalidated, r.buckets, r.min, r.max, r.first_time,
        r.last_time, r.first, r.last, e.expected)
        IS DISTINCT FROM (s.n_good, s.n_not_evaluated, s.n_suspect, s.n_fail, coalesce(s.n_invalidated, 0), s.buckets,
                          s.min, s.max, s.first_time, s.last_time, s.first, s.last, s.expected)
       OR (r.sum IS NULL) <> (s.sum IS NULL) OR abs(r.sum - s.sum) > 1e-9 * (1 + abs(r.sum))
       OR (r.sum_squares IS NULL) <> (s.sum_squares IS NULL) OR abs(r.sum_squares - s.sum_squares) > 1e-9 * (1 + abs(r.sum_squares))
       OR (r.energy_sum IS NULL) <> (s.energy_sum IS NULL) OR abs(r.energy_sum - s.energy_sum) > 1e-9 * (1 + abs(r.energy_sum))
       OR (r.sin_sum IS NULL) <> (s.sin_sum IS NULL) OR abs(r.sin_sum - s.sin_sum) > 1e-9 * (1 + abs(r.sin_sum))
       OR (r.cos_sum IS NULL) <> (s.cos_sum IS NULL) OR abs(r.cos_sum - s.cos_sum) > 1e-9 * (1 + abs(r.cos_sum)))
  -- The hour has outlived its five minutes, or its raw data.
  AND NOT (s.bucket IS NOT NULL
           AND CASE WHEN s.first_time IS NULL
                    THEN NOT EXISTS (SELECT FROM observation o WHERE o.datastream = s.datastream
                                       AND o.time >= s.bucket AND o.time < s.bucket + interval '1 hour')
                    ELSE NOT EXISTS (SELECT FROM observation o
                                     WHERE o.datastream = s.datastream AND o.time = s.first_time) END
           AND NOT EXISTS (SELECT FROM observation o WHERE o.datastream = s.datastream AND o.time < s.bucket
                             AND o.received_at <= s.computed_at))
  AND NOT EXISTS (SELECT FROM changed_bucket q WHERE q.datastream = coalesce(r.datastream, s.datastream)
                    AND date_trunc('hour', q.bucket) = coalesce(r.bucket, s.bucket))
ORDER BY 2, 3

-- name: all_streams
SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM datastream

-- Which of these buckets hold a reading that came after they were rolled up: it should have been queued.
-- name: came_later
SELECT w.datastream, w.bucket
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, bucket, computed_at)
WHERE EXISTS (SELECT FROM observation o WHERE o.datastream = w.datastream AND o.time >= w.bucket
                AND o.time < w.bucket + interval '5 minutes' AND o.received_at > w.computed_at)

-- name: registers
SELECT d.id FROM datastream d JOIN observed_property p ON p.id = d.property AND p.aggregation = 'counter'
WHERE d.first_time < %(until)s AND d.id = ANY(%(streams)s) ORDER BY d.id

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
