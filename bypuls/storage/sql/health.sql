-- How the platform is.

-- name: schema
SELECT max(number) FROM schema_migration

-- name: beat
INSERT INTO heartbeat (process, instance, time, lag, problems)
VALUES (%(process)s, %(instance)s, %(time)s, %(lag)s, %(problems)s)
ON CONFLICT (process, instance) DO UPDATE SET
    (time, lag, problems) = (excluded.time, excluded.lag, excluded.problems)

-- name: stopped
DELETE FROM heartbeat WHERE process = %(process)s AND instance = %(instance)s

-- One that has been silent for a day is no longer waited for.
-- name: heartbeats
SELECT process, instance, time, lag, problems FROM heartbeat WHERE time > %(now)s - interval '1 day'
ORDER BY process, instance

-- name: ingest_lag
SELECT coalesce(max(lag), 0) FROM heartbeat WHERE process = 'ingest' AND time > %(now)s - interval '30 seconds'

-- Since when the oldest change of now waits. A history that comes in waits in its order and holds up nothing of now.
-- name: lags
SELECT 'rollup', min(queued_at) FROM changed_bucket WHERE bucket >= %(now)s - interval '48 hours'
UNION ALL
SELECT 'kpi', min(greatest(due_at, queued_at)) FROM kpi_due
WHERE due_at <= %(now)s AND period IN ('PT1H', 'P1D') AND start >= %(now)s - interval '48 hours'

-- name: queues
SELECT 'changed_bucket', count(*) FROM changed_bucket
UNION ALL SELECT 'kpi_due', count(*) FROM kpi_due
UNION ALL SELECT 'kpi_backlog', count(*) FROM kpi_backlog
UNION ALL SELECT 'outbox', count(*) FROM outbox

-- Of each city: its newest observation, and how old that may be: as old as lets the first of its series fall silent.
-- name: cities
SELECT c.slug, extract(epoch FROM max(s.last_time))::float8,
       extract(epoch FROM min(bypuls_silent_from(s.last_time, s.interval, s.expected_spacing) - s.last_time)
                          FILTER (WHERE d.status = 'active'))::float8
FROM city c
LEFT JOIN datastream s ON s.city = c.slug
LEFT JOIN device d ON d.id = s.device
GROUP BY c.slug ORDER BY c.slug

-- Of each city and domain: the series of active devices at the places where they are, and how many of them are silent
-- (as /v1/silent says it).
-- name: series
SELECT s.city, p.domain, count(*),
       count(*) FILTER (WHERE bypuls_silent_from(s.last_time, s.interval, s.expected_spacing) < %(now)s)
FROM datastream s JOIN device d ON d.id = s.device JOIN observed_property p ON p.id = s.property
WHERE d.status = 'active' AND s.site IS NOT DISTINCT FROM d.site
GROUP BY 1, 2 ORDER BY 1, 2

-- What was announced to be dropped and is still there, by city and kind.
-- name: dropping
SELECT city, kind, count(*), min(since), max(until), min(due_at),
       (array_agg(hindrance ORDER BY since) FILTER (WHERE hindrance IS NOT NULL))[1]
FROM retention WHERE dropped_at IS NULL GROUP BY city, kind ORDER BY city, kind

-- The newest audit of each city that came to an end.
-- name: audits
SELECT DISTINCT ON (city) city, night, started_at, finished_at, complete, checked, differences, repaired,
       (SELECT coalesce(sum(n::int), 0) FROM jsonb_each_text(differences) d (k, n)) AS total,
       coalesce(jsonb_array_length(unreached -> 'days'), 0) AS unreached
FROM audit_run WHERE finished_at IS NOT NULL
ORDER BY city, started_at DESC
