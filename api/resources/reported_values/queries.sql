-- name: reported_values
-- What a city and its registers say, as it stands, or as it stood at a time: the newest said by then,
-- unless it was taken away by then.
SELECT v.city, v.year, v.code, v.data_point, v.origin, v.value, v.numerator, v.denominator, v.unit,
       v.value IS NULL AS not_reported, v.data_quality, v.data_origin, v.source, v.comment, v.verified, v.changed_at
FROM (
    SELECT DISTINCT ON (w.city, w.year, w.code, w.data_point, w.origin) w.*
    FROM (SELECT city, year, code, data_point, origin, value, numerator, denominator, unit, data_quality, data_origin,
                 source, comment, verified, changed_at, 'infinity'::timestamptz AS superseded_at
          FROM reported_value WHERE city = %(city)s
          UNION ALL
          SELECT city, year, code, data_point, origin, value, numerator, denominator, unit, data_quality, data_origin,
                 source, comment, verified, changed_at, superseded_at
          FROM reported_value_history WHERE city = %(city)s AND %(as_of)s::timestamptz IS NOT NULL) w
    WHERE w.changed_at <= coalesce(%(as_of)s, 'infinity')
    ORDER BY w.city, w.year, w.code, w.data_point, w.origin, w.changed_at DESC
) v
WHERE v.superseded_at > coalesce(%(as_of)s, '-infinity') AND v.city = %(city)s {where} {page}

-- name: where_year
v.year = %(year)s

-- name: where_code
v.code = %(code)s

-- name: where_data_point
v.data_point = %(data_point)s

-- name: where_origin
v.origin = %(origin)s

-- name: history
-- What was said before, oldest first.
SELECT h.city, h.year, h.code, h.data_point, h.origin, h.value, h.numerator, h.denominator, h.unit,
       h.value IS NULL AS not_reported, h.data_quality, h.data_origin, h.source, h.comment, h.verified, h.changed_at,
       h.superseded_at
FROM reported_value_history h
WHERE h.city = %(city)s {where} {page}

-- name: where_history
h.year = %(year)s AND h.code = %(code)s AND h.data_point = %(data_point)s
