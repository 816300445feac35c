-- name: left_to_do
-- What was handed over and is not yet computed; and whether the newest values are still to come.
SELECT (SELECT count(*) FROM changed_bucket),
       (SELECT count(*) FROM kpi_due WHERE due_at <= now()),
       %(living)s AND NOT EXISTS (SELECT FROM datastream WHERE last_time > now() - interval '20 minutes')
