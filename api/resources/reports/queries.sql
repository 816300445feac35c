-- name: reports
SELECT r.id AS report, r.city, r.kind, r.year, r.format, r.language, r.demonstration, r.hash, r.versions,
       length(r.document) AS bytes, r.made_at
FROM report r
WHERE r.city = %(city)s {where} {page}

-- name: where_year
r.year = %(year)s

-- name: where_report_format
r.format = %(report_format)s

-- name: where_language
r.language = ANY(ARRAY[%(language)s, 'mul'])

-- name: where_hash
r.hash = %(hash)s

-- name: file
SELECT city, year, format, language, hash, document FROM report WHERE id = %(report)s
