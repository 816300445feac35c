-- name: properties
SELECT p.id AS property, p.name, p.domain, p.unit, p.aggregation, p.diagnostic, p.valid_range
FROM observed_property p
WHERE true {where} {page}

-- name: where_property
p.id = %(property)s

-- name: where_domain
p.domain = %(domain)s
