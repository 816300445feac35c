-- bypuls_editor: the few writes people make through the API, column by column. It owns nothing, cannot touch what was
-- measured, and can add to the audit trail without being able to read or change it.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bypuls_editor') THEN
        BEGIN
            CREATE ROLE bypuls_editor NOLOGIN;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'role bypuls_editor was not created: % may not create roles', current_user;
        WHEN unique_violation OR duplicate_object THEN
            NULL;  -- another database of this server was migrated at the same moment
        END;
    END IF;

    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bypuls_editor') THEN
        GRANT SELECT ON city, site, device, datastream, observation, api_key TO bypuls_editor;
        GRANT SELECT (id, city, replay_asked_at, replayed_at, replay_outcome),
              UPDATE (replay_asked_at, replayed_at, replay_outcome) ON quarantine TO bypuls_editor;
        GRANT UPDATE (last_used) ON api_key TO bypuls_editor;
        GRANT UPDATE (status, site) ON device TO bypuls_editor;
        GRANT UPDATE (name, kind, class, attributes) ON site TO bypuls_editor;
        GRANT UPDATE (site, class) ON datastream TO bypuls_editor;
        GRANT INSERT ON device_event, changed_bucket, audit_log TO bypuls_editor;
        -- Webhooks: a message waits in the outbox; what others put there stays unread.
        GRANT SELECT ON source TO bypuls_editor;
        GRANT SELECT (id), INSERT ON outbox TO bypuls_editor;
        GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_receipt TO bypuls_editor;
        GRANT SELECT, INSERT, UPDATE ON webhook_sender TO bypuls_editor;
    END IF;
END $$;
