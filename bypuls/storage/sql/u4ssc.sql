-- What an assessment rests on, and what is set for it. Read as it stands, or as it stood at `as_of`: of each key the newest
-- that was said by then, unless it was replaced or taken away by then.

-- What held at the end of the year: the newest that is not younger.
-- name: facts
SELECT DISTINCT ON (name) name, value, unit, valid_from, source, status
FROM (SELECT DISTINCT ON (name, valid_from) w.*
      FROM (SELECT *, 'infinity'::timestamptz AS superseded_at FROM fact
            UNION ALL SELECT * FROM fact_history WHERE %(as_of)s::timestamptz IS NOT NULL) w
      WHERE city = %(city)s AND scope_kind = 'city' AND scope = %(city)s AND valid_from <= make_date(%(year)s, 12, 31)
        AND changed_at <= coalesce(%(as_of)s, 'infinity')
      ORDER BY name, valid_from, changed_at DESC) then_
WHERE superseded_at > coalesce(%(as_of)s, '-infinity')
ORDER BY name, valid_from DESC

-- The year begins at midnight of some zone between UTC-12 and UTC+14.
-- name: measured
SELECT DISTINCT ON (kpi, start)
       kpi, value, unit, quality, reason, status, coverage, evidence, version, start, computed_at
FROM (SELECT city, kpi, scope_kind, scope, period, start, value, unit, quality, reason, status, coverage, evidence, version,
             computed_at, added_at, 'infinity'::timestamptz AS superseded_at
      FROM kpi_value
      UNION ALL
      SELECT city, kpi, scope_kind, scope, period, start, value, unit, quality, reason, status, coverage, evidence, version,
             computed_at, added_at, superseded_at
      FROM kpi_value_history WHERE superseded_at > %(as_of)s) v
WHERE city = %(city)s AND scope_kind = 'city' AND scope = %(city)s AND period = 'P1Y' AND kpi = ANY(%(kpis)s)
  AND start BETWEEN make_timestamptz(%(year)s - 1, 12, 31, 10, 0, 0, 'UTC')
                AND make_timestamptz(%(year)s, 1, 1, 12, 0, 0, 'UTC')
  AND least(added_at, computed_at) <= coalesce(%(as_of)s, 'infinity')
ORDER BY kpi, start, superseded_at

-- name: stated
SELECT code, data_point, origin, value, numerator, denominator, unit, data_quality, data_origin, source, comment, evidence,
       verified, changed_at
FROM (SELECT DISTINCT ON (code, data_point, origin) w.*
      FROM (SELECT city, year, code, data_point, origin, value, numerator, denominator, unit, data_quality,
                   data_origin, source, comment, evidence, verified, changed_at, 'infinity'::timestamptz AS superseded_at FROM reported_value
            UNION ALL SELECT city, year, code, data_point, origin, value, numerator, denominator, unit, data_quality,
                   data_origin, source, comment, evidence, verified, changed_at, superseded_at FROM reported_value_history WHERE %(as_of)s::timestamptz IS NOT NULL) w
      WHERE city = %(city)s AND year = %(year)s AND changed_at <= coalesce(%(as_of)s, 'infinity')
      ORDER BY code, data_point, origin, changed_at DESC) then_
WHERE superseded_at > coalesce(%(as_of)s, '-infinity') ORDER BY code, data_point, origin

-- name: benchmarks
SELECT DISTINCT ON (code, data_point) code, data_point, start_value, target_value, source, valid_from
FROM (SELECT DISTINCT ON (code, data_point, valid_from) w.*
      FROM (SELECT *, 'infinity'::timestamptz AS superseded_at FROM u4ssc_benchmark
            UNION ALL SELECT * FROM u4ssc_benchmark_history WHERE %(as_of)s::timestamptz IS NOT NULL) w
      WHERE city = %(city)s AND valid_from <= make_date(%(year)s, 12, 31) AND changed_at <= coalesce(%(as_of)s, 'infinity')
      ORDER BY code, data_point, valid_from, changed_at DESC) then_
WHERE superseded_at > coalesce(%(as_of)s, '-infinity')
ORDER BY code, data_point, valid_from DESC

-- name: all_benchmarks
SELECT code, data_point, valid_from, start_value, target_value, source FROM u4ssc_benchmark
WHERE city = %(city)s ORDER BY code, data_point, valid_from

-- name: set_register_value
INSERT INTO reported_value (city, year, code, data_point, origin, value, numerator, denominator, unit, data_quality, data_origin,
                            source, comment, evidence, who)
VALUES (%(city)s, %(year)s, %(code)s, %(data_point)s, 'register', %(value)s, %(numerator)s, %(denominator)s, %(unit)s,
        %(data_quality)s, %(data_origin)s, %(source)s, %(comment)s, %(evidence)s, %(who)s)
ON CONFLICT (city, year, code, data_point, origin) DO UPDATE SET
    (value, numerator, denominator, unit, data_quality, data_origin, source, comment, evidence, verified, who, changed_at) =
    (excluded.value, excluded.numerator, excluded.denominator, excluded.unit, excluded.data_quality, excluded.data_origin,
     excluded.source, excluded.comment, excluded.evidence, 'unknown', excluded.who, clock_timestamp())
WHERE (reported_value.value, reported_value.numerator, reported_value.denominator, reported_value.unit,
       reported_value.data_quality, reported_value.data_origin, reported_value.source, reported_value.comment)
      IS DISTINCT FROM (excluded.value, excluded.numerator, excluded.denominator, excluded.unit, excluded.data_quality,
                        excluded.data_origin, excluded.source, excluded.comment)
RETURNING (xmax = 0) AS new

-- name: set_benchmark
INSERT INTO u4ssc_benchmark (city, code, data_point, valid_from, start_value, target_value, source, who)
VALUES (%(city)s, %(code)s, %(data_point)s, %(valid_from)s, %(start)s, %(target)s, %(source)s, %(who)s)
ON CONFLICT (city, code, data_point, valid_from) DO UPDATE SET (start_value, target_value, source, who, changed_at) =
    (excluded.start_value, excluded.target_value, excluded.source, excluded.who, clock_timestamp())
WHERE (u4ssc_benchmark.start_value, u4ssc_benchmark.target_value, u4ssc_benchmark.source)
      IS DISTINCT FROM (excluded.start_value, excluded.target_value, excluded.source)
RETURNING 1

-- name: benchmark
SELECT start_value, target_value, source FROM u4ssc_benchmark
WHERE city = %(city)s AND code = %(code)s AND data_point = %(data_point)s AND valid_from = %(valid_from)s FOR UPDATE

-- name: remove_benchmark
DELETE FROM u4ssc_benchmark
WHERE city = %(city)s AND code = %(code)s AND data_point = %(data_point)s AND valid_from = %(valid_from)s RETURNING 1

-- name: upsert_fact
INSERT INTO fact (city, scope_kind, scope, name, valid_from, value, unit, status, source)
VALUES (%(city)s, 'city', %(city)s, %(name)s, %(valid_from)s, %(value)s, %(unit)s, %(status)s, %(source)s)
ON CONFLICT (city, scope_kind, scope, name, valid_from) DO UPDATE SET (value, unit, status, source) =
    (excluded.value, excluded.unit, excluded.status, excluded.source)
WHERE (fact.value, fact.unit, fact.status, fact.source)
      IS DISTINCT FROM (excluded.value, excluded.unit, excluded.status, excluded.source)
RETURNING 1

-- name: audit
INSERT INTO audit_log (who, city, what, target, before, after) VALUES (%s, %s, %s, %s, %s, %s)
