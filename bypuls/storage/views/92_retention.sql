-- Parts of the big tables: months on plain PostgreSQL, chunks on TimescaleDB; and how one goes.

-- `kind`: observations or five_minutes. Bytes with indexes, and of a chunk in the columnstore as it lies there.
CREATE OR REPLACE FUNCTION bypuls_parts(kind text)
RETURNS TABLE (name text, since timestamptz, until timestamptz, bytes bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
    parent text := CASE kind WHEN 'observations' THEN 'observation' WHEN 'five_minutes' THEN 'rollup_5m' END;
BEGIN
    IF bypuls_edition() = 'plain' THEN
        RETURN QUERY
            SELECT c.oid::regclass::text, b[1]::timestamptz, b[2]::timestamptz, pg_total_relation_size(c.oid)
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') b
            WHERE i.inhparent = parent::regclass ORDER BY 2;
    ELSE  -- these views and functions exist only there
        RETURN QUERY EXECUTE
            'SELECT format(''%I.%I'', c.chunk_schema, c.chunk_name), c.range_start, c.range_end, s.total_bytes
             FROM timescaledb_information.chunks c
             JOIN chunks_detailed_size($1::regclass) s USING (chunk_schema, chunk_name)
             WHERE c.hypertable_schema = ''public'' AND c.hypertable_name = $1 ORDER BY 2'
            USING parent;
    END IF;
END $$;

-- Drops a part whole and says what it took, in bytes; null: other cities have rows in it that may not go yet. As owner, for
-- the processor drops parts at night: so what may go is decided here, not by who asks.
CREATE OR REPLACE FUNCTION bypuls_drop_part(of_kind text, from_time timestamptz, to_time timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    parent text := CASE of_kind WHEN 'observations' THEN 'observation' WHEN 'five_minutes' THEN 'rollup_5m' END;
    time_column text := CASE of_kind WHEN 'observations' THEN 'time' ELSE 'bucket' END;
    part record;
    kept boolean;
BEGIN
    SELECT * INTO part FROM bypuls_parts(of_kind) p WHERE p.since = from_time AND p.until = to_time;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    IF bypuls_edition() = 'plain' THEN  -- as every writer does: first the table, then its part
        EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
    END IF;
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', part.name);
    EXECUTE format(
        'SELECT EXISTS (
             SELECT FROM datastream d
             WHERE NOT EXISTS (SELECT FROM retention r
                               WHERE r.city = d.city AND r.kind = $1 AND r.since = $2 AND r.until = $3
                                 AND r.closed_at IS NOT NULL AND r.due_at <= now())
               AND EXISTS (SELECT FROM %I o WHERE o.datastream = d.id AND o.%I >= $2 AND o.%2$I < $3))',
        parent, time_column) INTO kept USING of_kind, from_time, to_time;
    IF kept THEN
        RETURN NULL;
    END IF;
    IF bypuls_edition() = 'plain' THEN
        EXECUTE format('DROP TABLE %s', part.name);
    ELSE
        EXECUTE 'SELECT drop_chunks($1::regclass, older_than => $3, newer_than => $2)' USING parent, from_time, to_time;
    END IF;
    RETURN part.bytes;
END $$;

REVOKE EXECUTE ON FUNCTION bypuls_drop_part FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bypuls_writer') THEN
        GRANT EXECUTE ON FUNCTION bypuls_drop_part TO bypuls_writer;
    END IF;
END $$;

-- Ingest's picture of what is kept; a warning changes nothing of it.
CREATE OR REPLACE TRIGGER registry_changed AFTER DELETE OR UPDATE OF closed_at ON retention
    FOR EACH STATEMENT EXECUTE FUNCTION bypuls_registry_changed();
