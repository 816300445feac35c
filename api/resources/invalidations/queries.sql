-- name: invalidations
SELECT i.city, i.id, i.datastream, d.external_id AS device, i.site, i.since AS "from", i.until AS "to", i.why, i.who,
       i.added_at, i.lifted_at, i.lifted_by, i.lifted_why
FROM invalidation i LEFT JOIN device d ON d.id = i.device
WHERE i.city = %(city)s {where} {page}

-- name: where_datastream
-- Also those of its device and its site.
EXISTS (SELECT FROM datastream s WHERE s.id = %(datastream)s
          AND (i.datastream = s.id OR i.device = s.device OR (i.city = s.city AND i.site = s.site)))

-- name: where_device
d.external_id = %(device)s

-- name: where_site
i.site = %(site)s

-- name: where_from_
i.until > %(from_)s

-- name: where_to
i.since < %(to)s

-- name: where_in_force
i.lifted_at IS NULL

-- name: where_id
i.id = %(id)s

-- name: streams
-- The datastreams that an invalidation is about, as things hang now.
SELECT s.id FROM datastream s JOIN device d ON d.id = s.device
WHERE s.city = %(city)s AND (s.id = %(datastream)s OR d.external_id = %(device)s OR s.site = %(site)s)
ORDER BY s.id

-- name: add
INSERT INTO invalidation (city, datastream, device, site, since, until, why, who, added_at)
VALUES (%(city)s, %(datastream)s, (SELECT id FROM device WHERE city = %(city)s AND external_id = %(device)s), %(site)s,
        %(since)s, %(until)s, %(why)s, %(who)s, %(now)s)
RETURNING id

-- name: the_one
SELECT i.datastream, d.external_id, i.site, i.since, i.until, i.why
FROM invalidation i LEFT JOIN device d ON d.id = i.device
WHERE i.id = %(id)s AND i.city = %(city)s

-- name: lift
UPDATE invalidation SET lifted_at = %(now)s, lifted_by = %(who)s, lifted_why = %(why)s
WHERE id = %(id)s AND lifted_at IS NULL RETURNING id
