-- A year computed again.

-- One recomputation of a city at a time, until the connection ends: its processes share their lanes.
-- name: lock_city
SELECT pg_advisory_lock(25092, hashtext(%s))

-- The lanes of these definitions in a city: workers, who take a lane for themselves, go on to others. What is being
-- computed again in several processes are different values, so they need not wait for each other.
-- name: share_lanes
SELECT pg_advisory_xact_lock_shared(25090, lane) FROM (
    SELECT DISTINCT (abs(hashtextextended(kpi || ' ' || %s, 0)) %% 16)::integer AS lane
    FROM unnest(%s::text[]) kpi ORDER BY lane
) lanes
