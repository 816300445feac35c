-- name: quarantine
-- What was refused, newest first; the first bytes of the message, only for who may see them.
SELECT q.id, q.city, q.received_at, q.last_received_at, q.occurrences, q.source, q.topic, q.device, q.decoder,
       q.reason, q.detail, q.hint, q.refusals, q.stored, length(q.payload) AS payload_bytes,
       CASE WHEN %(payloads)s AND q.payload_erased_at IS NULL AND (%(payload_city)s::text IS NULL OR q.city = %(payload_city)s)
            THEN substring(q.payload FOR %(shown_bytes)s) END AS payload,
       q.payload_erased_at, q.replay_asked_at, q.replayed_at, q.replay_outcome
FROM quarantine q
WHERE true {where} {page}

-- name: where_id
q.id = %(id)s

-- name: where_city
q.city = %(city)s

-- name: where_reason
q.reason = ANY(%(reason)s)

-- name: where_device
q.device = %(device)s

-- name: where_source
q.source = %(source)s

-- name: where_from_
q.last_received_at >= %(from_)s

-- name: where_to
q.last_received_at < %(to)s

-- name: where_replay
CASE %(replay)s WHEN 'none' THEN q.replay_asked_at IS NULL
                WHEN 'asked' THEN q.replay_asked_at IS NOT NULL AND q.replayed_at IS NULL
                ELSE q.replayed_at IS NOT NULL END

-- name: lock
SELECT city, replay_asked_at, replayed_at, replay_outcome, payload_erased_at FROM quarantine WHERE id = %(id)s FOR UPDATE

-- name: ask
-- Ingest takes up what was asked for and not yet done.
UPDATE quarantine SET replay_asked_at = %(now)s, replayed_at = NULL, replay_outcome = NULL WHERE id = %(id)s
