-- name: areas
SELECT a.city, a.slug AS area, a.name, a.kind, a.parent, a.population, a.boundary
FROM area a
WHERE a.city = %(city)s {where} {page}

-- name: where_area
a.slug = %(area)s

-- name: where_kind
a.kind = %(kind)s

-- name: where_parent
a.parent = %(parent)s
