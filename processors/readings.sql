-- The rollups of spans. Of long ones a row per span that holds any, its columns as arrays: what is null takes a third of the
-- bytes, and an aggregate for itself keeps the look-up of each span an index scan, whatever the planner believes of arrays'
-- lengths. `columns` are one of the two fragments below.

-- name: read_apart
SELECT w.datastream, r.*
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
CROSS JOIN LATERAL (
    SELECT {columns}
    FROM {table} h
    WHERE h.datastream = w.datastream AND h.bucket >= w.since AND h.bucket < w.until
) r
WHERE r.bucket IS NOT NULL

-- Of short ones a row for all: what a row costs is more than what it holds.
-- name: read_together
SELECT array_agg(h.datastream), {columns}
FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[]) w (datastream, since, until)
CROSS JOIN LATERAL (
    SELECT * FROM {table} h WHERE h.datastream = w.datastream AND h.bucket >= w.since AND h.bucket < w.until OFFSET 0
) h

-- name: rollup_1h
array_agg(h.bucket) AS bucket, array_agg(h.n_good + h.n_not_evaluated), array_agg(h.n_suspect),
array_agg(h.n_fail + coalesce(h.dropped, 0)), array_agg(coalesce(h.expected, -1)), array_agg(h.sum), array_agg(h.min),
array_agg(h.max), array_agg(h.last), array_agg(h.energy_sum), array_agg(h.sin_sum), array_agg(h.cos_sum),
array_agg(h.increase), array_agg(h.gap_increase), array_agg(h.covered)

-- name: rollup_5m
array_agg(h.bucket) AS bucket, array_agg(h.n_good + h.n_not_evaluated), array_agg(h.n_suspect), array_agg(h.n_fail),
array_agg(-1), array_agg(h.sum), array_agg(h.min), array_agg(h.max), array_agg(h.last), array_agg(h.energy_sum),
array_agg(h.sin_sum), array_agg(h.cos_sum), array_agg(h.increase), array_agg(h.gap_increase), array_agg(NULL::float8)

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
