-- A transaction that began earlier may commit later: only what no running transaction can still get before is given,
-- so that a reader who resumes behind a position misses nothing.

-- name: newest_position
SELECT v.xact::text, v.seq FROM kpi_value v
WHERE v.xact < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY v.xact DESC, v.seq DESC LIMIT 1

-- name: next_transaction
SELECT pg_snapshot_xmax(pg_current_snapshot())::text

-- name: changes
SELECT v.city, v.kpi, v.scope_kind, v.scope, v.period, v.start, v.ends, v.value, v.unit, v.band, v.status, v.quality,
       v.reason, v.coverage, v.detail, v.evidence, v.version, v.final_at, v.computed_at, v.xact::text, v.seq
FROM kpi_value v
WHERE (v.xact, v.seq) > (%(xact)s::text::xid8, %(seq)s::bigint)
  AND (v.xact, v.seq) <= (%(until_xact)s::text::xid8, %(until_seq)s::bigint) {where}
ORDER BY v.xact, v.seq LIMIT %(limit)s

-- name: changes_put_together
-- Everything at once: a page that only asks again needs no values, and thousands may change in a moment.
SELECT v.city, v.kpi, v.period, count(*) AS values, max(v.start) AS newest
FROM kpi_value v
WHERE (v.xact, v.seq) > (%(xact)s::text::xid8, %(seq)s::bigint)
  AND (v.xact, v.seq) <= (%(until_xact)s::text::xid8, %(until_seq)s::bigint) {where}
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3

-- name: where_city
v.city = %(city)s

-- name: where_kpi
v.kpi = ANY(%(kpi)s)
