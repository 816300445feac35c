-- From rollups to kpi_value.

-- name: series
SELECT d.city, d.id, d.site, s.kind, d.property, p.aggregation, d.channel, v.external_id, d.class, d.origin,
       extract(epoch FROM d.interval)::float8, extract(epoch FROM d.expected_spacing)::float8,
       extract(epoch FROM d.first_time)::float8, v.status = 'active', s.attributes
FROM datastream d
JOIN device v ON v.id = d.device
JOIN observed_property p ON p.id = d.property
JOIN site s ON s.city = d.city AND s.slug = d.site
WHERE d.city = ANY(%s)

-- How many rows `series` has, and the sum of their marks without carry: another when any of them changes.
-- name: marks_of_series
SELECT city, count(*), bit_xor(hash_record_extended(d, 0)) FROM (
{series}
) d GROUP BY city

-- Each site's areas, its own and those around them.
-- name: areas
WITH RECURSIVE around AS (
    SELECT s.city, s.slug AS site, s.area FROM site s WHERE s.city = ANY(%s) AND s.area IS NOT NULL
    UNION
    SELECT a.city, r.site, a.parent FROM around r JOIN area a ON a.city = r.city AND a.slug = r.area
    WHERE a.parent IS NOT NULL
)
SELECT city, site, area FROM around ORDER BY city, site, area

-- name: household_groups
SELECT city, slug, sites FROM household_group WHERE city = ANY(%s)

-- name: create_staged
CREATE TEMP TABLE IF NOT EXISTS staged_value (
    city text NOT NULL, kpi text NOT NULL, scope_kind text NOT NULL, scope text NOT NULL, period text NOT NULL,
    start timestamptz NOT NULL, ends timestamptz NOT NULL, value double precision, unit text NOT NULL, band text,
    detail jsonb, quality text NOT NULL, reason text, coverage double precision, evidence jsonb NOT NULL,
    version text NOT NULL, final_at timestamptz NOT NULL, content bigint
)

-- name: empty_staged
TRUNCATE staged_value

-- name: stage
COPY staged_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, quality, reason,
                   coverage, evidence, version, final_at, content) FROM STDIN

-- A value is provisional until its period's end plus the lateness, then final; a final one that changes is revised.
-- What was said before is kept when value, status, quality or band change. Nothing is written when nothing changes.
-- `content` is the mark of what a row says (processors/content.py).
-- The lane's lock keeps others off these keys, so the join sees what the insert will meet.
-- name: upsert
WITH judged AS MATERIALIZED (
    SELECT n.*, o.city IS NOT NULL AS stands,
           CASE WHEN n.final_at > %(now)s THEN 'provisional'
                WHEN o.status IS NULL OR o.status = 'provisional' THEN 'final'
                WHEN (n.value, n.quality, n.band) IS DISTINCT FROM (o.value, o.quality, o.band) THEN 'revised'
                ELSE o.status END AS new_status,
           (o.value, o.quality, o.band) IS DISTINCT FROM (n.value, n.quality, n.band) AS says_else,
           o.status AS old_status, o.content IS DISTINCT FROM n.content AS marked_else,
           (o.evidence, o.detail, o.reason, o.coverage, o.version, o.unit, o.final_at, o.ends)
               IS DISTINCT FROM (n.evidence, n.detail, n.reason, n.coverage, n.version, n.unit, n.final_at, n.ends) AS shows_else
    FROM staged_value n
    LEFT JOIN LATERAL (SELECT * FROM kpi_value v
                       WHERE v.city = n.city AND v.kpi = n.kpi AND v.scope_kind = n.scope_kind AND v.scope = n.scope
                         AND v.period = n.period AND v.start = n.start OFFSET 0) o ON true
), changed AS MATERIALIZED (
    SELECT * FROM judged WHERE NOT stands OR says_else OR shows_else OR new_status <> old_status
), kept AS (
    INSERT INTO kpi_value_history (city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, status,
                                   quality, reason, coverage, evidence, version, final_at, computed_at, added_at, xact,
                                   seq, superseded_at)
    SELECT o.city, o.kpi, o.scope_kind, o.scope, o.period, o.start, o.ends, o.value, o.unit, o.band, o.detail, o.status,
           o.quality, o.reason, o.coverage, o.evidence, o.version, o.final_at, o.computed_at, o.added_at, o.xact,
           o.seq, %(now)s
    FROM changed c
    CROSS JOIN LATERAL (SELECT * FROM kpi_value v
                        WHERE v.city = c.city AND v.kpi = c.kpi AND v.scope_kind = c.scope_kind AND v.scope = c.scope
                          AND v.period = c.period AND v.start = c.start OFFSET 0) o
    WHERE c.stands AND (c.says_else OR c.new_status <> c.old_status)
    ON CONFLICT DO NOTHING
), written AS (
    INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, status, quality,
                           reason, coverage, evidence, version, final_at, content, computed_at)
    SELECT city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, new_status, quality, reason,
           coverage, evidence, version, final_at, content, %(now)s
    FROM changed
    ON CONFLICT (city, kpi, scope_kind, scope, period, start) DO UPDATE SET
        (ends, value, unit, band, detail, status, quality, reason, coverage, evidence, version, final_at, content,
         computed_at, xact, seq)
        = (excluded.ends, excluded.value, excluded.unit, excluded.band, excluded.detail, excluded.status,
           excluded.quality, excluded.reason, excluded.coverage, excluded.evidence, excluded.version, excluded.final_at,
           excluded.content, excluded.computed_at, pg_current_xact_id(), nextval('kpi_value_seq'))
    RETURNING 1
), marked AS (
    -- Says the same, by another mark: the mark alone is written, and nobody is told.
    UPDATE kpi_value v SET content = j.content
    FROM judged j
    WHERE j.stands AND j.marked_else AND NOT (j.says_else OR j.shows_else OR j.new_status <> j.old_status)
      AND v.city = j.city AND v.kpi = j.kpi AND v.scope_kind = j.scope_kind AND v.scope = j.scope
      AND v.period = j.period AND v.start = j.start
)
SELECT count(*) FROM written

-- Stored values of sites, looked up by their whole key: OFFSET 0 keeps that an index scan, whatever the planner believes
-- of the lengths of arrays.
-- name: stored_sites
SELECT v.kpi, v.city, v.period, extract(epoch FROM v.start)::bigint, v.scope, v.value, v.band, v.detail, v.quality,
       v.reason, v.coverage, v.evidence, v.content
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]) w (kpi, city, period, site, start)
CROSS JOIN LATERAL (SELECT * FROM kpi_value k
                    WHERE k.city = w.city AND k.kpi = w.kpi AND k.scope_kind = 'site' AND k.scope = w.site
                      AND k.period = w.period AND k.start = w.start OFFSET 0) v

-- What stands of one KPI, city, period and kind of scope. Small numbers in one: quality from 1, provisional, whether there
-- is a mark, band from 2 (1: none, 0: another).
-- name: standing
SELECT array_agg(w.at), array_agg(date_part('epoch', v.start)::bigint), array_agg(coalesce(v.value, 'NaN')),
       array_agg(coalesce(array_position(%s::text[], v.quality), 0)
                 + CASE WHEN v.status = 'provisional' THEN 4 ELSE 0 END
                 + CASE WHEN v.content IS NOT NULL THEN 8 ELSE 0 END
                 + 16 * CASE WHEN v.band IS NULL THEN 1 ELSE coalesce(array_position(%s::text[], v.band) + 1, 0) END),
       array_agg(coalesce(v.content, 0))
FROM unnest(%s::text[]) WITH ORDINALITY w (scope, at)
CROSS JOIN LATERAL (SELECT start, value, quality, status, band, content FROM kpi_value k
                    WHERE k.scope = w.scope AND k.city = %s AND k.kpi = %s AND k.period = %s AND k.scope_kind = %s
                      AND k.start >= %s AND k.start <= %s OFFSET 0) v

-- name: notify
SELECT pg_notify('bypuls_kpi', '')
