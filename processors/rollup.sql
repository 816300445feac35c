-- From changed_bucket to rollup_5m and rollup_1h. All statements of one batch are one READ COMMITTED transaction: each
-- sees what was committed before it began, so the raw data is read later than the claim and nothing is lost.
-- A running bucket's readings are not read again with each turn. Where its marks state what was added (`since`, `until`),
-- what stands is continued with that alone, if all that stands is earlier:
--  * Nothing is counted twice: all readings that the standing bucket holds are earlier than `since`; the newest says so.
--  * Nothing is missed: a reading that the standing bucket does not hold has a mark that nobody has claimed yet, or one of
--    those claimed, which reach from the first to the last of what they added. The former will be claimed; if the reading is
--    earlier than what was continued with meanwhile, the newest is not before its `since` any more, and all is read.
--  * Nothing is old: what corrects, judges or removes a reading marks its bucket without `since`.
-- Only values whose flag counts (1 good, 2 not evaluated) are summed. A value beyond 1e100 would overflow the sums and
-- stop the queue; it counts as failed, whatever its flag says.
-- Readings never become fewer. A bucket or an hour of which fewer are found than it counted, or not its first, has
-- outlived its raw data (retention) and stays as it is: nothing is computed from nothing.

-- name: create_claimed
CREATE TEMP TABLE IF NOT EXISTS claimed_bucket (
    datastream integer NOT NULL, bucket timestamptz NOT NULL, PRIMARY KEY (datastream, bucket)
) ON COMMIT DELETE ROWS

-- name: create_touched
CREATE TEMP TABLE IF NOT EXISTS touched_hour (
    datastream integer NOT NULL, bucket timestamptz NOT NULL, PRIMARY KEY (datastream, bucket)
) ON COMMIT DELETE ROWS

-- One of the next two, then `claim`: a lane's oldest rows, or of some lanes those of the newest that are of now. The
-- lanes' locks keep other workers off them, and nobody moves a row: it is found again where it was seen.
-- name: in_order
WITH gone AS (
    DELETE FROM changed_bucket WHERE lane = %(lane)s AND id <= (
        SELECT max(id) FROM (SELECT id FROM changed_bucket WHERE lane = %(lane)s AND id <= %(upto)s
                             ORDER BY id LIMIT %(limit)s) oldest)
    RETURNING id, datastream, bucket, since, until)

-- name: recent
WITH gone AS (
    DELETE FROM changed_bucket WHERE ctid = ANY (ARRAY(
        SELECT newest.ctid
        FROM unnest(%(lanes)s::smallint[]) of (lane)
        CROSS JOIN LATERAL (SELECT q.ctid, q.bucket FROM changed_bucket q
                            WHERE q.lane = of.lane ORDER BY q.id DESC LIMIT %(limit)s) newest
        WHERE newest.bucket >= %(since)s))
    RETURNING id, datastream, bucket, since, until)

-- name: claim
SELECT array_agg(datastream), array_agg(bucket), array_agg(coalesce(since, '-infinity')), array_agg(coalesce(until, '-infinity')),
       max(ARRAY[id])
FROM gone

-- name: aggregations
SELECT d.id, p.aggregation FROM datastream d JOIN observed_property p ON p.id = d.property WHERE d.id = ANY(%s)

-- name: claim_registers
INSERT INTO claimed_bucket SELECT * FROM unnest(%s, %s)

-- name: claimed_registers
SELECT array_agg(datastream), array_agg(bucket) FROM claimed_bucket

-- name: ensure_partitions
SELECT bypuls_ensure_partitions(%(month)s, %(month)s)

-- name: spans_of_hours
SELECT min(bucket), max(bucket) + interval '1 hour' FROM touched_hour GROUP BY date_trunc('month', bucket) ORDER BY 1

-- Month by month: each statement opens the chunks or partitions of its month alone, where all of years at once would ask
-- every chunk about every bucket.
-- The readings of spans of datastreams: OFFSET 0 keeps the plan an index look-up, whatever the statistics say. `values`
-- is one of the two fragments below, `parts` what else is wanted of them.
-- name: read_spans
{given}
SELECT array_agg(o.datastream), array_agg(o.time), array_agg(o.value), array_agg(o.flag){parts}
FROM unnest(%(streams)s, %(froms)s, %(untils)s) w (datastream, since, until)
CROSS JOIN LATERAL (SELECT o.* FROM {values} o
                    WHERE o.datastream = w.datastream AND o.time >= w.since AND o.time < w.until
                      AND o.time >= %(since)s AND o.time < %(until)s OFFSET 0) o

-- The same where the spans are about the same ones: the pages are read one after another, not one for each reading.
-- name: read_all
{given}
SELECT array_agg(o.datastream), array_agg(o.time), array_agg(o.value), array_agg(o.flag){parts}
FROM {values} o
WHERE o.datastream = ANY(%(streams)s) AND o.time >= %(since)s AND o.time < %(until)s

-- PostgreSQL raises an error where a product underflows.
-- name: part_of_energy_mean
, array_agg(power(10, greatest(-3000, least(3000, CASE WHEN abs(o.value) BETWEEN 1e-150 AND 1e100 THEN o.value ELSE 0 END)) / 10))

-- name: part_of_circular_mean
, array_agg(sin(radians(CASE WHEN abs(o.value) BETWEEN 1e-150 AND 1e100 THEN o.value ELSE 0 END))),
  array_agg(cos(radians(CASE WHEN abs(o.value) BETWEEN 1e-150 AND 1e100 THEN o.value ELSE 0 END)))

-- As they were sent where nobody said anything of the values, else calibrated, and with flag 0 where they do not count.
-- name: values_as_sent
observation
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
WITH calibrated AS MATERIALIZED (
    SELECT s.datastream, s.since, s.until, s.slope, s.intercept, p.aggregation = 'circular_mean' AS turns
    FROM calibrated_span s JOIN datastream d ON d.id = s.datastream JOIN observed_property p ON p.id = d.property
    WHERE s.datastream = ANY(%(streams)s)
), invalid AS MATERIALIZED (
    SELECT datastream, since, until FROM invalid_span WHERE datastream = ANY(%(streams)s)
)

-- Those that can be continued with what was added since; NaN and 2000 for null.
-- name: buckets_that_go_on
SELECT array_agg(r.datastream), array_agg(r.bucket), array_agg(n_good), array_agg(n_not_evaluated), array_agg(n_suspect),
       array_agg(n_fail), array_agg(coalesce(n_invalidated, 0)), array_agg(coalesce(sum, 'NaN')),
       array_agg(coalesce(sum_squares, 'NaN')), array_agg(coalesce(min, 'NaN')), array_agg(coalesce(max, 'NaN')),
       array_agg(coalesce(first, 'NaN')), array_agg(coalesce(first_time, '2000-01-01 00:00:00+00')),
       array_agg(coalesce(last, 'NaN')), array_agg(coalesce(last_time, '2000-01-01 00:00:00+00')),
       array_agg(coalesce(energy_sum, 'NaN')), array_agg(coalesce(sin_sum, 'NaN')), array_agg(coalesce(cos_sum, 'NaN')),
       array_agg(newest)
FROM unnest(%(streams)s, %(buckets)s, %(froms)s) w (datastream, bucket, since)
CROSS JOIN LATERAL (SELECT * FROM rollup_5m r
                    WHERE r.datastream = w.datastream AND r.bucket = w.bucket
                      AND r.bucket >= %(since)s AND r.bucket < %(until)s OFFSET 0) r
WHERE r.newest < w.since

-- NaN and 2000 for null; `more`: how much else is said of a bucket.
-- name: buckets_that_stand
SELECT array_agg(datastream), array_agg(bucket), array_agg(n_good), array_agg(n_not_evaluated), array_agg(n_suspect),
       array_agg(n_fail), array_agg(coalesce(sum, 'NaN')), array_agg(coalesce(sum_squares, 'NaN')),
       array_agg(coalesce(min, 'NaN')), array_agg(coalesce(max, 'NaN')), array_agg(coalesce(first, 'NaN')),
       array_agg(coalesce(first_time, '2000-01-01 00:00:00+00')), array_agg(coalesce(last, 'NaN')),
       array_agg(coalesce(last_time, '2000-01-01 00:00:00+00')),
       array_agg(num_nonnulls(n_invalidated, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase)) AS more
FROM rollup_5m WHERE datastream = ANY(%(streams)s) AND bucket >= %(since)s AND bucket < %(until)s

-- New buckets in which readings count and nothing else is to be said.
-- name: add_5m
COPY rollup_5m (datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, sum, sum_squares, min, max, first, first_time,
                last, last_time, newest, computed_at) FROM STDIN (FORMAT BINARY)

-- name: standing_of_each
LEFT JOIN LATERAL (SELECT * FROM rollup_5m r
                   WHERE r.datastream = f.datastream AND r.bucket = f.bucket
                     AND r.bucket >= %(since)s AND r.bucket < %(until)s OFFSET 0) r ON true
-- name: standing_of_all
LEFT JOIN (SELECT * FROM rollup_5m
           WHERE datastream = ANY(%(streams)s) AND bucket >= %(since)s AND bucket < %(until)s OFFSET 0) r
       ON r.datastream = f.datastream AND r.bucket = f.bucket

-- Only what differs from what stands is written: most of what is looked at again has not changed.
-- name: write_5m
INSERT INTO rollup_5m AS old (
    datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, n_invalidated, sum, sum_squares, min, max, first,
    first_time, last, last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, newest, computed_at)
SELECT f.datastream, f.bucket, f.n_good, f.n_not_evaluated, f.n_suspect, f.n_fail, f.n_invalidated, f.sum, f.sum_squares,
       f.min, f.max, f.first, f.first_time, f.last, f.last_time, f.energy_sum, f.sin_sum, f.cos_sum, k.increase, k.resets,
       k.gap_increase, f.newest, %(now)s
FROM (
    SELECT datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, nullif(n_invalidated, 0) AS n_invalidated,
           nullif(sum, 'NaN') AS sum, nullif(sum_squares, 'NaN') AS sum_squares, nullif(min, 'NaN') AS min,
           nullif(max, 'NaN') AS max, nullif(first, 'NaN') AS first, nullif(last, 'NaN') AS last,
           CASE WHEN n_good + n_not_evaluated > 0 THEN first_time END AS first_time,
           CASE WHEN n_good + n_not_evaluated > 0 THEN last_time END AS last_time,
           nullif(energy_sum, 'NaN') AS energy_sum, nullif(sin_sum, 'NaN') AS sin_sum, nullif(cos_sum, 'NaN') AS cos_sum,
           newest
    FROM unnest(%(datastream)s, %(bucket)s, %(n_good)s, %(n_not_evaluated)s, %(n_suspect)s, %(n_fail)s, %(n_invalidated)s,
                %(sum)s, %(sum_squares)s, %(min)s, %(max)s, %(first)s, %(first_time)s, %(last)s, %(last_time)s,
                %(energy_sum)s, %(sin_sum)s, %(cos_sum)s, %(newest)s)
         AS b (datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, n_invalidated, sum, sum_squares, min, max,
               first, first_time, last, last_time, energy_sum, sin_sum, cos_sum, newest)
) f
LEFT JOIN register_bucket k USING (datastream, bucket)
{standing}
WHERE (r.n_good, r.n_not_evaluated, r.n_suspect, r.n_fail, r.n_invalidated, r.sum, r.sum_squares, r.min, r.max, r.first,
       r.first_time, r.last, r.last_time, r.energy_sum, r.sin_sum, r.cos_sum, r.increase, r.resets, r.gap_increase)
      IS DISTINCT FROM
      (f.n_good, f.n_not_evaluated, f.n_suspect, f.n_fail, f.n_invalidated, f.sum, f.sum_squares, f.min, f.max, f.first,
       f.first_time, f.last, f.last_time, f.energy_sum, f.sin_sum, f.cos_sum, k.increase, k.resets, k.gap_increase)
ON CONFLICT (datastream, bucket) DO UPDATE SET
    (n_good, n_not_evaluated, n_suspect, n_fail, n_invalidated, sum, sum_squares, min, max, first, first_time, last,
     last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, newest, computed_at)
    = (excluded.n_good, excluded.n_not_evaluated, excluded.n_suspect, excluded.n_fail, excluded.n_invalidated,
       excluded.sum, excluded.sum_squares, excluded.min, excluded.max, excluded.first, excluded.first_time, excluded.last,
       excluded.last_time, excluded.energy_sum, excluded.sin_sum, excluded.cos_sum, excluded.increase, excluded.resets,
       excluded.gap_increase, excluded.newest, excluded.computed_at)
WHERE old.n_good + old.n_not_evaluated + old.n_suspect + old.n_fail + coalesce(old.n_invalidated, 0)
      <= excluded.n_good + excluded.n_not_evaluated + excluded.n_suspect + excluded.n_fail
         + coalesce(excluded.n_invalidated, 0)
  AND (old.first_time IS NULL OR EXISTS (
      SELECT FROM observation o WHERE o.datastream = old.datastream AND o.time = old.first_time))

-- What stands and more: the lane is ours, so it stands as it was read.
-- name: go_on_5m
INSERT INTO rollup_5m (
    datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, n_invalidated, sum, sum_squares, min, max, first,
    first_time, last, last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, newest, computed_at)
SELECT b.datastream, b.bucket, n_good, n_not_evaluated, n_suspect, n_fail, nullif(n_invalidated, 0), nullif(sum, 'NaN'),
       nullif(sum_squares, 'NaN'), nullif(min, 'NaN'), nullif(max, 'NaN'), nullif(first, 'NaN'),
       CASE WHEN n_good + n_not_evaluated > 0 THEN first_time END, nullif(last, 'NaN'),
       CASE WHEN n_good + n_not_evaluated > 0 THEN last_time END, nullif(energy_sum, 'NaN'), nullif(sin_sum, 'NaN'),
       nullif(cos_sum, 'NaN'), k.increase, k.resets, k.gap_increase, newest, %(now)s
FROM unnest(%(datastream)s, %(bucket)s, %(n_good)s, %(n_not_evaluated)s, %(n_suspect)s, %(n_fail)s, %(n_invalidated)s,
            %(sum)s, %(sum_squares)s, %(min)s, %(max)s, %(first)s, %(first_time)s, %(last)s, %(last_time)s,
            %(energy_sum)s, %(sin_sum)s, %(cos_sum)s, %(newest)s)
     AS b (datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, n_invalidated, sum, sum_squares, min, max,
           first, first_time, last, last_time, energy_sum, sin_sum, cos_sum, newest)
LEFT JOIN register_bucket k USING (datastream, bucket)
ON CONFLICT (datastream, bucket) DO UPDATE SET
    (n_good, n_not_evaluated, n_suspect, n_fail, n_invalidated, sum, sum_squares, min, max, first, first_time, last,
     last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, newest, computed_at)
    = (excluded.n_good, excluded.n_not_evaluated, excluded.n_suspect, excluded.n_fail, excluded.n_invalidated,
       excluded.sum, excluded.sum_squares, excluded.min, excluded.max, excluded.first, excluded.first_time, excluded.last,
       excluded.last_time, excluded.energy_sum, excluded.sin_sum, excluded.cos_sum, excluded.increase, excluded.resets,
       excluded.gap_increase, excluded.newest, excluded.computed_at)

-- Claimed datastreams of which people said something, also if it was taken back.
-- name: judged
SELECT array_agg(d.id)
FROM unnest(%s, %s, %s) c (datastream, first, last)
JOIN datastream d ON d.id = c.datastream
WHERE EXISTS (SELECT FROM calibration k WHERE k.datastream = d.id)
   OR EXISTS (SELECT FROM invalidation i
              WHERE i.until > c.first - interval '1 hour' AND i.since < c.last + interval '1 hour' + coalesce(d.interval, '0')
                AND i.city = d.city AND (i.datastream = d.id OR i.device = d.device OR i.site = d.site))

-- name: touch_hours
INSERT INTO touched_hour SELECT * FROM unnest(%s, %s)

-- name: analyze_touched
ANALYZE touched_hour

-- A register's hour is what its readings say beyond the hour too (register_hour); one that lies in a gap has no bucket.
-- An hour as it stood is kept when it had stood for ten minutes after its end: what was published may rest on it;
-- and whenever people change what it says.
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
    WHERE NOT EXISTS (SELECT FROM outlived_hour o WHERE o.datastream = t.datastream AND o.bucket = t.bucket)
      AND t.bucket >= date_trunc('hour', %(since)s::timestamptz) AND t.bucket < %(until)s
), standing AS MATERIALIZED (
    SELECT old.* FROM touched_hour t JOIN rollup_1h old USING (datastream, bucket)
    WHERE t.bucket >= date_trunc('hour', %(since)s::timestamptz) AND t.bucket < %(until)s
      AND (t.bucket <= %(now)s - interval '70 minutes' OR t.datastream = ANY(%(judged)s))  -- of others none is kept
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
      AND (old.first_time IS NULL OR old.bucket > %(now)s - interval '1 hour' OR EXISTS (  -- a running hour's are there
          SELECT FROM observation o WHERE o.datastream = old.datastream AND o.time = old.first_time))
    RETURNING old.datastream, old.bucket
), changed AS (
    SELECT * FROM gone UNION ALL SELECT * FROM written
), kept AS (
    INSERT INTO rollup_1h_history (
        datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, expected, buckets, sum, sum_squares, min, max,
        first, first_time, last, last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, computed_at,
        covered, dropped, n_invalidated, slope, intercept, superseded_at)
    SELECT standing.*, %(now)s FROM standing JOIN changed USING (datastream, bucket) LEFT JOIN fresh f USING (datastream, bucket)
    WHERE %(now)s - greatest(standing.computed_at, standing.bucket + interval '1 hour') >= interval '10 minutes'
       OR (f.n_invalidated IS NULL, f.slope, f.intercept)
          IS DISTINCT FROM (standing.n_invalidated IS NULL, standing.slope, standing.intercept)
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM changed

-- name: create_outlived
CREATE TEMP TABLE IF NOT EXISTS outlived_hour (
    datastream integer NOT NULL, bucket timestamptz NOT NULL, PRIMARY KEY (datastream, bucket)
) ON COMMIT DELETE ROWS

-- Hours of judged datastreams that have outlived their raw data.
-- name: set_aside
INSERT INTO outlived_hour
SELECT t.datastream, t.bucket
FROM touched_hour t
JOIN rollup_1h h USING (datastream, bucket)
CROSS JOIN LATERAL (SELECT count(*) AS n FROM observation o
                    WHERE o.datastream = t.datastream AND o.time >= t.bucket AND o.time < t.bucket + interval '1 hour'
                      AND o.time >= %(since)s AND o.time < %(until)s::timestamptz + interval '1 hour') r
WHERE t.datastream = ANY(%(judged)s) AND t.bucket >= date_trunc('hour', %(since)s::timestamptz) AND t.bucket < %(until)s
  AND (h.n_good + h.n_not_evaluated + h.n_suspect + h.n_fail + coalesce(h.n_invalidated, 0) > r.n
       OR (h.first_time IS NOT NULL AND NOT EXISTS (
           SELECT FROM observation o WHERE o.datastream = h.datastream AND o.time = h.first_time)))

-- What people say of an hour without raw data. A calibration is linear, so the hour's sums say what they would be: exact
-- where one calibration held all the hour (else it stays; a new one counts that holds at its start). Invalid it is as a
-- whole, wherever it touches the period; when that is lifted it is what it was before, if its history knows.
-- name: outlived
WITH hour AS MATERIALIZED (
    SELECT h.*, p.aggregation,
           h.n_good + h.n_not_evaluated + h.n_suspect + h.n_fail + coalesce(h.n_invalidated, 0) AS n,
           EXISTS (SELECT FROM invalid_span i WHERE i.datastream = h.datastream
                     AND i.since < h.bucket + interval '1 hour' AND i.until > h.bucket) AS touched,
           EXISTS (SELECT FROM invalid_span i WHERE i.datastream = h.datastream
                     AND i.since <= h.bucket AND i.until >= h.bucket + interval '1 hour') AS all_invalid,
           coalesce(c.slope, 1) AS new_slope, coalesce(c.intercept, 0) AS new_intercept
    FROM outlived_hour o
    JOIN rollup_1h h USING (datastream, bucket)
    JOIN datastream d ON d.id = h.datastream
    JOIN observed_property p ON p.id = d.property
    LEFT JOIN calibrated_span c ON c.datastream = h.datastream AND h.bucket >= c.since AND h.bucket < c.until
), whole AS (
    -- The newest version that nobody's verdict had shortened.
    SELECT w.datastream, w.bucket, w.n_good, w.n_not_evaluated, w.n_suspect, w.n_fail, w.expected, w.buckets, w.sum,
           w.sum_squares, w.min, w.max, w.first, w.first_time, w.last, w.last_time, w.energy_sum, w.sin_sum, w.cos_sum,
           w.increase, w.resets, w.gap_increase, w.covered, w.dropped, w.slope, w.intercept,
           hour.aggregation, hour.new_slope, hour.new_intercept, false AS invalid
    FROM hour JOIN rollup_1h w USING (datastream, bucket)
    WHERE NOT hour.touched AND hour.n_invalidated IS NULL
    UNION ALL
    SELECT w.datastream, w.bucket, w.n_good, w.n_not_evaluated, w.n_suspect, w.n_fail, w.expected, w.buckets, w.sum,
           w.sum_squares, w.min, w.max, w.first, w.first_time, w.last, w.last_time, w.energy_sum, w.sin_sum, w.cos_sum,
           w.increase, w.resets, w.gap_increase, w.covered, w.dropped, w.slope, w.intercept,
           hour.aggregation, hour.new_slope, hour.new_intercept, false
    FROM hour CROSS JOIN LATERAL (
        SELECT * FROM rollup_1h_history w
        WHERE w.datastream = hour.datastream AND w.bucket = hour.bucket AND w.n_invalidated IS NULL
          AND w.n_good + w.n_not_evaluated + w.n_suspect + w.n_fail = hour.n
        ORDER BY w.superseded_at DESC LIMIT 1) w
    WHERE NOT hour.touched AND hour.n_invalidated IS NOT NULL
), turned AS (
    -- y = slope x + intercept was stored; the new one is times * y + plus.
    SELECT w.*, w.n_good + w.n_not_evaluated AS valid, f.times, f.plus
    FROM whole w
    CROSS JOIN LATERAL (SELECT new_slope / coalesce(w.slope, 1) AS times,
                               new_intercept - new_slope / coalesce(w.slope, 1) * coalesce(w.intercept, 0) AS plus) f
), fresh AS MATERIALIZED (
    SELECT datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, NULL::integer AS n_invalidated, buckets,
           CASE WHEN aggregation = 'circular_mean' AND plus <> 0 THEN NULL ELSE times * sum + plus * valid END AS sum,
           CASE WHEN aggregation = 'circular_mean' AND plus <> 0 THEN NULL
                ELSE times * times * sum_squares + 2 * times * plus * sum + plus * plus * valid END AS sum_squares,
           CASE WHEN aggregation = 'circular_mean' AND plus <> 0 THEN NULL ELSE times * min + plus END AS min,
           CASE WHEN aggregation = 'circular_mean' AND plus <> 0 THEN NULL ELSE times * max + plus END AS max,
           CASE WHEN aggregation = 'circular_mean' THEN first + plus - 360 * floor((first + plus) / 360)
                ELSE times * first + plus END AS first,
           CASE WHEN aggregation = 'circular_mean' THEN last + plus - 360 * floor((last + plus) / 360)
                ELSE times * last + plus END AS last,
           energy_sum * power(10, plus / 10) AS energy_sum,
           sin_sum * cosd(plus) + cos_sum * sind(plus) AS sin_sum,
           cos_sum * cosd(plus) - sin_sum * sind(plus) AS cos_sum,
           first_time, last_time, increase, resets, gap_increase, covered, dropped,
           CASE WHEN new_slope <> 1 OR new_intercept <> 0 THEN new_slope END AS slope,
           CASE WHEN new_slope <> 1 OR new_intercept <> 0 THEN new_intercept END AS intercept
    FROM turned WHERE slope IS DISTINCT FROM 'NaN' AND (times <> 1 OR plus <> 0)
    UNION ALL
    SELECT datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, NULL, buckets, sum, sum_squares, min, max,
           first, last, energy_sum, sin_sum, cos_sum, first_time, last_time, increase, resets, gap_increase, covered, dropped,
           slope, intercept
    FROM turned WHERE slope IS NOT DISTINCT FROM 'NaN' OR (times = 1 AND plus = 0)
    UNION ALL
    SELECT datastream, bucket, 0, 0, 0, 0, n, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           0, NULL, CASE WHEN covered IS NOT NULL THEN 0 END, dropped, slope, intercept
    FROM hour WHERE all_invalid OR (touched AND n_invalidated IS NULL)
), changed AS MATERIALIZED (
    SELECT old.*, %(now)s::timestamptz AS superseded_at FROM fresh f JOIN rollup_1h old USING (datastream, bucket)
    WHERE (f.n_good, f.n_not_evaluated, f.n_suspect, f.n_fail, f.n_invalidated, f.sum, f.min, f.max, f.energy_sum,
           f.sin_sum, f.cos_sum, f.increase, f.slope, f.intercept)
          IS DISTINCT FROM (old.n_good, old.n_not_evaluated, old.n_suspect, old.n_fail, old.n_invalidated, old.sum, old.min,
           old.max, old.energy_sum, old.sin_sum, old.cos_sum, old.increase, old.slope, old.intercept)
), kept AS (
    INSERT INTO rollup_1h_history (
        datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, expected, buckets, sum, sum_squares, min, max,
        first, first_time, last, last_time, energy_sum, sin_sum, cos_sum, increase, resets, gap_increase, computed_at,
        covered, dropped, n_invalidated, slope, intercept, superseded_at)
    SELECT * FROM changed ON CONFLICT DO NOTHING
)
UPDATE rollup_1h old SET
    (n_good, n_not_evaluated, n_suspect, n_fail, n_invalidated, buckets, sum, sum_squares, min, max, first, last,
     energy_sum, sin_sum, cos_sum, first_time, last_time, increase, resets, gap_increase, covered, dropped, slope, intercept,
     computed_at)
    = (f.n_good, f.n_not_evaluated, f.n_suspect, f.n_fail, f.n_invalidated, f.buckets, f.sum, f.sum_squares, f.min, f.max,
       f.first, f.last, f.energy_sum, f.sin_sum, f.cos_sum, f.first_time, f.last_time, f.increase, f.resets,
       f.gap_increase, f.covered, f.dropped, f.slope, f.intercept, %(now)s)
FROM fresh f JOIN changed c USING (datastream, bucket)
WHERE old.datastream = f.datastream AND old.bucket = f.bucket

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
