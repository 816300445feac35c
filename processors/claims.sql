-- Claims values from one lane of kpi_due: one of the first two, then `claim`. Of a long queue only its head or its tail is
-- looked at: grouping all of it for every batch would cost more than computing. Rows that are due later than the longest
-- rest (5 s) belong to a later round of a running month or year, and stay.

-- name: in_order
WITH seen AS (
    SELECT * FROM kpi_due
    WHERE lane = %(lane)s AND (%(everything)s OR due_at <= %(now)s + interval '10 seconds')
    ORDER BY id LIMIT greatest(3 * %(limit)s, 15000)  -- of a small portion too: a value's rows are many
)

-- Hours and days of now. The newest rows are looked at: what is left out comes in its order.
-- name: recent
WITH seen AS (
    SELECT * FROM (SELECT * FROM kpi_due WHERE lane = %(lane)s ORDER BY id DESC LIMIT 3 * %(limit)s) newest
    WHERE start >= %(since)s AND period IN ('PT1H', 'P1D')
)

-- Values whose hours have come to rest (the newest row is due) or that have waited for a minute. A value's rows are all
-- taken at once; the sites of one period together, so that their city is computed once. `hours` bounds what one batch
-- reads. Returns each value once. The lane's lock keeps other workers off these rows.
-- name: claim
, waiting AS (
    SELECT kpi, city, site, period, start, date_trunc('minute', min(due_at)) AS oldest, array_agg(id) AS ids,
           CASE period WHEN 'PT1H' THEN 1 WHEN 'P1D' THEN 24 WHEN 'P1M' THEN 744 ELSE 8784 END AS hours
    FROM seen
    GROUP BY kpi, city, site, period, start
    HAVING %(everything)s OR max(due_at) <= %(now)s OR min(due_at) <= %(now)s - interval '60 seconds'
    ORDER BY oldest, kpi, period, start, site LIMIT %(limit)s
), chosen AS MATERIALIZED (
    SELECT * FROM (SELECT *, sum(hours) OVER (ORDER BY oldest, kpi, period, start, site) - hours AS before
                   FROM waiting) w
    WHERE before < %(hours)s
), gone AS (
    DELETE FROM kpi_due WHERE lane = %(lane)s AND id = ANY (ARRAY(SELECT unnest(ids) FROM chosen))
)
SELECT kpi, city, period, site, extract(epoch FROM start)::bigint, hours FROM chosen
