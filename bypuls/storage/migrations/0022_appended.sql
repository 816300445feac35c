-- What a mark says changed: only readings from `since` to `until` were added in this bucket, none of which had been there.
-- Null: anything may have changed, and all of the bucket is read.
ALTER TABLE changed_bucket ADD since timestamptz, ADD until timestamptz;
