-- What decoding remembers, by source.

-- The newest, as many as fit, oldest of them first.
-- name: remembered
SELECT newest.key, newest.document FROM (
    SELECT m.key, m.document, m.at, sum(octet_length(m.document::text)) OVER (ORDER BY m.at DESC, m.key) AS size
    FROM memory m WHERE m.scope = %s ORDER BY m.at DESC, m.key LIMIT %s
) AS newest WHERE newest.size <= %s ORDER BY newest.at, newest.key

-- name: keep
INSERT INTO memory AS old (scope, key, document)
SELECT * FROM unnest(%s::text[], %s::text[], %s::jsonb[]) AS new (scope, key, document)
ON CONFLICT (scope, key) DO UPDATE SET document = excluded.document, at = excluded.at

-- name: forget
DELETE FROM memory USING unnest(%s::text[], %s::text[]) AS gone (scope, key)
WHERE memory.scope = gone.scope AND memory.key = gone.key

-- Once a day is enough to tell what is in use.
-- name: used
UPDATE memory SET at = clock_timestamp()
WHERE scope = %s AND key = ANY(%s) AND at < clock_timestamp() - %s::interval

-- name: expire
DELETE FROM memory WHERE at < clock_timestamp() - %s::interval RETURNING scope, key
