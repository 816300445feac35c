-- Who may do what. Roles are group roles: a server's login roles are made members of them.
--   bypuls_writer: ingest and processors; bypuls_reader: the API's reads; grafana_ro: the board_* views only.
-- On a server where the migrating role may not create roles they are left out, and every process works as that role.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['bypuls_writer', 'bypuls_reader', 'grafana_ro'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            EXCEPTION WHEN insufficient_privilege THEN
                RAISE NOTICE 'role % was not created: % may not create roles', name, current_user;
            WHEN unique_violation OR duplicate_object THEN
                NULL;  -- another database of this server was migrated at the same moment
            END;
        END IF;
    END LOOP;

    REVOKE EXECUTE ON FUNCTION bypuls_ensure_partitions FROM PUBLIC;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bypuls_writer') THEN
        GRANT EXECUTE ON FUNCTION bypuls_ensure_partitions TO bypuls_writer;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO bypuls_writer;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO bypuls_writer;
        REVOKE ALL ON schema_migration, api_key FROM bypuls_writer;
        GRANT SELECT ON schema_migration TO bypuls_writer;
        REVOKE UPDATE, DELETE ON audit_log FROM bypuls_writer;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bypuls_reader') THEN
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO bypuls_reader;
        REVOKE ALL ON api_key FROM bypuls_reader;
        -- It reads these through bypuls_open (04_open.sql); a query that reaches past it must fail, not tell.
        REVOKE ALL ON observation, observation_revision, rollup_5m, rollup_1h, rollup_1h_history, kpi_value,
            kpi_value_history, site, quarantine, recent_message, memory, bridge_value, first_arrival,
            invalidation FROM bypuls_reader;
        -- Nor what waits to be sent, or came by a webhook, nor what a city's file says of its homes.
        REVOKE ALL ON outbox, webhook_sender, webhook_receipt, city FROM bypuls_reader;
        GRANT SELECT (id, queued_at) ON outbox TO bypuls_reader;
        GRANT SELECT (slug, name, country, time_zone, air_day_offset, languages, national_limits, licence, county, network,
                      added_at, changed_at)
              ON city TO bypuls_reader;
        FOR name IN SELECT i.inhrelid::regclass FROM pg_inherits i  -- months of them are tables, too
                    WHERE i.inhparent IN ('observation'::regclass, 'rollup_5m'::regclass)
                      AND i.inhrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) LOOP
            EXECUTE format('REVOKE ALL ON %s FROM bypuls_reader', name);
        END LOOP;
        GRANT USAGE ON SCHEMA bypuls_open TO bypuls_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA bypuls_open TO bypuls_reader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana_ro') THEN
        -- Views only: whoever may open a board may send any query as this role (Grafana does not check SQL).
        REVOKE ALL ON ALL TABLES IN SCHEMA public FROM grafana_ro;
        GRANT USAGE ON SCHEMA public TO grafana_ro;
        FOR name IN SELECT c.relname FROM pg_class c
                    WHERE c.relkind = 'v' AND c.relname LIKE 'board\_%' AND c.relnamespace = 'public'::regnamespace LOOP
            EXECUTE format('GRANT SELECT ON %I TO grafana_ro', name);
        END LOOP;
        -- Column grants of earlier versions are not taken back by REVOKE ON TABLE.
        REVOKE SELECT (id, received_at, last_received_at, occurrences, city, source, topic, reason, detail, hint, stored,
            device, decoder, replayed_at, replay_outcome) ON quarantine FROM grafana_ro;
        BEGIN
            -- A role's settings hold for login roles when they connect; members that SET ROLE set them themselves.
            ALTER ROLE grafana_ro NOINHERIT CONNECTION LIMIT 20;
            ALTER ROLE grafana_ro SET default_transaction_read_only = on;
            ALTER ROLE grafana_ro SET statement_timeout = '15s';
            ALTER ROLE grafana_ro SET timezone = 'UTC';
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'role grafana_ro keeps its settings: % may not change it', current_user;
        WHEN OTHERS THEN
            -- another database of this server was migrated at the same moment ("tuple concurrently updated")
            IF SQLSTATE <> 'XX000' THEN RAISE; END IF;
        END;
    END IF;
END $$;
