-- What a night's audit had not reached when its time was over, or when its processor was last alive: {"days": [[since,
-- until], …], "stream": of the first day the last datastream that was compared, "group": and the last of the groups of KPIs}.
-- The next night goes on there. Null: it reached all.
ALTER TABLE audit_run ADD unreached jsonb;

-- Up to where a closed part's rollups were proved equal to its raw data, and since when the first of that was looked at:
-- what was rolled up anew after that is proved again.
ALTER TABLE retention ADD proved_until timestamptz, ADD proving_since timestamptz;
