#!/bin/sh
# Login roles with the passwords of /run/bypuls, each with what its process needs. Runs at the database's first start, and
# again by hand after a password has changed:
#   docker compose run --rm hand-out && docker compose exec timescaledb /docker-entrypoint-initdb.d/100_roles.sh
set -eu
: "${BYPULS_SECRETS:=/run/bypuls}"
export BYPULS_SECRETS
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-bypuls}" <<'SQL'
\set owner `cat "$BYPULS_SECRETS/owner_password"`
\set ingest `cat "$BYPULS_SECRETS/ingest_password"`
\set process `cat "$BYPULS_SECRETS/process_password"`
\set api `cat "$BYPULS_SECRETS/api_password"`
\set grafana `cat "$BYPULS_SECRETS/grafana_ro_password"`

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['bypuls_writer', 'bypuls_reader', 'bypuls_editor', 'grafana_ro', 'bypuls_owner', 'bypuls_ingest',
                  'bypuls_process', 'bypuls_api']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE bypuls_owner LOGIN PASSWORD :'owner';
ALTER ROLE bypuls_ingest LOGIN PASSWORD :'ingest';
ALTER ROLE bypuls_process LOGIN PASSWORD :'process';
ALTER ROLE bypuls_api LOGIN PASSWORD :'api';
GRANT bypuls_writer TO bypuls_ingest, bypuls_process;
GRANT bypuls_reader, bypuls_editor TO bypuls_api;

-- Whoever may look at a board can send any query as this role: so it reads, briefly, and not too often at once.
ALTER ROLE grafana_ro LOGIN PASSWORD :'grafana' CONNECTION LIMIT 20;
ALTER ROLE grafana_ro SET default_transaction_read_only = on;
ALTER ROLE grafana_ro SET statement_timeout = '30s';
ALTER ROLE grafana_ro SET timezone = 'UTC';

SELECT format('ALTER DATABASE %I OWNER TO bypuls_owner', current_database()) \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO bypuls_reader, bypuls_editor, grafana_ro', current_database()) \gexec
SELECT format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO bypuls_writer', current_database()) \gexec
SQL
