-- The rollups of spans, a row per span that holds any, its columns as arrays: what is null takes a third of the bytes, and
-- an aggregate for itself keeps the look-up of each span an index scan, whatever the planner believes of arrays' lengths.

-- name: read_rollup_1h
SELECT w.datastream, r.*
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
CROSS JOIN LATERAL (
    SELECT array_agg(h.bucket) AS bucket, array_agg(h.n_good + h.n_not_evaluated), array_agg(h.n_suspect),
           array_agg(h.n_fail + coalesce(h.dropped, 0)), array_agg(coalesce(h.expected, -1)),
           array_agg(h.sum), array_agg(h.min), array_agg(h.max), array_agg(h.last), array_agg(h.energy_sum),
           array_agg(h.sin_sum), array_agg(h.cos_sum), array_agg(h.increase), array_agg(h.gap_increase),
           array_agg(h.covered)
    FROM rollup_1h h
    WHERE h.datastream = w.datastream AND h.bucket >= w.since AND h.bucket < w.until
) r
WHERE r.bucket IS NOT NULL

-- name: read_rollup_5m
SELECT w.datastream, r.*
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
CROSS JOIN LATERAL (
    SELECT array_agg(h.bucket) AS bucket, array_agg(h.n_good + h.n_not_evaluated), array_agg(h.n_suspect),
           array_agg(h.n_fail), array_agg(-1),
           array_agg(h.sum), array_agg(h.min), array_agg(h.max), array_agg(h.last), array_agg(h.energy_sum),
           array_agg(h.sin_sum), array_agg(h.cos_sum), array_agg(h.increase), array_agg(h.gap_increase),
           array_agg(NULL::float8)
    FROM rollup_5m h
    WHERE h.datastream = w.datastream AND h.bucket >= w.since AND h.bucket < w.until
) r
WHERE r.bucket IS NOT NULL

-- In which hours these datastreams gave anything.
-- name: hours_in_rollup_1h
SELECT w.datastream, r.bucket
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
CROSS JOIN LATERAL (SELECT array_agg(h.bucket) AS bucket FROM rollup_1h h
                    WHERE h.datastream = w.datastream AND h.bucket >= w.since AND h.bucket < w.until) r
WHERE r.bucket IS NOT NULL

-- name: hours_in_rollup_5m
SELECT w.datastream, r.bucket
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
CROSS JOIN LATERAL (SELECT array_agg(h.bucket) AS bucket FROM rollup_5m h
                    WHERE h.datastream = w.datastream AND h.bucket >= w.since AND h.bucket < w.until) r
WHERE r.bucket IS NOT NULL
