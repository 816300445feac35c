-- name: register
-- Every device that somebody has taken in, with what the city's file says of it (`register` of the device, else of the
-- city, else the purposes of the catalogue). Households are one line per group: nobody learns which house has a meter.
SELECT r.* FROM (
    SELECT d.city, d.external_id AS entry, 'device' AS entry_kind, 1 AS devices, t.slug AS site, t.name AS place, t.kind, t.area,
           t.latitude, t.longitude, m.properties, m.domains, m.class, m.origin, d.status,
           coalesce(f.own -> 'purpose',
                    (SELECT jsonb_object_agg(p.domain, coalesce(f.city -> 'purposes' -> p.domain, %(purposes)s::jsonb -> p.domain))
                     FROM unnest(m.domains) AS p (domain))) AS purpose,
           coalesce(f.own ->> 'owner', t.attributes ->> 'owner', f.city ->> 'owner') AS owner,
           coalesce(f.own ->> 'contact', f.city ->> 'contact') AS contact,
           coalesce(f.own ->> 'legal_basis', f.city ->> 'legal_basis') AS legal_basis,
           coalesce(f.own ->> 'privacy_statement', f.city ->> 'privacy_statement') AS privacy_statement,
           coalesce((f.own ->> 'personal_data')::boolean, false) AS personal_data,
           f.own ->> 'personal_data_why' AS personal_data_why, d.profile, m.first_time, m.last_time
    FROM device d
    JOIN site t ON t.city = d.city AND t.slug = d.site
    CROSS JOIN LATERAL (SELECT coalesce(array_agg(DISTINCT s.property ORDER BY s.property), ARRAY[]::text[]) AS properties,
                               coalesce(array_agg(DISTINCT p.domain ORDER BY p.domain), ARRAY[]::text[]) AS domains,
                               min(s.class) AS class, min(s.origin) AS origin,
                               min(s.first_time) AS first_time, max(s.last_time) AS last_time
                        FROM datastream s JOIN observed_property p ON p.id = s.property
                        WHERE s.device = d.id AND NOT p.diagnostic) m
    CROSS JOIN LATERAL (SELECT c.sensor_register AS city,
                               (SELECT e -> 'register' FROM jsonb_array_elements(c.devices) e
                                WHERE e ->> 'id' = d.external_id LIMIT 1) AS own
                        FROM bypuls_open.city_file c WHERE c.city = d.city) f
    WHERE d.city = %(city)s AND d.status IN ('active', 'disabled') AND t.kind <> 'household'
    UNION ALL
    SELECT h.city, h.slug, 'household_group', h.devices, NULL, h.place, 'household', NULL, NULL, NULL, h.properties, h.domains, h.class, h.origin,
           'active',
           (SELECT jsonb_object_agg(p.domain, coalesce(c.sensor_register -> 'purposes' -> p.domain, %(purposes)s::jsonb -> p.domain))
            FROM unnest(h.domains) AS p (domain)),
           'private', c.sensor_register ->> 'contact', c.sensor_register ->> 'legal_basis',
           c.sensor_register ->> 'privacy_statement', true, %(households)s, NULL, NULL, NULL
    FROM (SELECT x.city, x.slug, x.place, count(DISTINCT d.id)::integer AS devices,
                 coalesce(array_agg(DISTINCT s.property) FILTER (WHERE NOT p.diagnostic), ARRAY[]::text[]) AS properties,
                 coalesce(array_agg(DISTINCT p.domain) FILTER (WHERE NOT p.diagnostic), ARRAY[]::text[]) AS domains,
                 min(s.class) AS class, min(s.origin) AS origin
          FROM (SELECT g.city, g.slug, coalesce(g.name ->> %(language)s, g.name ->> 'en', g.slug) AS place, g.sites
                FROM household_group g
                UNION ALL
                SELECT t.city, '(households)', NULL, array_agg(t.slug) FROM site t
                WHERE t.kind = 'household' AND NOT EXISTS (SELECT FROM household_group g WHERE g.city = t.city AND t.slug = ANY(g.sites))
                GROUP BY t.city) x
          JOIN device d ON d.city = x.city AND d.site = ANY(x.sites) AND d.status IN ('active', 'disabled')
          LEFT JOIN datastream s ON s.device = d.id
          LEFT JOIN observed_property p ON p.id = s.property
          WHERE x.city = %(city)s GROUP BY 1, 2, 3) h
    JOIN bypuls_open.city_file c ON c.city = h.city
) r
WHERE true {where} {page}

-- name: where_site
r.site = %(site)s

-- name: where_domain
%(domain)s = ANY(r.domains)

-- name: where_personal_data
r.personal_data = %(personal_data)s
