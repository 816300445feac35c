-- name: observations
-- The page is cut first and named afterwards: joins over a long range would be made for nothing. Either way round.
SELECT s.city, o.datastream, d.external_id AS device, s.site, s.property, s.channel, o.time, o.value, {judged}, p.unit, o.flag,
       CASE o.flag WHEN 1 THEN 'good' WHEN 2 THEN 'not_evaluated' WHEN 3 THEN 'suspect' WHEN 4 THEN 'fail'
                   WHEN 9 THEN 'missing' END AS quality,
       s.class, s.origin, o.rank, o.received_at
FROM (SELECT r.* FROM observation r
      WHERE r.datastream = ANY(%(series)s) {where} {page}) o
JOIN datastream s ON s.id = o.datastream
JOIN device d ON d.id = s.device
JOIN observed_property p ON p.id = s.property
ORDER BY o.datastream {direction}, o.time {direction}

-- name: where_from_
r.time >= %(from_)s

-- name: where_to
r.time < %(to)s

-- name: where_flag
r.flag = ANY(%(flag)s)

-- name: judged
-- What counts of it: calibrated (null: as sent), and whether people left it out. On the page's rows only.
(SELECT CASE WHEN p.aggregation = 'circular_mean'
             THEN o.value + k.intercept - 360 * floor((o.value + k.intercept) / 360)
             ELSE o.value * k.slope + k.intercept END
 FROM calibrated_span k WHERE k.datastream = o.datastream AND o.time >= k.since AND o.time < k.until) AS calibrated,
EXISTS (SELECT FROM invalidation i
        WHERE i.lifted_at IS NULL AND i.city = s.city AND (i.datastream = s.id OR i.device = s.device OR i.site = s.site)
          AND o.time < i.until
          AND (o.time >= i.since OR o.time + coalesce(s.interval, '0') > i.since)) AS invalidated
