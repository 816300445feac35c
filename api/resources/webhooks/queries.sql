-- name: source
-- The three things of a source that decide whether it may get webhooks.
SELECT document->>'topic_filter', document->>'broker' IS NOT NULL, document->>'city'
FROM source WHERE name = %(source)s AND enabled

-- name: waiting
-- Messages that wait to be published; counted no further than needed.
SELECT count(id) FROM (SELECT id FROM outbox LIMIT %(most)s) few

-- name: one_at_a_time
-- The same message twice at the same moment: the second waits and finds the receipt of the first.
SELECT pg_advisory_xact_lock(hashtextextended(%(source)s, 0) # ('x' || left(encode(%(key)s, 'hex'), 16))::bit(64)::bigint)

-- name: known
SELECT receipt, topic, received_at FROM webhook_receipt
WHERE source = %(source)s AND key = %(key)s AND received_at > %(now)s - interval '24 hours'

-- name: post
INSERT INTO outbox (source, topic, payload) VALUES (%(source)s, %(topic)s, %(payload)s) RETURNING id

-- name: keep
INSERT INTO webhook_receipt (source, key, receipt, topic, received_at)
VALUES (%(source)s, %(key)s, %(receipt)s, %(topic)s, %(now)s)
ON CONFLICT (source, key) DO UPDATE SET (receipt, topic, received_at) =
    (excluded.receipt, excluded.topic, excluded.received_at)

-- name: forget
-- Receipts of yesterday, a few at a time.
DELETE FROM webhook_receipt WHERE (source, key) IN (
    SELECT source, key FROM webhook_receipt WHERE received_at < %(now)s - interval '24 hours'
    ORDER BY received_at LIMIT 20 FOR UPDATE SKIP LOCKED)

-- name: count
-- True for the first message of this token to this source.
INSERT INTO webhook_sender AS known (source, token, first_at, last_at, messages, bytes)
VALUES (%(source)s, %(token)s, %(now)s, %(now)s, 1, %(bytes)s)
ON CONFLICT (source, token) DO UPDATE SET last_at = greatest(known.last_at, excluded.last_at),
    messages = known.messages + 1, bytes = known.bytes + excluded.bytes
RETURNING messages = 1
