-- A job on TimescaleDB's Community edition, in place of its own policy where the columnstore keeps arrivals less exactly:
-- cuts the delay from a value's time to its arrival down to whole steps, then compresses. config: compress_after, an
-- interval; arrival_seconds. A day at a time, each in a transaction of its own. Cut down, what was there when a rollup was
-- made is so still. Seconds, no intervals of days: those would go by the session's time zone.
CREATE OR REPLACE PROCEDURE bypuls_compress_observations(job integer, config jsonb) LANGUAGE plpgsql AS $$
DECLARE
    step integer := config ->> 'arrival_seconds';
    part record;
    day timestamptz;
BEGIN
    FOR part IN EXECUTE
        'SELECT format(''%I.%I'', chunk_schema, chunk_name) AS name, range_start, range_end, is_compressed
         FROM timescaledb_information.chunks
         WHERE hypertable_schema = ''public'' AND hypertable_name = ''observation'' AND range_end < now() - $1
         ORDER BY range_start' USING (config ->> 'compress_after')::interval
    LOOP
        day := part.range_start;
        WHILE NOT part.is_compressed AND day < part.range_end LOOP
            UPDATE observation
            SET received_at = time + make_interval(secs => step * floor(extract(epoch FROM received_at - time) / step))
            WHERE time >= day AND time < day + interval '24 hours'
              AND extract(epoch FROM received_at - time) % step <> 0;
            COMMIT;
            day := day + interval '24 hours';
        END LOOP;
        -- One that is compressed already takes in what came late.
        EXECUTE 'SELECT compress_chunk($1::regclass)' USING part.name;
        COMMIT;
    END LOOP;
END $$;

REVOKE EXECUTE ON PROCEDURE bypuls_compress_observations FROM PUBLIC;
