-- What the clock asks for.

-- name: listen
LISTEN bypuls_changed

-- name: outdated_definitions
UPDATE kpi_definition SET current = false
WHERE current AND (id, version) NOT IN (SELECT * FROM unnest(%s::text[], %s::text[]))

-- name: current_definitions
INSERT INTO kpi_definition (id, version, document) SELECT * FROM unnest(%s::text[], %s::text[], %s::jsonb[])
ON CONFLICT (id, version) DO UPDATE SET current = true WHERE NOT kpi_definition.current

-- Values that the time has made final: computed once more, over the whole period now.
-- name: finish
INSERT INTO kpi_due (kpi, city, site, period, start, due_at)
SELECT kpi, city, scope, period, start, %(now)s FROM kpi_value
WHERE status = 'provisional' AND final_at <= %(now)s AND scope_kind = 'site' AND kpi = ANY(%(kpis)s)
ORDER BY final_at LIMIT %(limit)s

-- Waiting rows mean that the last round is not worked off: the next would only repeat it.
-- name: waiting
SELECT EXISTS (SELECT FROM kpi_due WHERE due_at <= %(now)s - interval '60 seconds')

-- Cities that are alive: something was heard from them within a month of now.
-- name: living_cities
SELECT city FROM datastream WHERE last_time >= %(now)s - interval '31 days' GROUP BY city

-- Sites whose devices should have spoken in a period that is over, and that have no value for it yet.
-- name: ended
INSERT INTO kpi_due (kpi, city, site, period, start, due_at)
SELECT DISTINCT w.kpi, w.city, d.site, w.period, w.start, %(now)s
FROM unnest(%(kpi)s::text[], %(city)s::text[], %(property)s::text[], %(period)s::text[], %(start)s::timestamptz[],
            %(ends)s::timestamptz[]) w (kpi, city, property, period, start, ends)
JOIN datastream d ON d.city = w.city AND d.site IS NOT NULL AND (w.property = '*' OR d.property = w.property)
JOIN device v ON v.id = d.device AND v.status = 'active'
WHERE d.first_time < w.ends AND (w.property = '*' OR d.last_time >= w.start - interval '31 days')
  AND NOT EXISTS (SELECT FROM kpi_value k WHERE k.city = w.city AND k.kpi = w.kpi AND k.scope_kind = 'site'
                  AND k.scope = d.site AND k.period = w.period AND k.start = w.start)

-- The usual distance between two values of a datastream that nobody told: the median of the newest gaps.
-- name: learn_spacing
WITH unknown AS (
    SELECT d.id FROM datastream d
    WHERE d.expected_spacing IS NULL AND d.interval IS NULL AND d.last_time IS NOT NULL
    ORDER BY d.last_time DESC LIMIT 500
), gaps AS (
    SELECT u.id, percentile_cont(0.5) WITHIN GROUP (ORDER BY g.gap) AS gap
    FROM unknown u CROSS JOIN LATERAL (
        SELECT n.time - lag(n.time) OVER (ORDER BY n.time) AS gap
        FROM (SELECT o.time FROM observation o WHERE o.datastream = u.id ORDER BY o.time DESC LIMIT 100) n
    ) g
    WHERE g.gap IS NOT NULL
    GROUP BY u.id HAVING count(*) >= 20
)
UPDATE datastream d SET expected_spacing = g.gap, spacing_learned = true
FROM gaps g WHERE d.id = g.id AND g.gap > interval '0'
RETURNING d.id

-- Its hours were rolled up without knowing how many values to expect.
-- name: roll_up_again
INSERT INTO changed_bucket (datastream, bucket)
SELECT datastream, bucket FROM rollup_1h WHERE datastream = ANY(%s) AND expected IS NULL

-- name: partitions_ahead
SELECT bypuls_ensure_partitions(%(now)s, %(now)s + interval '2 months')
