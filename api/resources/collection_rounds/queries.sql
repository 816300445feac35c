-- name: rounds
-- Rounds of a city with how many KPIs have come how far.
SELECT r.city, r.year, r.deadline, r.closed_at IS NOT NULL AS closed, r.note, r.opened_at, a.kpis, a.asked, a.entered,
       a.checked, a.signed,
       (SELECT count(*) FROM assignment_question q
        WHERE q.city = r.city AND q.year = r.year AND q.answered_at IS NULL) AS open_questions
FROM collection_round r
CROSS JOIN LATERAL (
    SELECT count(*) AS kpis, count(*) FILTER (WHERE state = 'asked') AS asked,
           count(*) FILTER (WHERE state = 'entered') AS entered, count(*) FILTER (WHERE state = 'checked') AS checked,
           count(*) FILTER (WHERE state = 'signed') AS signed
    FROM assignment WHERE city = r.city AND year = r.year) a
WHERE r.city = %(city)s {where} {page}

-- name: where_year
r.year = %(year)s

-- name: assignments
-- How far each KPI is; nobody's name.
SELECT a.city, a.year, a.code, nullif(a.unit, '') AS unit, a.state, a.asked_at, a.entered_at, a.checked_at, a.signed_at,
       a.reopened_at,
       (SELECT count(*) FROM assignment_question q WHERE q.city = a.city AND q.year = a.year AND q.code = a.code
          AND q.answered_at IS NULL) AS open_questions
FROM assignment a
WHERE a.city = %(city)s AND a.year = %(year)s {where} {page}

-- name: where_code
a.code = %(code)s

-- name: where_state
a.state = %(state)s

-- name: where_unit
a.unit = %(unit)s

-- name: open_assignments
-- What an open list of missing values may say of each KPI.
SELECT code, unit, state FROM assignment WHERE city = %(city)s AND year = %(year)s

-- name: deadline
SELECT deadline FROM collection_round WHERE city = %(city)s AND year = %(year)s
