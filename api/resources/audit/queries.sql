-- name: audit
SELECT a.id, a.time, a.who, a.city, a.what, a.target, a.before, a.after
FROM audit_log a
WHERE true {where} {page}

-- name: where_city
a.city = %(city)s

-- name: where_who
a.who = %(who)s

-- name: where_what
a.what = %(what)s

-- name: where_target
a.target = %(target)s
