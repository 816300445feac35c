-- What the API shows everybody: the tables of measurements and indicators without personal rows, those of sites of kind
-- 'household'. Who connects as `reader` has them first in the search path, so a query that names a table reads its view here,
-- and nobody who writes one has to think of it. A token with the scope `personal` opens its city, or all: `bypuls.personal`.

DROP SCHEMA IF EXISTS bypuls_open CASCADE;
CREATE SCHEMA bypuls_open;

-- Sites and series whose values are personal and not opened for this transaction.
CREATE VIEW bypuls_open.hidden_site AS
SELECT t.city, t.slug FROM public.site t
WHERE t.kind = 'household' AND coalesce(current_setting('bypuls.personal', true), '') NOT IN ('*', t.city);

CREATE VIEW bypuls_open.hidden_datastream AS
SELECT s.id FROM public.datastream s
JOIN public.device d ON d.id = s.device
-- One that waits to be settled is measured where its device hangs.
JOIN bypuls_open.hidden_site t ON t.city = s.city AND t.slug = coalesce(s.site, d.site)
UNION ALL
-- A meter that nobody has placed may hang in a home: all of it is closed until somebody says where it hangs.
SELECT u.datastream FROM public.unplaced_meter u
WHERE coalesce(current_setting('bypuls.personal', true), '') NOT IN ('*', u.city);

-- Also those that have left: the messages they sent there are kept. And those that nobody has placed.
CREATE VIEW bypuls_open.hidden_device AS
SELECT d.id, d.city, d.external_id FROM public.device d
WHERE EXISTS (SELECT FROM bypuls_open.hidden_site t
              WHERE t.city = d.city
                AND (t.slug = d.site OR EXISTS (SELECT FROM public.datastream s WHERE s.device = d.id AND s.site = t.slug)))
UNION
SELECT d.id, d.city, d.external_id FROM public.device d JOIN public.unplaced_meter u ON u.device = d.id
WHERE coalesce(current_setting('bypuls.personal', true), '') NOT IN ('*', u.city);

-- NOT IN over an uncorrelated query: asked once and hashed, not once a row.
CREATE VIEW bypuls_open.observation AS
SELECT * FROM public.observation o WHERE o.datastream NOT IN (SELECT id FROM bypuls_open.hidden_datastream);
CREATE VIEW bypuls_open.observation_revision AS
SELECT * FROM public.observation_revision o WHERE o.datastream NOT IN (SELECT id FROM bypuls_open.hidden_datastream);
CREATE VIEW bypuls_open.rollup_5m AS
SELECT * FROM public.rollup_5m r WHERE r.datastream NOT IN (SELECT id FROM bypuls_open.hidden_datastream);
CREATE VIEW bypuls_open.rollup_1h AS
SELECT * FROM public.rollup_1h r WHERE r.datastream NOT IN (SELECT id FROM bypuls_open.hidden_datastream);
CREATE VIEW bypuls_open.rollup_1h_history AS
SELECT * FROM public.rollup_1h_history r WHERE r.datastream NOT IN (SELECT id FROM bypuls_open.hidden_datastream);
CREATE VIEW bypuls_open.kpi_value AS
SELECT * FROM public.kpi_value v
WHERE v.scope_kind <> 'site' OR (v.city, v.scope) NOT IN (SELECT city, slug FROM bypuls_open.hidden_site);
CREATE VIEW bypuls_open.kpi_value_history AS
SELECT * FROM public.kpi_value_history v
WHERE v.scope_kind <> 'site' OR (v.city, v.scope) NOT IN (SELECT city, slug FROM bypuls_open.hidden_site);

-- What messages call them: by their id or another key (EUI …), in whatever case; one that cannot be read, by its topic.
CREATE VIEW bypuls_open.hidden_name AS
SELECT h.city, n.name
FROM bypuls_open.hidden_device h
JOIN public.device d ON d.id = h.id
CROSS JOIN LATERAL (SELECT lower(d.external_id) AS name
                    UNION ALL SELECT lower(value) FROM jsonb_each_text(d.keys)) n
WHERE n.name IS NOT NULL;

-- Where a household is, and what its file says of it, is nobody's business; that there is one may be known.
CREATE VIEW bypuls_open.site AS
SELECT s.city, s.slug, s.name, s.kind,
       CASE WHEN h.slug IS NULL THEN s.latitude END AS latitude, CASE WHEN h.slug IS NULL THEN s.longitude END AS longitude,
       s.area, s.class, CASE WHEN h.slug IS NULL THEN s.attributes ELSE '{}' END AS attributes
FROM public.site s
LEFT JOIN bypuls_open.hidden_site h ON h.city = s.city AND h.slug = s.slug;

-- Of a city's file the parts that the sensor register reads: it says where homes are, too.
CREATE VIEW bypuls_open.city_file AS
SELECT slug AS city, document -> 'sensor_register' AS sensor_register,
       CASE jsonb_typeof(document -> 'devices') WHEN 'array' THEN document -> 'devices' ELSE '[]' END AS devices
FROM public.city;

-- Of what formats remember, what is counted of messages; births and the like hold values.
CREATE VIEW bypuls_open.memory AS
SELECT scope, key, jsonb_build_object('received', document -> 'received', 'lost', document -> 'lost',
                                      'duplicates', document -> 'duplicates', 'restarts', document -> 'restarts') AS document, at
FROM public.memory WHERE key LIKE 'frames/%';

-- Why something of a home does not count ("moved out in May") is the home's.
CREATE VIEW bypuls_open.invalidation AS
SELECT i.id, i.city, i.datastream, i.device, i.site, i.since, i.until,
       CASE WHEN h.home THEN 'withheld' ELSE i.why END AS why, i.who, i.added_at, i.lifted_at, i.lifted_by,
       CASE WHEN h.home AND i.lifted_why IS NOT NULL THEN 'withheld' ELSE i.lifted_why END AS lifted_why
FROM public.invalidation i
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM bypuls_open.hidden_datastream d WHERE d.id = i.datastream)
                        OR EXISTS (SELECT FROM bypuls_open.hidden_device d WHERE d.id = i.device)
                        OR EXISTS (SELECT FROM bypuls_open.hidden_site t WHERE (t.city, t.slug) = (i.city, i.site)) AS home) h;

-- Refusals quote what they refuse.
CREATE VIEW bypuls_open.quarantine AS
SELECT q.id, q.received_at, q.last_received_at, q.occurrences, q.city, q.source, q.topic,
       CASE WHEN h.home IS NULL THEN q.payload END AS payload,
       CASE WHEN h.home IS NULL THEN q.payload_hash END AS payload_hash,  -- of few bytes it tells them
       q.reason,
       CASE WHEN h.home IS NULL THEN q.detail ELSE 'a household''s message: withheld' END AS detail, q.hint,
       CASE WHEN h.home IS NULL THEN q.refusals ELSE '[]' END AS refusals, q.stored, q.device, q.decoder,
       q.replay_asked_at, q.replayed_at, q.replay_outcome,
       q.payload_erased_at
FROM public.quarantine q
LEFT JOIN LATERAL (SELECT true AS home FROM unnest(string_to_array(lower(q.topic), '/') || lower(q.device)) AS said (name)
                   WHERE (q.city, said.name) IN (SELECT n.city, n.name FROM bypuls_open.hidden_name n) LIMIT 1) h ON true;

CREATE VIEW bypuls_open.recent_message AS
SELECT m.device, m.slot, m.received_at, m.topic, CASE WHEN h.id IS NULL THEN m.payload END AS payload, m.decoder,
       CASE WHEN h.id IS NULL THEN m.outcome ELSE m.outcome - 'refused' END AS outcome
FROM public.recent_message m
LEFT JOIN bypuls_open.hidden_device h ON h.id = m.device;
