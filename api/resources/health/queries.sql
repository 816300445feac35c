-- name: cities
-- Of each city: its newest observation and how many series are silent (as /v1/silent says it).
SELECT c.slug AS city, max(s.last_time) AS newest_observation,
       count(*) FILTER (WHERE d.status = 'active' AND s.site IS NOT DISTINCT FROM d.site
                        AND bypuls_silent_from(s.last_time, s.interval, s.expected_spacing) < %(now)s) AS silent,
       count(s.id) AS datastreams
FROM city c
LEFT JOIN datastream s ON s.city = c.slug
LEFT JOIN device d ON d.id = s.device
GROUP BY c.slug
ORDER BY c.slug

-- name: queues
-- What waits to be computed, and since when. A KPI value that is not due yet is no backlog.
SELECT 'changed_bucket' AS queue, count(*) AS rows, min(queued_at) AS oldest FROM changed_bucket
UNION ALL
SELECT 'kpi_due', count(*), min(greatest(due_at, queued_at)) FROM kpi_due WHERE due_at <= %(now)s
UNION ALL
SELECT 'outbox', count(*), min(queued_at) FROM outbox

-- name: refused
-- Messages refused within 24 hours, by reason.
SELECT reason, count(*) AS messages FROM quarantine
WHERE last_received_at >= %(now)s - interval '24 hours' AND last_received_at <= %(now)s + interval '1 hour'
GROUP BY reason ORDER BY messages DESC, reason

-- Sources that people added, with the quality of service that is asked for, or less where the broker grants less.
-- name: sources
SELECT name, document ->> 'city', least(coalesce((document ->> 'qos')::integer, 1), granted_qos) FROM source
WHERE enabled ORDER BY name

-- name: platform
SELECT bypuls_edition() AS edition, current_setting('server_version') AS server,
       (SELECT max(number) FROM schema_migration) AS schema
