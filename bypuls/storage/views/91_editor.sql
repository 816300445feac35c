-- bypuls_editor: the few writes people make through the API, column by column. It owns nothing, cannot touch what was
-- measured, and can add to the audit trail without being able to change it.

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
        GRANT SELECT (id, city, replay_asked_at, replayed_at, replay_outcome, payload_erased_at),
              UPDATE (replay_asked_at, replayed_at, replay_outcome) ON quarantine TO bypuls_editor;
        GRANT UPDATE (last_used) ON api_key TO bypuls_editor;
        GRANT UPDATE (status, site) ON device TO bypuls_editor;
        GRANT UPDATE (name, kind, class, attributes) ON site TO bypuls_editor;
        GRANT UPDATE (site, class) ON datastream TO bypuls_editor;
        GRANT INSERT ON device_event, changed_bucket, audit_log TO bypuls_editor;
        GRANT SELECT ON audit_log TO bypuls_editor;  -- for admins: it names persons
        -- Webhooks: a message waits in the outbox; what others put there stays unread.
        GRANT SELECT ON source TO bypuls_editor;
        GRANT SELECT (id), INSERT ON outbox TO bypuls_editor;
        GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_receipt TO bypuls_editor;
        GRANT SELECT, INSERT, UPDATE ON webhook_sender TO bypuls_editor;
        -- U4SSC: what a city reports, its targets, its rounds. A value taken away keeps its history.
        GRANT SELECT ON fact TO bypuls_editor;
        GRANT SELECT, INSERT ON reported_value, collection_round, assignment, assignment_question TO bypuls_editor;
        GRANT DELETE ON reported_value TO bypuls_editor;
        GRANT SELECT, INSERT ON reported_value_history TO bypuls_editor;  -- whose number stands under another's comment
        GRANT UPDATE (value, numerator, denominator, unit, data_quality, data_origin, source, comment, evidence, verified,
                      who, changed_at)
              ON reported_value TO bypuls_editor;
        GRANT UPDATE (deadline, closed_at, closed_by, note) ON collection_round TO bypuls_editor;
        GRANT UPDATE (unit, contact, state, entered_by, entered_at, checked_by, checked_at, signed_by, signed_at,
                      reopened_by, reopened_at, reopened_why)
              ON assignment TO bypuls_editor;
        GRANT UPDATE (answer, answered_by, answered_at) ON assignment_question TO bypuls_editor;
        GRANT SELECT, INSERT, DELETE, UPDATE (start_value, target_value, source, who, changed_at)
              ON u4ssc_benchmark TO bypuls_editor;
        GRANT INSERT ON u4ssc_benchmark_history TO bypuls_editor;  -- by a trigger; what stood before stays unread
        -- Plans: added and changed; never deleted, what no longer holds is withdrawn.
        GRANT SELECT, INSERT, UPDATE ON goal, target, measure TO bypuls_editor;
        GRANT SELECT ON plan, area, kpi_definition, kpi_value, standard_numbers TO bypuls_editor;
        -- Calibrations and periods that do not count: added and taken back, never deleted; what they change is queued.
        GRANT SELECT ON observed_property, rollup_5m, rollup_1h TO bypuls_editor;
        GRANT SELECT, INSERT, UPDATE (removed_at, removed_by, removed_why) ON calibration TO bypuls_editor;
        GRANT SELECT, INSERT, UPDATE (lifted_at, lifted_by, lifted_why) ON invalidation TO bypuls_editor;
    END IF;

    -- Who is asked is a person, and so is who enters or changes anything: open reads see values and how far a round is,
    -- not whose name stands there or what was asked.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bypuls_reader') THEN
        REVOKE SELECT ON assignment, assignment_question, reported_value, reported_value_history, collection_round, audit_log
              FROM bypuls_reader;
        GRANT SELECT (city, year, code, data_point, origin, value, numerator, denominator, unit, data_quality, data_origin,
                      source, comment, evidence, verified, changed_at)
              ON reported_value TO bypuls_reader;
        GRANT SELECT (city, year, code, data_point, origin, value, numerator, denominator, unit, data_quality, data_origin,
                      source, comment, evidence, verified, changed_at, superseded_at)
              ON reported_value_history TO bypuls_reader;
        GRANT SELECT (city, year, deadline, opened_at, closed_at, note) ON collection_round TO bypuls_reader;
        GRANT SELECT (city, year, code, unit, state, asked_at, entered_at, checked_at, signed_at, reopened_at)
              ON assignment TO bypuls_reader;
        GRANT SELECT (id, city, year, code, data_point, asked_at, answered_at) ON assignment_question TO bypuls_reader;
    END IF;
END $$;
