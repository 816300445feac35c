-- name: see_open_data_only
-- Views of this schema hide what is measured in households; other tables are found as ever.
SET LOCAL search_path = bypuls_open, public

-- name: city
SELECT slug, name, time_zone, country, county, licence FROM city WHERE slug = %(city)s

-- name: facts
-- Of each name what was valid at the year's end.
SELECT DISTINCT ON (name) name, value, unit, valid_from, source, status
FROM fact
WHERE city = %(city)s AND scope_kind = 'city' AND valid_from <= make_date(%(year)s, 12, 31)
ORDER BY name, valid_from DESC

-- name: simulated
SELECT count(*) FILTER (WHERE d.origin = 'simulated'), count(*)
FROM datastream d
WHERE d.city = %(city)s
  AND d.first_time < make_date(%(year)s + 1, 1, 2) AND d.last_time >= make_date(%(year)s, 1, 1)

-- name: values
-- A year begins at midnight, at seven (noise) or in another zone: it is the one its middle lies in.
SELECT v.kpi, v.scope_kind, v.scope, coalesce(s.name, a.name, v.scope) AS scope_name, v.period, v.start, v.ends,
       v.value, v.unit, v.band, v.detail, v.status, v.quality, v.reason, v.coverage, v.evidence, v.version,
       v.computed_at, d.document, w.name AS decided_by
FROM kpi_value v
JOIN LATERAL (
    SELECT k.document FROM kpi_definition k WHERE k.id = v.kpi AND (k.version = v.version OR k.current)
    ORDER BY k.version = v.version DESC LIMIT 1) d ON true
LEFT JOIN site s ON v.scope_kind = 'site' AND s.city = v.city AND s.slug = v.scope
LEFT JOIN area a ON v.scope_kind = 'district' AND a.city = v.city AND a.slug = v.scope
LEFT JOIN site w ON v.scope_kind <> 'site' AND w.city = v.city AND w.slug = v.detail ->> 'site'
WHERE v.city = %(city)s AND v.period = 'P1Y'
  AND v.start > make_date(%(year)s - 1, 12, 1) AND v.start < make_date(%(year)s, 2, 1)
ORDER BY d.document ->> 'domain', v.kpi, array_position(ARRAY['city', 'district', 'group', 'site'], v.scope_kind), v.scope

-- name: kpis_of_city
SELECT DISTINCT v.kpi
FROM kpi_value v
WHERE v.city = %(city)s AND v.scope_kind = 'city' AND v.period = 'P1Y' AND v.quality = 'ok'
  AND v.start > make_date(%(year)s - 1, 12, 1) AND v.start < make_date(%(year)s, 2, 1)
ORDER BY v.kpi

-- name: asked
SELECT a.code, a.unit, r.deadline
FROM assignment a JOIN collection_round r USING (city, year)
WHERE a.city = %(city)s AND a.year = %(year)s AND a.unit <> ''

-- name: store
INSERT INTO report (city, kind, year, format, language, demonstration, hash, versions, document, made_at, who)
VALUES (%(city)s, 'city', %(year)s, %(format)s, %(language)s, %(demonstration)s, %(hash)s, %(versions)s, %(document)s,
        %(made_at)s, %(who)s)
ON CONFLICT (city, kind, year, format, language, hash)
DO UPDATE SET document = excluded.document, made_at = excluded.made_at, who = excluded.who
RETURNING id

-- name: audit
INSERT INTO audit_log (who, city, what, target, after)
VALUES (%(who)s, %(city)s, 'report.make', %(target)s, %(after)s)
