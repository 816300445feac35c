-- Values that a city reports of itself. What a register says (origin 'register') stands beside them and is not touched.

-- name: city_names
SELECT name FROM city WHERE slug = %(city)s

-- name: zone
SELECT time_zone FROM city WHERE slug = %(city)s

-- name: reported
SELECT code, data_point, value, numerator, denominator, unit, data_quality, data_origin, source, comment, verified
FROM reported_value WHERE city = %(city)s AND year = %(year)s AND origin = 'reported'
ORDER BY code, data_point

-- name: facts
-- The newest that held at the end of the year.
SELECT DISTINCT ON (name) name, value FROM fact
WHERE city = %(city)s AND scope_kind = 'city' AND valid_from <= make_date(%(year)s, 12, 31)
ORDER BY name, valid_from DESC

-- name: lock
SELECT value, numerator, denominator, unit, data_quality, data_origin, source, comment, verified
FROM reported_value
WHERE city = %(city)s AND year = %(year)s AND code = %(code)s AND data_point = %(data_point)s AND origin = 'reported'
FOR UPDATE

-- name: one_at_a_time
-- Where nothing stands yet there is no row to lock.
SELECT pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'reported', %(city)s::text, %(year)s::text, %(code)s::text,
                                                        %(data_point)s::text), 0))

-- name: said_last
SELECT who, changed_at, value, unit FROM reported_value
WHERE city = %(city)s AND year = %(year)s AND code = %(code)s AND data_point = %(data_point)s AND origin = 'reported'

-- name: has_entered
SELECT bypuls_has_entered(%(who)s, %(city)s, %(year)s, %(code)s)

-- name: put
INSERT INTO reported_value (city, year, code, data_point, origin, value, numerator, denominator, unit, data_quality,
                            data_origin, source, comment, verified, who)
VALUES (%(city)s, %(year)s, %(code)s, %(data_point)s, 'reported', %(value)s, %(numerator)s, %(denominator)s, %(unit)s,
        %(data_quality)s, %(data_origin)s, %(source)s, %(comment)s, %(verified)s, %(who)s)
ON CONFLICT (city, year, code, data_point, origin) DO UPDATE SET
    (value, numerator, denominator, unit, data_quality, data_origin, source, comment, verified, who, changed_at) =
    (excluded.value, excluded.numerator, excluded.denominator, excluded.unit, excluded.data_quality,
     excluded.data_origin, excluded.source, excluded.comment, excluded.verified, excluded.who, clock_timestamp())

-- name: verify
UPDATE reported_value SET verified = %(verified)s, changed_at = clock_timestamp()
WHERE city = %(city)s AND year = %(year)s AND code = %(code)s AND data_point = %(data_point)s AND origin = 'reported'

-- name: remove
DELETE FROM reported_value
WHERE city = %(city)s AND year = %(year)s AND code = %(code)s AND data_point = %(data_point)s AND origin = 'reported'

-- name: audit
INSERT INTO audit_log (who, city, what, target, before, after)
VALUES (%(who)s, %(city)s, %(what)s, %(target)s, %(before)s, %(after)s)
