-- Plans, goals, targets and measures: written by a plan's file or, one by one, through the API.

-- name: plan_document
SELECT document FROM plan WHERE city = %(city)s AND slug = %(plan)s FOR UPDATE

-- name: has_city
SELECT 1 FROM city WHERE slug = %(city)s

-- name: base_version
-- The version that computed the base year's value, where it was computed here.
SELECT version FROM kpi_value
WHERE city = %(city)s AND kpi = %(kpi)s AND scope_kind = %(scope_kind)s AND scope = %(scope)s AND period = 'P1Y'
  AND extract(year FROM start + (ends - start) / 2) = %(base_year)s AND quality = 'ok'

-- name: has_site
SELECT kind FROM site WHERE city = %(city)s AND slug = %(slug)s

-- name: has_area
SELECT kind FROM area WHERE city = %(city)s AND slug = %(slug)s

-- name: upsert_plan
INSERT INTO plan (city, slug, title, source, status, document)
VALUES (%(city)s, %(slug)s, %(title)s, %(source)s, %(status)s, %(document)s)
ON CONFLICT (city, slug) DO UPDATE SET (title, source, status, document, changed_at) =
    (excluded.title, excluded.source, excluded.status, excluded.document, clock_timestamp())

-- name: upsert_goal
INSERT INTO goal (city, slug, plan, title, text, sdg, owner, source, status)
VALUES (%(city)s, %(slug)s, %(plan)s, %(title)s, %(text)s, %(sdg)s, %(owner)s, %(source)s, %(status)s)
ON CONFLICT (city, slug) DO UPDATE SET (plan, title, text, sdg, owner, source, status, withdrawn_at, changed_at) =
    (excluded.plan, excluded.title, excluded.text, excluded.sdg, excluded.owner, excluded.source, excluded.status, NULL,
     clock_timestamp())

-- name: upsert_target
INSERT INTO target (city, slug, plan, goal, title, kpi, code, data_point, scope_kind, scope, period, direction, unit, base_year,
                    base_value, base_origin, points, value, due, source, note, version)
VALUES (%(city)s, %(slug)s, %(plan)s, %(goal)s, %(title)s, %(kpi)s, %(code)s, %(data_point)s, %(scope_kind)s, %(scope)s, %(period)s,
        %(direction)s, %(unit)s, %(base_year)s, %(base_value)s, %(base_origin)s, %(points)s, %(value)s, %(due)s, %(source)s, %(note)s,
        %(version)s)
ON CONFLICT (city, slug) DO UPDATE SET
    (plan, goal, title, kpi, code, data_point, scope_kind, scope, period, direction, unit, base_year, base_value, base_origin, points,
     value, due, source, note, version, withdrawn_at, changed_at) =
    (excluded.plan, excluded.goal, excluded.title, excluded.kpi, excluded.code, excluded.data_point, excluded.scope_kind,
     excluded.scope, excluded.period, excluded.direction, excluded.unit, excluded.base_year, excluded.base_value,
     excluded.base_origin, excluded.points, excluded.value, excluded.due, excluded.source, excluded.note, excluded.version, NULL,
     clock_timestamp())

-- name: upsert_measure
INSERT INTO measure (city, slug, plan, goal, title, text, sites, areas, starts, ends, kpi, direction, kpis, expected,
                     transition_months, control_sites, nearby, owner, source, status)
VALUES (%(city)s, %(slug)s, %(plan)s, %(goal)s, %(title)s, %(text)s, %(sites)s, %(areas)s, %(starts)s, %(ends)s, %(kpi)s,
        %(direction)s, %(kpis)s, %(expected)s, %(transition_months)s, %(control_sites)s, %(nearby)s, %(owner)s, %(source)s,
        %(status)s)
ON CONFLICT (city, slug) DO UPDATE SET
    (plan, goal, title, text, sites, areas, starts, ends, kpi, direction, kpis, expected, transition_months, control_sites, nearby,
     owner, source, status, withdrawn_at, changed_at) =
    (excluded.plan, excluded.goal, excluded.title, excluded.text, excluded.sites, excluded.areas, excluded.starts, excluded.ends,
     excluded.kpi, excluded.direction, excluded.kpis, excluded.expected, excluded.transition_months, excluded.control_sites,
     excluded.nearby, excluded.owner, excluded.source, excluded.status, NULL, clock_timestamp())

-- name: goal
SELECT plan, title, text, sdg, owner, source, status, withdrawn_at IS NOT NULL AS withdrawn FROM goal
WHERE city = %(city)s AND slug = %(slug)s FOR UPDATE

-- name: target
SELECT plan, goal, title, kpi, code, data_point, scope_kind, scope, period, direction, unit, base_year, base_value, base_origin,
       points, value, due, source, note, version, withdrawn_at IS NOT NULL AS withdrawn
FROM target WHERE city = %(city)s AND slug = %(slug)s FOR UPDATE

-- name: measure
SELECT plan, goal, title, text, sites, areas, starts, ends, kpi, direction, kpis, expected, transition_months, control_sites, nearby,
       owner, source, status, withdrawn_at IS NOT NULL AS withdrawn, locked_at
FROM measure WHERE city = %(city)s AND slug = %(slug)s FOR UPDATE

-- name: names_of_goals
SELECT slug FROM goal WHERE city = %(city)s AND plan = %(plan)s AND withdrawn_at IS NULL

-- name: names_of_targets
SELECT slug FROM target WHERE city = %(city)s AND plan = %(plan)s AND withdrawn_at IS NULL

-- name: names_of_measures
SELECT slug FROM measure WHERE city = %(city)s AND plan = %(plan)s AND withdrawn_at IS NULL

-- name: withdraw_goal
UPDATE goal SET withdrawn_at = clock_timestamp(), changed_at = clock_timestamp()
WHERE city = %(city)s AND slug = %(slug)s AND withdrawn_at IS NULL RETURNING slug

-- name: withdraw_target
UPDATE target SET withdrawn_at = clock_timestamp(), changed_at = clock_timestamp()
WHERE city = %(city)s AND slug = %(slug)s AND withdrawn_at IS NULL RETURNING slug

-- name: withdraw_measure
UPDATE measure SET withdrawn_at = clock_timestamp(), changed_at = clock_timestamp()
WHERE city = %(city)s AND slug = %(slug)s AND withdrawn_at IS NULL RETURNING slug

-- name: lock_measure
UPDATE measure SET locked_at = clock_timestamp(), locked_by = %(who)s, changed_at = clock_timestamp()
WHERE city = %(city)s AND slug = %(slug)s AND locked_at IS NULL AND withdrawn_at IS NULL RETURNING slug

-- name: audit
INSERT INTO audit_log (who, city, what, target, before, after)
VALUES (%(who)s, %(city)s, %(what)s, %(target)s, %(before)s, %(after)s)

-- name: plans
SELECT slug AS plan, title, source, status, added_at, changed_at FROM plan WHERE city = %(city)s ORDER BY slug

-- name: goals
-- With a locked measure, which is always there, its goal is.
SELECT city, slug AS goal, plan, title, text, sdg, owner, source, status AS decision, withdrawn_at, changed_at
FROM goal g
WHERE city = %(city)s
  AND (withdrawn_at IS NULL OR %(withdrawn)s
       OR EXISTS (SELECT FROM measure m WHERE m.city = g.city AND m.goal = g.slug AND m.locked_at IS NOT NULL))
ORDER BY plan NULLS LAST, slug

-- name: targets
SELECT city, slug AS target, goal, plan, title, kpi, code AS u4ssc, data_point, scope_kind, scope, period, direction, unit, base_year,
       base_value, base_origin, points, value, due, source, note, version, withdrawn_at, changed_at
FROM target WHERE city = %(city)s AND (withdrawn_at IS NULL OR %(withdrawn)s) ORDER BY goal, slug

-- name: measures
-- A measure that was locked is always there: leaving out what did not work would make the others look better.
SELECT city, slug AS measure, goal, plan, title, text, sites, areas, starts AS "from", ends AS "to", kpi, direction, kpis, expected,
       transition_months, control_sites, nearby, owner, source, status, locked_at, locked_by, withdrawn_at, changed_at
FROM measure WHERE city = %(city)s AND (withdrawn_at IS NULL OR locked_at IS NOT NULL OR %(withdrawn)s) ORDER BY goal, starts, slug

-- name: parts_of_goal
-- What counts of a goal.
SELECT 'target', slug FROM target WHERE city = %(city)s AND goal = %(slug)s AND withdrawn_at IS NULL
UNION ALL
SELECT 'measure', slug FROM measure WHERE city = %(city)s AND goal = %(slug)s AND withdrawn_at IS NULL
