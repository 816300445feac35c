-- What stands in the queues and should not, and what does not and should.

-- The newest (and the oldest) reading of each datastream must have its hour, or wait for it.
-- name: not_rolled_up
SELECT DISTINCT d.id, date_bin('5 minutes', e.time, '2000-01-01 00:00:00+00')
FROM datastream d CROSS JOIN LATERAL (
    (SELECT o.time FROM observation o WHERE o.datastream = d.id AND o.received_at < %(now)s - interval '1 minute'
       AND o.time > d.last_time - interval '1 day' ORDER BY o.time DESC LIMIT 1)
    UNION ALL
    (SELECT o.time FROM observation o WHERE o.datastream = d.id AND o.received_at < %(now)s - interval '1 minute'
       AND o.time < d.first_time + interval '1 day' ORDER BY o.time LIMIT 1)
) e
WHERE d.city = %(city)s AND d.first_time IS NOT NULL
  AND NOT EXISTS (SELECT FROM rollup_1h h WHERE h.datastream = d.id AND h.bucket = date_trunc('hour', e.time))
  AND NOT EXISTS (SELECT FROM changed_bucket q WHERE q.datastream = d.id
                    AND date_trunc('hour', q.bucket) = date_trunc('hour', e.time))
ORDER BY 1, 2

-- Buckets that wait for longer than anything should; and of datastreams that are not there (any more).
-- name: stuck_buckets
SELECT q.lane, q.id, q.datastream, q.bucket, q.queued_at
FROM changed_bucket q JOIN datastream d ON d.id = q.datastream
WHERE d.city = %(city)s AND q.queued_at < %(now)s - %(longest)s::interval
ORDER BY q.id LIMIT 1000

-- name: values
SELECT q.kpi, q.period, q.site, q.start, count(*), min(q.due_at), min(q.queued_at), array_agg(q.lane), array_agg(q.id),
       NOT EXISTS (SELECT FROM site s WHERE s.city = q.city AND s.slug = q.site) AS no_site
FROM kpi_due q
WHERE q.city = %(city)s
  AND ((q.kpi, q.period) NOT IN (SELECT * FROM unnest(%(kpis)s::text[], %(periods)s::text[]))
       OR q.due_at > %(now)s + interval '1 hour'
       OR greatest(q.due_at, q.queued_at) < %(now)s - %(longest)s::interval
       OR NOT EXISTS (SELECT FROM site s WHERE s.city = q.city AND s.slug = q.site))
GROUP BY q.city, q.kpi, q.period, q.site, q.start ORDER BY 1, 2, 3, 4 LIMIT 1000

-- Values whose time has come to be final, that nobody queued for it.
-- name: not_finished
SELECT v.kpi, v.period, v.scope, v.start, v.final_at
FROM kpi_value v
WHERE v.status = 'provisional' AND v.final_at < %(now)s - interval '1 hour' AND v.city = %(city)s
  AND v.scope_kind = 'site' AND v.kpi = ANY(%(kpis)s)
  AND NOT EXISTS (SELECT FROM kpi_due q WHERE q.city = v.city AND q.kpi = v.kpi AND q.site = v.scope
                    AND q.period = v.period AND q.start = v.start)
ORDER BY 1, 2, 3, 4 LIMIT 1000

-- name: mark
INSERT INTO changed_bucket (datastream, bucket) SELECT * FROM unnest(%s::integer[], %s::timestamptz[])

-- name: take_out
DELETE FROM kpi_due q USING unnest(%s::integer[], %s::bigint[]) w (lane, id) WHERE q.lane = w.lane AND q.id = w.id

-- name: make_due
UPDATE kpi_due q SET due_at = %s FROM unnest(%s::integer[], %s::bigint[]) w (lane, id) WHERE q.lane = w.lane AND q.id = w.id

-- name: queue
INSERT INTO kpi_due (kpi, city, site, period, start, due_at)
SELECT w.kpi, %s, w.site, w.period, w.start, %s
FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[]) w (kpi, period, site, start)
