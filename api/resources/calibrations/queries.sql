-- name: calibrations
SELECT s.city, k.id, k.datastream, d.external_id AS device, s.site, s.property, s.channel, k.valid_from,
       (SELECT nullif(c.until, 'infinity') FROM calibrated_span c WHERE c.id = k.id) AS valid_until,
       k.slope, k.intercept, p.unit, k.who, k.why, k.added_at, k.removed_at, k.removed_by, k.removed_why
FROM calibration k
JOIN datastream s ON s.id = k.datastream
JOIN device d ON d.id = s.device
JOIN observed_property p ON p.id = s.property
WHERE s.city = %(city)s {where} {page}

-- name: where_datastream
k.datastream = ANY(%(datastream)s)

-- name: where_site
s.site = %(site)s

-- name: where_in_force
k.removed_at IS NULL

-- name: where_id
k.id = %(id)s

-- name: kind
SELECT p.id, p.aggregation, p.unit FROM datastream s JOIN observed_property p ON p.id = s.property
WHERE s.id = %(datastream)s

-- name: in_force
SELECT k.id FROM calibration k
WHERE k.datastream = %(datastream)s AND k.valid_from = %(valid_from)s AND k.removed_at IS NULL

-- name: until
-- Where the next one begins.
SELECT min(k.valid_from) FROM calibration k
WHERE k.datastream = %(datastream)s AND k.valid_from > %(valid_from)s AND k.removed_at IS NULL

-- name: add
INSERT INTO calibration (datastream, valid_from, slope, intercept, who, why, added_at)
VALUES (%(datastream)s, %(valid_from)s, %(slope)s, %(intercept)s, %(who)s, %(why)s, %(now)s) RETURNING id

-- name: the_one
SELECT s.city, k.datastream, k.valid_from, k.slope, k.intercept, k.removed_at
FROM calibration k JOIN datastream s ON s.id = k.datastream WHERE k.id = %(id)s

-- name: remove
UPDATE calibration SET removed_at = %(now)s, removed_by = %(who)s, removed_why = %(why)s
WHERE id = %(id)s AND removed_at IS NULL RETURNING id
