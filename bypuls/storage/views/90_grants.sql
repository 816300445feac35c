-- Who may do what. Roles are group roles: a server's login roles are made members of them.
--   bypuls_writer: ingest and processors; bypuls_reader: the API's reads; grafana_ro: views and tables for boards only.
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
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana_ro') THEN
        -- No raw payloads, no tokens, no audit trail: boards read measured values, indicators and the registry.
        GRANT SELECT ON city, area, site, device, datastream, observed_property, fact, observation, rollup_5m, rollup_1h,
            kpi_definition, kpi_value, kpi_value_history, device_event, changed_bucket, kpi_due TO grafana_ro;
        GRANT SELECT (id, received_at, last_received_at, occurrences, city, source, topic, reason, detail, hint, stored,
            device, decoder, replayed_at, replay_outcome) ON quarantine TO grafana_ro;
    END IF;
END $$;
