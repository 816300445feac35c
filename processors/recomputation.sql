-- A year computed again.

-- The lanes of these definitions in a city, in one order for everybody; workers that find one taken go on to others.
-- name: lock_lanes
SELECT pg_advisory_xact_lock(25090, lane) FROM (
    SELECT DISTINCT (abs(hashtextextended(kpi || ' ' || %s, 0)) %% 16)::integer AS lane
    FROM unnest(%s::text[]) kpi ORDER BY lane
) lanes
