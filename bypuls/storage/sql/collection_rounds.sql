-- Rounds of a city's year: who is asked for which KPI, and how far it has come. The database keeps the order of steps.

-- name: one_at_a_time
-- Opening waits for values that are being entered, and they for it: whoever is second sees what the first did.
SELECT pg_advisory_xact_lock(hashtextextended('collection ' || %(city)s || ' ' || %(year)s::integer, 0))

-- name: round
SELECT closed_at IS NOT NULL FROM collection_round WHERE city = %(city)s AND year = %(year)s

-- name: lock_round
SELECT deadline, note, closed_at IS NOT NULL FROM collection_round WHERE city = %(city)s AND year = %(year)s FOR UPDATE

-- name: open
INSERT INTO collection_round (city, year, deadline, note, opened_by)
VALUES (%(city)s, %(year)s, %(deadline)s, %(note)s, %(who)s)
ON CONFLICT (city, year) DO NOTHING RETURNING year

-- name: change_round
UPDATE collection_round
SET deadline = %(deadline)s, note = %(note)s,
    closed_at = CASE WHEN %(closed)s THEN coalesce(closed_at, clock_timestamp()) END,
    closed_by = CASE WHEN %(closed)s THEN coalesce(closed_by, %(who)s) END
WHERE city = %(city)s AND year = %(year)s

-- name: last_asked
-- Whom the last round before this one asked.
SELECT code, unit, contact FROM assignment
WHERE city = %(city)s AND year = (SELECT max(year) FROM collection_round WHERE city = %(city)s AND year < %(year)s)

-- name: ask
-- What is there already when the round opens was entered by whoever wrote it last.
INSERT INTO assignment (city, year, code, unit, contact, asked_by, state, entered_by, entered_at)
SELECT %(city)s, %(year)s, %(code)s, %(unit)s, %(contact)s, %(who)s,
       CASE WHEN v.who IS NULL THEN 'asked' ELSE 'entered' END, v.who, v.changed_at
FROM (SELECT 1) one LEFT JOIN LATERAL (
    SELECT who, changed_at FROM reported_value
    WHERE city = %(city)s AND year = %(year)s AND code = %(code)s ORDER BY changed_at DESC LIMIT 1) v ON true
ON CONFLICT (city, year, code) DO NOTHING

-- name: signed
SELECT code FROM assignment WHERE city = %(city)s AND year = %(year)s AND state = 'signed'

-- name: assignments
SELECT code, unit, contact, state, asked_by, asked_at, entered_by, entered_at, checked_by, checked_at, signed_by, signed_at,
       reopened_by, reopened_at, reopened_why
FROM assignment WHERE city = %(city)s AND year = %(year)s

-- name: lock_assignment
SELECT unit, contact, state, entered_by FROM assignment
WHERE city = %(city)s AND year = %(year)s AND code = %(code)s FOR UPDATE

-- name: change_asked
UPDATE assignment SET unit = %(unit)s, contact = %(contact)s
WHERE city = %(city)s AND year = %(year)s AND code = %(code)s

-- name: points_of
-- Data points of a KPI of which something is said, from either origin.
SELECT DISTINCT data_point FROM reported_value WHERE city = %(city)s AND year = %(year)s AND code = %(code)s

-- name: take_measured
-- Sensors give all of it and nobody entered anything: who checks takes their values for the city's, and another signs.
UPDATE assignment SET state = 'entered', entered_by = %(who)s, entered_at = clock_timestamp()
WHERE city = %(city)s AND year = %(year)s AND code = %(code)s AND state = 'asked'

-- name: check
UPDATE assignment SET state = 'checked', checked_by = %(who)s, checked_at = clock_timestamp()
WHERE city = %(city)s AND year = %(year)s AND code = %(code)s

-- name: sign
UPDATE assignment SET state = 'signed', signed_by = %(who)s, signed_at = clock_timestamp()
WHERE city = %(city)s AND year = %(year)s AND code = %(code)s

-- name: reopen
UPDATE assignment SET (state, checked_by, checked_at, signed_by, signed_at, reopened_by, reopened_at, reopened_why) =
    ('entered', NULL, NULL, NULL, NULL, %(who)s, clock_timestamp(), %(why)s)
WHERE city = %(city)s AND year = %(year)s AND code = %(code)s

-- name: question
INSERT INTO assignment_question (city, year, code, data_point, question, asked_by)
VALUES (%(city)s, %(year)s, %(code)s, %(data_point)s, %(question)s, %(who)s) RETURNING id

-- name: lock_question
SELECT answer FROM assignment_question WHERE id = %(id)s AND city = %(city)s AND year = %(year)s FOR UPDATE

-- name: answer
UPDATE assignment_question SET answer = %(answer)s, answered_by = %(who)s, answered_at = clock_timestamp()
WHERE id = %(id)s

-- name: questions
SELECT id, code, data_point, question, asked_by, asked_at, answer, answered_by, answered_at
FROM assignment_question WHERE city = %(city)s AND year = %(year)s ORDER BY id

-- name: forget_contact
-- However it was typed: who asks to be forgotten does not know with which blanks and capitals.
UPDATE assignment SET contact = NULL
WHERE city = %(city)s
  AND lower(btrim(regexp_replace(contact, '\s+', ' ', 'g'))) = lower(btrim(regexp_replace(%(contact)s, '\s+', ' ', 'g')))
RETURNING year
