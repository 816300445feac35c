-- name: note
INSERT INTO standard_numbers (standard, numbers)
SELECT n.standard, n.numbers FROM unnest(%(standards)s::text[], %(numbers)s::text[]) AS n (standard, numbers)
WHERE n.numbers IS DISTINCT FROM (SELECT s.numbers FROM standard_numbers s WHERE s.standard = n.standard
                                  ORDER BY s.since DESC LIMIT 1)

-- name: all
SELECT standard, numbers, since FROM standard_numbers ORDER BY since
