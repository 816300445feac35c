-- What people said of the values that KPI values rest on.

-- name: calibrations
SELECT datastream, since, least(until, '2300-01-01'), id, slope, intercept FROM calibrated_span WHERE datastream = ANY(%s) ORDER BY 1, 2

-- name: invalid
SELECT datastream, since, until, id, 0::float8, 0::float8 FROM invalid_span WHERE datastream = ANY(%s) ORDER BY 1, 2

-- name: left_out_of_rollup_1h
SELECT w.value, sum(r.n_invalidated)::integer
FROM unnest(%s::integer[], %s::integer[], %s::timestamptz[], %s::timestamptz[]) w (value, datastream, since, until)
JOIN rollup_1h r ON r.datastream = w.datastream AND r.bucket >= w.since AND r.bucket < w.until AND r.n_invalidated > 0
GROUP BY w.value

-- name: left_out_of_rollup_5m
SELECT w.value, sum(r.n_invalidated)::integer
FROM unnest(%s::integer[], %s::integer[], %s::timestamptz[], %s::timestamptz[]) w (value, datastream, since, until)
JOIN rollup_5m r ON r.datastream = w.datastream AND r.bucket >= w.since AND r.bucket < w.until AND r.n_invalidated > 0
GROUP BY w.value

-- Sites, and from when to when they have hours with values but without five minutes.
-- name: hours_without_five_minutes
SELECT d.site, min(h.bucket), max(h.bucket)
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
JOIN datastream d ON d.id = w.datastream
CROSS JOIN LATERAL (
    SELECT h.bucket FROM rollup_1h h
    WHERE h.datastream = w.datastream AND h.bucket >= date_trunc('hour', w.since) AND h.bucket < w.until AND h.buckets > 0
      AND NOT EXISTS (SELECT FROM rollup_5m r WHERE r.datastream = w.datastream AND r.bucket >= h.bucket
                        AND r.bucket < h.bucket + interval '1 hour')
    OFFSET 0) h
GROUP BY d.site
