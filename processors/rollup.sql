-- From changed_bucket to rollup_5m and rollup_1h. All statements of one batch are one READ COMMITTED transaction: each
-- sees what was committed before it began, so the raw data is read later than the claim and nothing is lost.
-- Only values whose flag counts (1 good, 2 not evaluated) are summed. A value beyond 1e100 would overflow the sums and
-- stop the queue; it counts as failed, whatever its flag says.
-- Readings never become fewer. A bucket or an hour of which fewer are found than it counted has outlived its raw data
-- (retention) and stays as it is: nothing is computed from nothing.

-- name: create_claimed
CREATE TEMP TABLE IF NOT EXISTS claimed_bucket (
    datastream integer NOT NULL, bucket timestamptz NOT NULL, PRIMARY KEY (datastream, bucket)
) ON COMMIT DELETE ROWS

-- name: create_touched
CREATE TEMP TABLE IF NOT EXISTS touched_hour (
    datastream integer NOT NULL, bucket timestamptz NOT NULL, PRIMARY KEY (datastream, bucket)
) ON COMMIT DELETE ROWS

-- One of the next two, then `claim`: the lane's oldest rows, or those of its newest that are of now. The lane's lock
-- keeps other workers off them.
-- name: in_order
WITH chosen AS (SELECT id FROM changed_bucket WHERE lane = %(lane)s ORDER BY id LIMIT %(limit)s)

-- name: recent
WITH chosen AS (
    SELECT id FROM (SELECT id, bucket FROM changed_bucket WHERE lane = %(lane)s ORDER BY id DESC LIMIT %(limit)s) newest
    WHERE bucket >= %(since)s
)

-- Returns how many queue rows were taken (not how many buckets are new in the batch).
-- name: claim
, gone AS (
    DELETE FROM changed_bucket WHERE lane = %(lane)s AND id = ANY (ARRAY(SELECT id FROM chosen))
    RETURNING datastream, bucket
), kept AS (
    INSERT INTO claimed_bucket SELECT DISTINCT datastream, bucket FROM gone ON CONFLICT DO NOTHING
)
SELECT count(*) FROM gone

-- name: months
SELECT DISTINCT date_trunc('month', bucket) FROM claimed_bucket

-- name: ensure_partitions
SELECT bypuls_ensure_partitions(%(month)s, %(month)s)

-- name: analyze_claimed
ANALYZE claimed_bucket

-- name: spans
SELECT min(bucket), max(bucket) + interval '5 minutes' FROM claimed_bucket GROUP BY date_trunc('month', bucket) ORDER BY 1

-- name: spans_of_hours
SELECT min(bucket), max(bucket) + interval '1 hour' FROM touched_hour GROUP BY date_trunc('month', bucket) ORDER BY 1

-- Month by month: each statement opens the chunks or partitions of its month alone, where all of years at once would ask
-- every chunk about every bucket.
-- The subquery per bucket keeps the plan an index look-up, whatever the statistics say. [since, until) covers all
-- buckets and lets chunks and partitions outside be skipped. Values are added in the order of time: the same numbers in
-- the same order give the same sum to the last bit, which is what the audit compares.
-- `values` is one of the two fragments below; `of` chooses the datastreams.
-- name: recompute_5m
WITH {given} fresh AS MATERIALIZED (
    SELECT c.datastream, c.bucket, r.n_good, r.n_not_evaluated, r.n_suspect, r.n_fail, r.sum, r.sum_squares, r.min, r.max,
           r.first, r.first_time, r.last, r.last_time,
           CASE WHEN p.aggregation = 'energy_mean' THEN r.energy_sum END AS energy_sum,
           CASE WHEN p.aggregation = 'circular_mean' THEN r.sin_sum END AS sin_sum,
           CASE WHEN p.aggregation = 'circular_mean' THEN r.cos_sum END AS cos_sum,
           k.increase, k.resets, k.gap_increase, r.n_invalidated, r.n
    FROM claimed_bucket c
    JOIN datastream d ON d.id = c.datastream
    JOIN observed_property p ON p.id = d.property
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE counts AND flag = 1) AS n_good,
               count(*) FILTER (WHERE counts AND flag = 2) AS n_not_evaluated,
               count(*) FILTER (WHERE flag = 3) AS n_suspect,
               count(*) FILTER (WHERE flag IN (4, 9) OR (flag IN (1, 2) AND NOT counts)) AS n_fail,
               nullif(count(*) FILTER (WHERE flag = 0), 0) AS n_invalidated,
               sum(value) FILTER (WHERE counts) AS sum,
               sum(safe * safe) FILTER (WHERE counts) AS sum_squares,
               min(value) FILTER (WHERE counts) AS min,
               max(value) FILTER (WHERE counts) AS max,
               (array_agg(value) FILTER (WHERE counts))[1] AS first,
               min(time) FILTER (WHERE counts) AS first_time,
               (array_agg(value) FILTER (WHERE counts))[(count(*) FILTER (WHERE counts))::integer] AS last,
               max(time) FILTER (WHERE counts) AS last_time,
               sum(power(10, greatest(-3000, least(3000, safe)) / 10)) FILTER (WHERE counts) AS energy_sum,
               sum(sin(radians(safe))) FILTER (WHERE counts) AS sin_sum,
               sum(cos(radians(safe))) FILTER (WHERE counts) AS cos_sum,
               count(*) AS n
        FROM (SELECT o.time, CASE WHEN abs(o.value) < 1e100 THEN o.value ELSE 0 END AS value, o.flag,
                     -- PostgreSQL raises an error where a product underflows.
                     CASE WHEN abs(o.value) BETWEEN 1e-150 AND 1e100 THEN o.value ELSE 0 END AS safe,
                     o.flag IN (1, 2) AND abs(o.value) < 1e100 AS counts
              FROM {values} o
              WHERE o.datastream = c.datastream AND o.time >= c.bucket AND o.time < c.bucket + interval '5 minutes'
                AND o.time >= %(since)s AND o.time < %(until)s
              ORDER BY o.time) raw
    ) r
    LEFT JOIN register_bucket k ON k.datastream = c.datastream AND k.bucket = c.bucket
    WHERE c.bucket >= %(since)s AND c.bucket < %(until)s AND {of}
)
INSERT INTO rollup_5m AS old (
    datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, sum, sum_squares, min, max, first, first_time, last,
    last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, n_invalidated, computed_at)
SELECT datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, sum, sum_squares, min, max, first, first_time,
       last, last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, n_invalidated, %(now)s
FROM fresh WHERE n > 0
ON CONFLICT (datastream, bucket) DO UPDATE SET
    (n_good, n_not_evaluated, n_suspect, n_fail, sum, sum_squares, min, max, first, first_time, last, last_time,
     energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, n_invalidated, computed_at)
    = (excluded.n_good, excluded.n_not_evaluated, excluded.n_suspect, excluded.n_fail, excluded.sum,
       excluded.sum_squares, excluded.min, excluded.max, excluded.first, excluded.first_time, excluded.last,
       excluded.last_time, excluded.energy_sum, excluded.sin_sum, excluded.cos_sum, excluded.increase, excluded.resets,
       excluded.gap_increase, excluded.n_invalidated, excluded.computed_at)
WHERE old.n_good + old.n_not_evaluated + old.n_suspect + old.n_fail + coalesce(old.n_invalidated, 0)
      <= excluded.n_good + excluded.n_not_evaluated + excluded.n_suspect + excluded.n_fail
         + coalesce(excluded.n_invalidated, 0)
  AND (old.n_good, old.n_not_evaluated, old.n_suspect, old.n_fail, old.sum, old.sum_squares, old.min, old.max,
       old.first, old.first_time, old.last, old.last_time, old.energy_sum, old.sin_sum, old.cos_sum, old.increase,
       old.resets, old.gap_increase, old.n_invalidated)
    IS DISTINCT FROM
      (excluded.n_good, excluded.n_not_evaluated, excluded.n_suspect, excluded.n_fail, excluded.sum,
       excluded.sum_squares, excluded.min, excluded.max, excluded.first, excluded.first_time, excluded.last,
       excluded.last_time, excluded.energy_sum, excluded.sin_sum, excluded.cos_sum, excluded.increase, excluded.resets,
       excluded.gap_increase, excluded.n_invalidated)

-- Where nobody said anything of the values: as they were sent.
-- name: values_as_sent
observation

-- name: of_the_others
NOT c.datastream = ANY(%(judged)s)

-- Where somebody did: calibrated, and with flag 0 where they do not count.
-- name: values_as_judged
(SELECT o.datastream, o.time, CASE WHEN k.slope IS NULL THEN o.value
                                   WHEN k.turns THEN o.value + k.intercept - 360 * floor((o.value + k.intercept) / 360)
                                   ELSE o.value * k.slope + k.intercept END AS value,
        CASE WHEN EXISTS (SELECT FROM invalid i
                          WHERE i.datastream = o.datastream AND o.time >= i.since AND o.time < i.until) THEN 0
             ELSE o.flag END AS flag
 FROM observation o
 LEFT JOIN calibrated k ON k.datastream = o.datastream AND o.time >= k.since AND o.time < k.until)

-- name: given
calibrated AS MATERIALIZED (
    SELECT s.datastream, s.since, s.until, s.slope, s.intercept, p.aggregation = 'circular_mean' AS turns
    FROM calibrated_span s JOIN datastream d ON d.id = s.datastream JOIN observed_property p ON p.id = d.property
    WHERE s.datastream = ANY(%(judged)s)
), invalid AS MATERIALIZED (
    SELECT datastream, since, until FROM invalid_span WHERE datastream = ANY(%(judged)s)
),

-- name: of_the_judged
c.datastream = ANY(%(judged)s)

-- Claimed datastreams of which people said something.
-- name: judged
SELECT coalesce(array_agg(DISTINCT c.datastream), '{}') FROM claimed_bucket c
WHERE EXISTS (SELECT FROM calibration) AND c.datastream IN (SELECT k.datastream FROM calibration k)
   OR EXISTS (SELECT FROM invalidation WHERE lifted_at IS NULL) AND c.datastream IN (SELECT i.datastream FROM invalid_span i)

-- name: touch_hours
INSERT INTO touched_hour SELECT DISTINCT datastream, date_trunc('hour', bucket) FROM claimed_bucket

-- name: analyze_touched
ANALYZE touched_hour

-- A register's hour is what its readings say beyond the hour too (register_hour); one that lies in a gap has no bucket.
-- An hour as it stood is kept when it had stood for ten minutes after its end: what was published may rest on it.
-- Returns how many hours changed, and how many have outlived their raw data.
-- name: recompute_1h
WITH calibrated AS MATERIALIZED (
    SELECT s.datastream, s.since, s.until, s.slope, s.intercept FROM calibrated_span s WHERE s.datastream = ANY(%(judged)s)
), fresh AS MATERIALIZED (
    SELECT t.datastream, t.bucket, h.n_good, h.n_not_evaluated, h.n_suspect, h.n_fail, h.n_invalidated,
           CASE WHEN d.interval = interval '1 hour' THEN 1
                WHEN coalesce(d.expected_spacing, d.interval) > interval '0'  -- greatest() would take null for 1
                THEN greatest(1, round(3600 / extract(epoch FROM coalesce(d.expected_spacing, d.interval))))
           END::integer AS expected,
           h.buckets::smallint AS buckets, h.sum, h.sum_squares, h.min, h.max, h.first, h.first_time, h.last,
           h.last_time, h.energy_sum, h.sin_sum, h.cos_sum, k.increase, k.resets, k.gap_increase, k.covered, k.dropped,
           l.slope, l.intercept, h.rows > 0 OR k.covered > 0 AS stands
    FROM touched_hour t
    JOIN datastream d ON d.id = t.datastream
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(n_good), 0)::integer AS n_good, coalesce(sum(n_not_evaluated), 0)::integer AS n_not_evaluated,
               coalesce(sum(n_suspect), 0)::integer AS n_suspect, coalesce(sum(n_fail), 0)::integer AS n_fail,
               sum(n_invalidated)::integer AS n_invalidated,
               count(*) FILTER (WHERE n_good + n_not_evaluated > 0) AS buckets,
               sum(sum) AS sum, sum(sum_squares) AS sum_squares, min(min) AS min, max(max) AS max,
               (array_agg(first) FILTER (WHERE first_time IS NOT NULL))[1] AS first, min(first_time) AS first_time,
               (array_agg(last) FILTER (WHERE last_time IS NOT NULL))[
                   (count(*) FILTER (WHERE last_time IS NOT NULL))::integer] AS last,
               max(last_time) AS last_time, sum(energy_sum) AS energy_sum, sum(sin_sum) AS sin_sum,
               sum(cos_sum) AS cos_sum, count(*) AS rows
        FROM (SELECT * FROM rollup_5m r
              WHERE r.datastream = t.datastream AND r.bucket >= t.bucket AND r.bucket < t.bucket + interval '1 hour'
                AND r.bucket >= date_trunc('hour', %(since)s::timestamptz)
                AND r.bucket < %(until)s::timestamptz + interval '1 hour'
              ORDER BY r.bucket) five
    ) h
    LEFT JOIN register_hour k ON k.datastream = t.datastream AND k.bucket = t.bucket
    LEFT JOIN LATERAL (
        SELECT CASE WHEN bool_and(c.since <= t.bucket AND c.until >= t.bucket + interval '1 hour') THEN min(c.slope)
                    ELSE 'NaN' END AS slope,
               CASE WHEN bool_and(c.since <= t.bucket AND c.until >= t.bucket + interval '1 hour') THEN min(c.intercept)
                    ELSE 'NaN' END AS intercept
        FROM calibrated c
        WHERE c.datastream = t.datastream AND c.since < t.bucket + interval '1 hour' AND c.until > t.bucket
        HAVING count(*) > 0
    ) l ON true
    WHERE t.bucket >= date_trunc('hour', %(since)s::timestamptz) AND t.bucket < %(until)s
), standing AS MATERIALIZED (
    SELECT old.* FROM touched_hour t JOIN rollup_1h old USING (datastream, bucket)
    WHERE t.bucket >= date_trunc('hour', %(since)s::timestamptz) AND t.bucket < %(until)s
), gone AS (
    DELETE FROM rollup_1h old USING fresh f
    WHERE old.datastream = f.datastream AND old.bucket = f.bucket AND f.stands IS NOT TRUE
      AND old.n_good + old.n_not_evaluated + old.n_suspect + old.n_fail + coalesce(old.n_invalidated, 0) = 0
    RETURNING old.datastream, old.bucket
), written AS (
    INSERT INTO rollup_1h AS old (
        datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, expected, buckets, sum, sum_squares, min, max,
        first, first_time, last, last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, covered, dropped,
        n_invalidated, slope, intercept, computed_at)
    SELECT datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, expected, buckets, sum, sum_squares, min, max,
           first, first_time, last, last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, covered,
           dropped, n_invalidated, slope, intercept, %(now)s
    FROM fresh WHERE stands
    ON CONFLICT (datastream, bucket) DO UPDATE SET
        (n_good, n_not_evaluated, n_suspect, n_fail, expected, buckets, sum, sum_squares, min, max, first, first_time,
         last, last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, covered, dropped,
         n_invalidated, slope, intercept, computed_at)
        = (excluded.n_good, excluded.n_not_evaluated, excluded.n_suspect, excluded.n_fail, excluded.expected,
           excluded.buckets, excluded.sum, excluded.sum_squares, excluded.min, excluded.max, excluded.first,
           excluded.first_time, excluded.last, excluded.last_time, excluded.energy_sum, excluded.sin_sum,
           excluded.cos_sum, excluded.increase, excluded.resets, excluded.gap_increase, excluded.covered,
           excluded.dropped, excluded.n_invalidated, excluded.slope, excluded.intercept, excluded.computed_at)
    WHERE old.n_good + old.n_not_evaluated + old.n_suspect + old.n_fail + coalesce(old.n_invalidated, 0)
          <= excluded.n_good + excluded.n_not_evaluated + excluded.n_suspect + excluded.n_fail
             + coalesce(excluded.n_invalidated, 0)
      AND (old.n_good, old.n_not_evaluated, old.n_suspect, old.n_fail, old.expected, old.buckets, old.sum,
           old.sum_squares, old.min, old.max, old.first, old.first_time, old.last, old.last_time, old.energy_sum,
           old.sin_sum, old.cos_sum, old.increase, old.resets, old.gap_increase, old.covered, old.dropped,
           old.n_invalidated, old.slope, old.intercept)
        IS DISTINCT FROM
          (excluded.n_good, excluded.n_not_evaluated, excluded.n_suspect, excluded.n_fail, excluded.expected,
           excluded.buckets, excluded.sum, excluded.sum_squares, excluded.min, excluded.max, excluded.first,
           excluded.first_time, excluded.last, excluded.last_time, excluded.energy_sum, excluded.sin_sum,
           excluded.cos_sum, excluded.increase, excluded.resets, excluded.gap_increase, excluded.covered,
           excluded.dropped, excluded.n_invalidated, excluded.slope, excluded.intercept)
    RETURNING old.datastream, old.bucket
), changed AS (
    SELECT * FROM gone UNION ALL SELECT * FROM written
), kept AS (
    INSERT INTO rollup_1h_history (
        datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, expected, buckets, sum, sum_squares, min, max,
        first, first_time, last, last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, computed_at,
        covered, dropped, n_invalidated, slope, intercept, superseded_at)
    SELECT standing.*, %(now)s FROM standing JOIN changed USING (datastream, bucket)
    WHERE %(now)s - greatest(standing.computed_at, standing.bucket + interval '1 hour') >= interval '10 minutes'
    ON CONFLICT DO NOTHING
)
SELECT count(*), (SELECT count(*) FROM fresh JOIN standing o USING (datastream, bucket)
                  WHERE o.n_good + o.n_not_evaluated + o.n_suspect + o.n_fail + coalesce(o.n_invalidated, 0)
                        > fresh.n_good + fresh.n_not_evaluated + fresh.n_suspect + fresh.n_fail
                          + coalesce(fresh.n_invalidated, 0))
FROM changed

-- What the batch touched, with what decides which KPI values rest on it. Hours whose numbers stayed the same are
-- queued too: their 5-minute buckets may have changed, and a queue row that changes nothing costs little.
-- name: touched
SELECT t.datastream, extract(epoch FROM t.bucket)::bigint, d.city, d.site, d.property
FROM touched_hour t JOIN datastream d ON d.id = t.datastream
WHERE d.site IS NOT NULL

-- name: queue_due
COPY kpi_due (kpi, city, site, period, start, due_at) FROM STDIN

-- name: cities
SELECT slug, time_zone, extract(epoch FROM air_day_offset)::integer, national_limits, country FROM city
