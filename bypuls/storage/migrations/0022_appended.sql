-- What a mark says changed: only readings from `since` to `until` were added in this bucket, none of which had been there.
-- Null: anything may have changed, and all of the bucket is read.
ALTER TABLE changed_bucket ADD since timestamptz, ADD until timestamptz;

-- When the newest reading was that this bucket was computed of, whether it counts or not. Null: it was computed before this
-- was known.
ALTER TABLE rollup_5m ADD newest timestamptz;
