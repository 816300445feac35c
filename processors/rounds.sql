-- Rows of kpi_due for a coming round of running months and years.

-- name: queue
INSERT INTO kpi_due (kpi, city, site, period, start, due_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
RETURNING lane, id, kpi, city, site, period, start, due_at

-- Which of these are there no more. OFFSET 0: an index look-up each, whatever the planner believes of arrays' lengths.
-- name: gone
SELECT array_agg(w.id)
FROM unnest(%s, %s) w (lane, id)
LEFT JOIN LATERAL (SELECT true AS there FROM kpi_due q WHERE q.lane = w.lane AND q.id = w.id OFFSET 0) q ON true
WHERE there IS NULL
