-- name: mark_hours
-- One changed bucket per hour that holds observations: the processor then looks at the hour, and at what rests on it.
-- Only where there are observations: an hour that outlived its raw data must not be computed from nothing.
INSERT INTO changed_bucket (datastream, bucket)
SELECT o.datastream, date_bin('5 minutes', min(o.time), '2000-01-01 00:00:00+00')
FROM observation o
WHERE o.datastream = ANY(%(datastreams)s)
GROUP BY o.datastream, date_bin('1 hour', o.time, '2000-01-01 00:00:00+00')
