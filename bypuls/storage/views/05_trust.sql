-- Calibrations and invalidations as spans of time of single datastreams: [since, until).

-- One that changes nothing (slope 1, intercept 0) ends the one before it.
CREATE OR REPLACE VIEW calibrated_span AS
SELECT * FROM (
    SELECT k.datastream, k.valid_from AS since,
           coalesce(lead(k.valid_from) OVER (PARTITION BY k.datastream ORDER BY k.valid_from), 'infinity') AS until,
           k.slope, k.intercept, k.id
    FROM calibration k WHERE k.removed_at IS NULL) k
WHERE k.slope <> 1 OR k.intercept <> 0;

-- A value of an interval stands at its start: it is invalid when any part of its interval is.
CREATE OR REPLACE VIEW invalid_span AS
SELECT d.id AS datastream,
       CASE WHEN d.interval > interval '0' THEN i.since - d.interval + interval '1 microsecond' ELSE i.since END AS since,
       i.until, i.id
FROM invalidation i
JOIN datastream d ON d.city = i.city AND (d.id = i.datastream OR d.device = i.device OR d.site = i.site)
WHERE i.lifted_at IS NULL;
