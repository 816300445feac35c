-- The idempotent batch: staged by COPY, merged, its buckets queued, in one transaction.

-- name: create_staging
CREATE TEMP TABLE IF NOT EXISTS incoming (
    n integer NOT NULL, datastream integer NOT NULL, time timestamptz NOT NULL, value double precision NOT NULL,
    flag smallint NOT NULL, rank smallint NOT NULL, received_at timestamptz NOT NULL
) ON COMMIT DELETE ROWS

-- name: copy_staging
COPY incoming (n, datastream, time, value, flag, rank, received_at) FROM STDIN (FORMAT BINARY)

-- The way of nearly all: no key is there yet. Where one is, the whole COPY is taken back and the rows are staged.
-- name: copy_new
COPY observation (datastream, time, value, flag, rank, received_at) FROM STDIN (FORMAT BINARY)

-- A mark's `since` and `until` say that the bucket got new readings there and nothing else happened to it: the processor
-- then reads those alone. What corrects or judges what had been there marks without them.
-- name: copy_marks
COPY changed_bucket (datastream, bucket, since, until) FROM STDIN (FORMAT BINARY)

-- name: merge
WITH stored AS (
    INSERT INTO observation (datastream, time, value, flag, rank, received_at)
    SELECT datastream, time, value, flag, rank, received_at FROM incoming
    ORDER BY datastream, time  -- two writers on the same keys wait for each other instead of deadlocking
    ON CONFLICT (datastream, time) DO NOTHING
    RETURNING datastream, time
), marked AS (
    INSERT INTO changed_bucket (datastream, bucket, since, until)
    SELECT datastream, date_bin('5 minutes', time, '2000-01-01 00:00:00+00'), min(time), max(time) FROM stored GROUP BY 1, 2
)
SELECT count(*) FROM stored

-- Rows whose key was taken by another value or a lower rank, unless this very (value, rank) was replaced before: then it
-- is a redelivery.
-- name: clashes
SELECT i.n, o.value, o.flag, o.rank, o.received_at
FROM incoming i JOIN observation o USING (datastream, time)
WHERE o.time BETWEEN %s AND %s
  AND (i.rank > o.rank OR (i.rank = o.rank AND i.value <> o.value))
  AND NOT EXISTS (SELECT FROM observation_revision r
                  WHERE r.datastream = i.datastream AND r.time = i.time AND r.value = i.value AND r.rank = i.rank)
ORDER BY o.datastream, o.time

-- So that two writers do not both replace the same old value. Not the rows themselves: those of TimescaleDB's columnstore
-- cannot be locked. In one order, and few: corrections are rare.
-- name: lock_corrections
SELECT pg_advisory_xact_lock(25093, lane) FROM (SELECT DISTINCT datastream % 16 AS lane FROM incoming ORDER BY 1) lanes

-- name: keep_revisions
INSERT INTO observation_revision (datastream, time, value, flag, rank, received_at, message_hash)
SELECT * FROM unnest(%s::integer[], %s::timestamptz[], %s::double precision[], %s::smallint[], %s::smallint[],
                     %s::timestamptz[], %s::text[])

-- name: correct
WITH new AS (
    SELECT * FROM unnest(%s::integer[], %s::timestamptz[], %s::double precision[], %s::smallint[], %s::smallint[],
                         %s::timestamptz[]) AS new (datastream, time, value, flag, rank, received_at)
), corrected AS (
    UPDATE observation o SET value = new.value, flag = new.flag, rank = new.rank, received_at = new.received_at
    FROM new WHERE o.datastream = new.datastream AND o.time = new.time
      -- Which chunks, and of the columnstore which batches, are looked into.
      AND o.datastream = ANY(%s::integer[]) AND o.time BETWEEN %s AND %s
    RETURNING o.datastream, o.time
)
INSERT INTO changed_bucket (datastream, bucket)
SELECT DISTINCT datastream, date_bin('5 minutes', time, '2000-01-01 00:00:00+00') FROM corrected

-- A flag judged later (a spike shows only once the next value is there): no revision of the value.
-- name: flag
WITH judged AS (
    UPDATE observation o SET flag = new.flag
    FROM unnest(%s::integer[], %s::timestamptz[], %s::double precision[], %s::smallint[]) AS new (datastream, time, value, flag)
    WHERE o.datastream = new.datastream AND o.time = new.time AND o.value = new.value AND o.flag <> new.flag
      AND o.datastream = ANY(%s::integer[]) AND o.time BETWEEN %s AND %s
    RETURNING o.datastream, o.time
)
INSERT INTO changed_bucket (datastream, bucket)
SELECT DISTINCT datastream, date_bin('5 minutes', time, '2000-01-01 00:00:00+00') FROM judged

-- The same event again changes nothing; another one for its key corrects it. A swapped meter changes what its register's
-- readings mean: the bucket of the swap is rolled up again, and with it those up to the readings on both sides.
-- name: keep_events
WITH kept AS (
    INSERT INTO device_event AS old (device, time, kind, property, channel, detail)
    SELECT * FROM unnest(%s::integer[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::jsonb[])
                  AS new (device, time, kind, property, channel, detail)
    ORDER BY device, time, kind, property, channel
    ON CONFLICT (device, time, kind, property, channel) DO UPDATE SET detail = excluded.detail
        WHERE old.detail IS DISTINCT FROM excluded.detail
    RETURNING old.device, old.time, old.kind, old.property, old.channel
)
INSERT INTO changed_bucket (datastream, bucket)
SELECT d.id, date_bin('5 minutes', k.time, '2000-01-01 00:00:00+00')
FROM kept k JOIN datastream d USING (device, property, channel)
WHERE k.kind = 'swapped_meter'

-- A row only where something else held before.
-- name: keep_conversions
INSERT INTO unit_conversion (datastream, valid_from, unit, factor, temperature, pressure)
SELECT new.* FROM unnest(%s::integer[], %s::timestamptz[], %s::text[], %s::double precision[], %s::double precision[],
                         %s::double precision[]) AS new (datastream, valid_from, unit, factor, temperature, pressure)
WHERE NOT EXISTS (
    SELECT FROM (SELECT before.unit, before.factor FROM unit_conversion before
                 WHERE before.datastream = new.datastream AND before.valid_from <= new.valid_from
                 ORDER BY before.valid_from DESC LIMIT 1) AS held
    WHERE held.unit = new.unit AND held.factor = new.factor)
ORDER BY new.datastream, new.valid_from
ON CONFLICT (datastream, valid_from) DO NOTHING

-- name: quarantine
INSERT INTO quarantine (received_at, last_received_at, city, source, topic, payload, payload_hash, reason, detail, hint, refusals,
                        stored, device, decoder)
VALUES (%(received_at)s, %(received_at)s, %(city)s, %(source)s, %(topic)s, %(payload)s, %(payload_hash)s, %(reason)s, %(detail)s,
        %(hint)s, %(refusals)s, %(stored)s, %(device)s, %(decoder)s)
ON CONFLICT (source, payload_hash) DO UPDATE SET
    occurrences = quarantine.occurrences + 1, last_received_at = excluded.last_received_at, reason = excluded.reason,
    detail = excluded.detail, hint = excluded.hint, refusals = excluded.refusals, stored = excluded.stored,
    decoder = excluded.decoder, payload = excluded.payload, payload_erased_at = NULL

-- Raw messages may tell of persons, and nobody mends one after its time is over; that it came, and why it was refused,
-- stays. What quotes it goes with it. Bounded: the rest follows in the next round.
-- name: forget_payloads
UPDATE quarantine SET payload = '', payload_erased_at = now(), replay_asked_at = NULL,
    refusals = (SELECT coalesce(jsonb_agg(r - 'detail' - 'reading'), '[]') FROM jsonb_array_elements(refusals) r),
    detail = reason
WHERE id IN (SELECT id FROM quarantine WHERE payload_erased_at IS NULL AND last_received_at < now() - %s ORDER BY id LIMIT 20000)

-- name: forget_recent
DELETE FROM recent_message WHERE received_at < now() - %s

-- name: replay_asked
SELECT id, topic, payload, received_at FROM quarantine
WHERE replay_asked_at IS NOT NULL AND replayed_at IS NULL AND payload_erased_at IS NULL
ORDER BY id LIMIT 200

-- name: replayed
UPDATE quarantine SET replayed_at = clock_timestamp(), replay_outcome = %s, stored = stored + %s WHERE id = %s

-- name: create_recent
CREATE TEMP TABLE IF NOT EXISTS recent (
    device integer NOT NULL, slot smallint NOT NULL, received_at timestamptz NOT NULL, topic text NOT NULL,
    payload bytea NOT NULL, decoder text, outcome text NOT NULL
) ON COMMIT DELETE ROWS

-- name: copy_recent
COPY recent (device, slot, received_at, topic, payload, decoder, outcome) FROM STDIN (FORMAT BINARY)

-- name: remember_messages
INSERT INTO recent_message (device, slot, received_at, topic, payload, decoder, outcome)
SELECT device, slot, received_at, topic, payload, decoder, outcome::jsonb FROM recent
ON CONFLICT (device, slot) DO UPDATE SET (received_at, topic, payload, decoder, outcome) =
    (excluded.received_at, excluded.topic, excluded.payload, excluded.decoder, excluded.outcome)

-- name: newest_slots
SELECT DISTINCT ON (device) device, slot FROM recent_message WHERE device = ANY(%s) ORDER BY device, received_at DESC, slot DESC

-- name: post
INSERT INTO outbox (source, topic, payload, qos, retain) VALUES (%s, %s, %s, %s, %s)

-- name: outgoing
SELECT id, topic, payload, qos, retain FROM outbox WHERE source = ANY(%s) ORDER BY id LIMIT 500

-- name: posted
DELETE FROM outbox WHERE id = ANY(%s)

-- Since when there is data, with the first value and not later: who computes beside us counts on sites that began. The
-- values' keys are taken before; locked in one order, so that two ingest processes do not deadlock.
-- name: begins
UPDATE datastream d SET first_time = earlier.time, last_time = greatest(d.last_time, earlier.time)
FROM (SELECT known.id, b.time
      FROM unnest(%s::integer[], %s::timestamptz[]) AS b (id, time) JOIN datastream known ON known.id = b.id
      WHERE known.first_time IS NULL OR b.time < known.first_time
      ORDER BY known.id FOR NO KEY UPDATE OF known) AS earlier
WHERE d.id = earlier.id

-- name: announce
SELECT pg_notify('bypuls_changed', '')

-- name: ensure_partitions
SELECT bypuls_ensure_partitions(%s, %s)


-- A row stays until its packet id is used again: nobody can know when an acknowledgement reached the broker. After hours
-- the same bytes under the same id are another message.
-- name: first_arrivals
SELECT a.client, a.mid, a.message_hash, a.received_at
FROM first_arrival a JOIN unnest(%s::text[], %s::integer[]) AS wanted (client, mid) USING (client, mid)
WHERE a.received_at > now() - interval '6 hours'

-- name: keep_arrivals
INSERT INTO first_arrival (client, mid, message_hash, received_at)
SELECT * FROM unnest(%s::text[], %s::integer[], %s::bytea[], %s::timestamptz[]) AS new (client, mid, message_hash, received_at)
ORDER BY client, mid
ON CONFLICT (client, mid) DO UPDATE SET message_hash = excluded.message_hash, received_at = excluded.received_at
