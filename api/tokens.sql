-- Tokens, kept as sha256 only; readable by the owner role alone.

-- name: create
INSERT INTO api_key (name, hash, scopes, city) VALUES (%(name)s, %(hash)s, %(scopes)s, %(city)s)
ON CONFLICT (name) DO NOTHING
RETURNING id

-- name: revoke
UPDATE api_key SET revoked_at = now() WHERE name = %(name)s AND revoked_at IS NULL RETURNING scopes, city

-- name: has_token
SELECT 1 FROM api_key WHERE name = %(name)s

-- name: all
SELECT name, scopes, city, created_at, last_used, revoked_at FROM api_key ORDER BY created_at, id

-- name: find
SELECT name, scopes, city, last_used IS NULL OR last_used < now() - interval '1 minute' AS note_use
FROM api_key WHERE hash = %(hash)s AND revoked_at IS NULL

-- name: used
-- Noted at most once a minute: a busy client must not turn every request into a write.
UPDATE api_key SET last_used = now() WHERE hash = %(hash)s
