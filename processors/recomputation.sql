-- A year computed again.

-- The lanes of these definitions in a city, in one order for everybody; workers that find one taken go on to others.
-- name: lock_lanes
SELECT pg_advisory_xact_lock(25090, lane) FROM (
    SELECT DISTINCT (abs(hashtextextended(kpi || ' ' || %s, 0)) %% 16)::integer AS lane
    FROM unnest(%s::text[]) kpi ORDER BY lane
) lanes

-- In which hours these datastreams gave anything.
-- name: hours_in_rollup_1h
SELECT array_agg(w.datastream), array_agg(date_part('epoch', r.bucket)::bigint)
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
CROSS JOIN LATERAL (SELECT bucket FROM rollup_1h h
                    WHERE h.datastream = w.datastream AND h.bucket >= w.since AND h.bucket < w.until OFFSET 0) r

-- name: hours_in_rollup_5m
SELECT array_agg(w.datastream), array_agg(date_part('epoch', r.bucket)::bigint)
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
CROSS JOIN LATERAL (SELECT bucket FROM rollup_5m h
                    WHERE h.datastream = w.datastream AND h.bucket >= w.since AND h.bucket < w.until OFFSET 0) r
