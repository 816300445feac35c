-- TimescaleDB Community only: the functions and views named here exist nowhere else.

-- name: is_enabled
SELECT 1 FROM timescaledb_information.hypertables
WHERE hypertable_schema = 'public' AND hypertable_name = %(table)s AND compression_enabled

-- name: enable
ALTER TABLE {table} SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'datastream', timescaledb.orderby = {time})

-- name: remove_policy
CALL remove_columnstore_policy(%(table)s::regclass, if_exists => true)

-- name: add_policy
CALL add_columnstore_policy(%(table)s::regclass, after => %(after)s::interval)

-- name: remove_job
SELECT delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_name = 'bypuls_compress_observations'

-- name: add_job
SELECT add_job('bypuls_compress_observations', '12 hours', fixed_schedule => false,
               config => jsonb_build_object('compress_after', %(after)s::interval, 'arrival_seconds', %(step)s::integer))

-- name: unlimited
ALTER DATABASE {database} SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0

-- name: audit
INSERT INTO audit_log (who, what, target, after) VALUES (%s, 'columnstore.enable', 'observation, rollup_5m', to_jsonb(%s::text))

-- name: status
SELECT j.after, j.arrival_seconds,
       CASE WHEN j.last_run_status = 'Failed' THEN coalesce(
           (SELECT e.err_message FROM timescaledb_information.job_errors e
            WHERE e.job_id = j.job_id ORDER BY e.finish_time DESC LIMIT 1), 'no reason is known') END,
       c.chunks, c.compressed, coalesce(s.before_compression_total_bytes, 0)::bigint, coalesce(z.total_bytes, 0)::bigint
FROM (SELECT count(*) AS chunks, count(*) FILTER (WHERE is_compressed) AS compressed
      FROM timescaledb_information.chunks WHERE hypertable_schema = 'public' AND hypertable_name = %(table)s) c
LEFT JOIN LATERAL (
    SELECT j.job_id, (j.config ->> 'compress_after')::interval AS after, (j.config ->> 'arrival_seconds')::integer AS arrival_seconds,
           r.last_run_status
    FROM timescaledb_information.jobs j LEFT JOIN timescaledb_information.job_stats r USING (job_id)
    WHERE j.config ? 'compress_after'
      AND (j.hypertable_schema = 'public' AND j.hypertable_name = %(table)s
           OR %(table)s = 'observation' AND j.proc_name = 'bypuls_compress_observations')
    ORDER BY j.job_id DESC LIMIT 1) j ON true
LEFT JOIN LATERAL hypertable_columnstore_stats(%(table)s::regclass) s ON true
LEFT JOIN LATERAL hypertable_detailed_size(%(table)s::regclass) z ON true
