-- name: left_to_do
-- What was handed over and is not yet computed.
SELECT (SELECT count(*) FROM changed_bucket), (SELECT count(*) FROM kpi_due WHERE due_at <= now())

-- name: alive
-- Whether values of this hour are there.
SELECT EXISTS (SELECT FROM datastream WHERE last_time > now() - interval '20 minutes')
