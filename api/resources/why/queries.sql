-- What is known of some datastreams in a span of time. Every query is bounded: by the series asked for, by LIMIT, and raw
-- data is only looked at where the span is at most a day.

-- name: series_of_place
SELECT s.id FROM datastream s
WHERE s.city = %(city)s AND s.site = %(site)s AND s.property = ANY(%(properties)s) ORDER BY s.id LIMIT %(most)s

-- name: series_of_city
-- Those of devices that are active, at the place where each hangs now.
SELECT s.id FROM datastream s JOIN device d ON d.id = s.device
WHERE s.city = %(city)s AND d.status = 'active' AND s.site IS NOT NULL AND s.site = d.site ORDER BY s.id LIMIT %(most)s

-- name: definition
SELECT k.document FROM kpi_definition k WHERE k.id = %(kpi)s AND k.current

-- name: value
SELECT v.ends, v.quality, v.reason, v.evidence, v.detail, v.computed_at, v.coverage
FROM kpi_value v
WHERE v.city = %(city)s AND v.kpi = %(kpi)s AND v.scope_kind = %(scope_kind)s AND v.scope = %(scope)s
  AND v.period = %(period)s AND v.start = %(start)s

-- name: value_then
-- As it was said at a time: the first version that was replaced later, or the present one; if anything was said by then.
SELECT v.ends, v.quality, v.reason, v.evidence, v.detail, v.computed_at, v.coverage
FROM (SELECT city, kpi, scope_kind, scope, period, start, ends, quality, reason, evidence, detail, computed_at, coverage,
             added_at, 'infinity'::timestamptz AS superseded_at
      FROM kpi_value
      UNION ALL
      SELECT city, kpi, scope_kind, scope, period, start, ends, quality, reason, evidence, detail, computed_at, coverage,
             added_at, superseded_at
      FROM kpi_value_history WHERE superseded_at > %(then)s) v
WHERE v.city = %(city)s AND v.kpi = %(kpi)s AND v.scope_kind = %(scope_kind)s AND v.scope = %(scope)s
  AND v.period = %(period)s AND v.start = %(start)s AND least(v.added_at, v.computed_at) <= %(then)s
ORDER BY v.superseded_at LIMIT 1

-- name: due
-- Rows that wait for this value, of a site; of a scope those of any site in the city.
SELECT count(*), min(q.due_at) FROM kpi_due q
WHERE q.lane = (abs(hashtextextended(%(kpi)s || ' ' || %(city)s, 0)) %% 16)::smallint
  AND q.kpi = %(kpi)s AND q.city = %(city)s AND q.period = %(period)s AND q.start = %(start)s
  AND (%(scope_kind)s <> 'site' OR q.site = %(scope)s)

-- name: sites
-- What the sites of the scope say for the period.
SELECT v.scope AS site, v.quality, v.reason, v.coverage
FROM kpi_value v JOIN site t ON t.city = v.city AND t.slug = v.scope
WHERE v.city = %(city)s AND v.kpi = %(kpi)s AND v.scope_kind = 'site' AND v.period = %(period)s AND v.start = %(start)s
  AND (%(scope_kind)s <> 'district' OR t.area IN (SELECT bypuls_areas_within(%(city)s, %(scope)s)))
ORDER BY v.scope LIMIT %(most)s

-- name: hours
-- Per datastream: what it is, and of its hours in the span how many suffice, and would if something counted that does not.
SELECT s.id AS datastream, d.external_id AS device, s.site, s.property, s.channel, d.status AS device_status, s.first_time,
       s.last_time, bypuls_silent_from(s.last_time, s.interval, s.expected_spacing) AS silent_from,
       extract(epoch FROM s.expected_spacing)::double precision AS spacing_seconds, h.*
FROM datastream s
JOIN device d ON d.id = s.device
CROSS JOIN LATERAL (
    SELECT count(*) AS hours, count(*) FILTER (WHERE share >= %(needed)s) AS sufficient,
           count(*) FILTER (WHERE share < %(needed)s AND with_invalidated >= %(needed)s) AS but_invalidated,
           count(*) FILTER (WHERE share < %(needed)s AND with_flagged >= %(needed)s) AS but_flagged,
           coalesce(sum(valid), 0)::integer AS valid, coalesce(sum(n_suspect), 0)::integer AS suspect,
           coalesce(sum(fail), 0)::integer AS fail, coalesce(sum(n_invalidated), 0)::integer AS invalidated,
           sum(expected)::integer AS expected, max(computed_at) AS rolled_up_at
    FROM (SELECT c.*, coalesce(c.covered, least(1, c.valid / coalesce(nullif(c.expected, 0), greatest(c.valid, 1))::float8)) AS share,
                 CASE WHEN c.n_invalidated > 0 THEN
                     least(1, (c.valid + c.n_invalidated) / coalesce(nullif(c.expected, 0), 1)::float8) ELSE 0 END AS with_invalidated,
                 CASE WHEN c.n_suspect + c.fail > 0 THEN
                     least(1, (c.valid + c.n_suspect + c.fail) / coalesce(nullif(c.expected, 0), 1)::float8) ELSE 0 END AS with_flagged
          FROM (SELECT r.n_good + r.n_not_evaluated AS valid, r.n_suspect, r.n_fail + coalesce(r.dropped, 0) AS fail,
                       coalesce(r.n_invalidated, 0) AS n_invalidated, r.expected, r.covered, r.computed_at
                FROM rollup_1h r
                WHERE r.datastream = s.id AND r.bucket >= %(since)s AND r.bucket < %(until)s OFFSET 0) c) w
) h
WHERE s.id = ANY(%(series)s)
ORDER BY s.id

-- name: waiting
SELECT q.datastream, count(*) FROM changed_bucket q
WHERE q.datastream = ANY(%(series)s) AND q.bucket >= %(since)s AND q.bucket < %(until)s GROUP BY 1

-- name: raw
-- What came, and when; late: after the span was over by more than ten minutes.
SELECT o.datastream, count(*), count(*) FILTER (WHERE o.received_at > %(until)s::timestamptz + interval '10 minutes'),
       min(o.received_at), max(o.received_at)
FROM observation o
WHERE o.datastream = ANY(%(series)s) AND o.time >= %(since)s AND o.time < %(until)s GROUP BY 1

-- name: refused
-- Messages of these devices that were refused while the span lasted, whole or in the part that names the property.
SELECT q.id, q.device, q.received_at, q.last_received_at, q.occurrences, q.reason, q.detail, q.hint, q.stored,
       (SELECT array_agg(r->>'field') FROM jsonb_array_elements(q.refusals) r) AS fields
FROM quarantine q
WHERE q.city = %(city)s AND q.device = ANY(%(devices)s) AND q.last_received_at >= %(since)s
  AND q.received_at < %(until)s::timestamptz + interval '10 minutes' AND q.replay_outcome IS DISTINCT FROM 'stored'
ORDER BY q.last_received_at DESC LIMIT %(most)s

-- name: invalid
SELECT i.datastream, i.id, n.why, n.who FROM invalid_span i JOIN invalidation n ON n.id = i.id
WHERE i.datastream = ANY(%(series)s) AND i.since < %(until)s AND i.until > %(since)s ORDER BY i.id LIMIT %(most)s

-- name: is_home
SELECT FROM bypuls_open.hidden_site h WHERE h.city = %(city)s AND h.slug = %(scope)s

-- name: withheld
SELECT h.id FROM bypuls_open.hidden_datastream h WHERE h.id = ANY(%(series)s)

-- name: events
-- The last thing each device said of itself by the end of the span.
SELECT DISTINCT ON (d.external_id) d.external_id, e.time, e.kind
FROM device_event e JOIN device d ON d.id = e.device
WHERE d.city = %(city)s AND d.external_id = ANY(%(devices)s) AND e.time < %(until)s
ORDER BY d.external_id, e.time DESC
