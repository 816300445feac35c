-- name: rollups_1h
-- `mean` by the property's aggregation: of levels in dB the energy mean, of directions the circular one; a register has
-- none, but an increase. n_suspect and n_fail are counted, and in nothing else.
SELECT s.city, o.datastream, d.external_id AS device, s.site, s.property, s.channel, o.bucket,
       {mean} AS mean, {steadiness} AS steadiness, o.min, o.max, CASE WHEN p.aggregation <> 'counter' THEN o.sum END AS sum,
       o.first, o.last, o.increase, o.gap_increase, p.unit,
       o.n_good, o.n_not_evaluated, o.n_suspect, o.n_fail + coalesce(o.dropped, 0) AS n_fail, o.n_invalidated,
       o.expected,
       coalesce(o.covered, least(1, (o.n_good + o.n_not_evaluated)::double precision / nullif(o.expected, 0))) AS coverage,
       o.first_time, o.last_time, o.resets,
       nullif(o.slope, 'NaN') AS slope, nullif(o.intercept, 'NaN') AS intercept,
       coalesce(o.slope = 'NaN', false) AS partly_calibrated, s.class, s.origin, o.computed_at
FROM (SELECT r.* FROM rollup_1h r
      WHERE r.datastream = ANY(%(series)s) {where} {page}) o
JOIN datastream s ON s.id = o.datastream
JOIN device d ON d.id = s.device
JOIN observed_property p ON p.id = s.property
ORDER BY o.datastream, o.bucket

-- name: rollups_5m
-- What five minutes should hold is known where values come at least that often.
SELECT s.city, o.datastream, d.external_id AS device, s.site, s.property, s.channel, o.bucket,
       {mean} AS mean, {steadiness} AS steadiness, o.min, o.max, CASE WHEN p.aggregation <> 'counter' THEN o.sum END AS sum,
       o.first, o.last, o.increase, o.gap_increase, p.unit,
       o.n_good, o.n_not_evaluated, o.n_suspect, o.n_fail, o.n_invalidated, e.expected,
       least(1, (o.n_good + o.n_not_evaluated)::double precision / nullif(e.expected, 0)) AS coverage,
       o.first_time, o.last_time, o.resets,
       NULL::double precision AS slope, NULL::double precision AS intercept, false AS partly_calibrated, s.class, s.origin, o.computed_at
FROM (SELECT r.* FROM rollup_5m r
      WHERE r.datastream = ANY(%(series)s) {where} {page}) o
JOIN datastream s ON s.id = o.datastream
JOIN device d ON d.id = s.device
JOIN observed_property p ON p.id = s.property
CROSS JOIN LATERAL (
    SELECT CASE WHEN coalesce(s.expected_spacing, s.interval) BETWEEN interval '1 second' AND interval '5 minutes'
                THEN round(300 / extract(epoch FROM coalesce(s.expected_spacing, s.interval)))::integer END AS expected
) e
ORDER BY o.datastream, o.bucket

-- name: mean
CASE p.aggregation
    WHEN 'counter' THEN NULL
    WHEN 'energy_mean' THEN
        CASE WHEN o.energy_sum > 0 THEN 10 * log(o.energy_sum / (o.n_good + o.n_not_evaluated)) END
    WHEN 'circular_mean' THEN
        CASE WHEN o.sin_sum <> 0 OR o.cos_sum <> 0
             THEN atan2d(o.sin_sum, o.cos_sum) + CASE WHEN atan2d(o.sin_sum, o.cos_sum) < 0 THEN 360 ELSE 0 END END
    ELSE o.sum / nullif(o.n_good + o.n_not_evaluated, 0)
END

-- name: steadiness
CASE p.aggregation WHEN 'circular_mean'
     THEN sqrt(o.sin_sum ^ 2 + o.cos_sum ^ 2) / nullif(o.n_good + o.n_not_evaluated, 0) END

-- name: where_from_
r.bucket >= %(from_)s

-- name: where_to
r.bucket < %(to)s
