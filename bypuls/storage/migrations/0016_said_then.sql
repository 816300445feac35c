-- What facts and benchmarks said before, so that a city's year can be assessed as it was known at a time.
ALTER TABLE fact ADD changed_at timestamptz NOT NULL DEFAULT '-infinity';  -- when those of before were said is not known
ALTER TABLE fact ALTER changed_at SET DEFAULT clock_timestamp();

CREATE TABLE fact_history (LIKE fact);
ALTER TABLE fact_history ADD superseded_at timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE INDEX fact_history_of ON fact_history (city, scope_kind, scope, name, valid_from);

CREATE TABLE u4ssc_benchmark_history (LIKE u4ssc_benchmark);
ALTER TABLE u4ssc_benchmark_history ADD superseded_at timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE INDEX u4ssc_benchmark_history_of ON u4ssc_benchmark_history (city, code, data_point, valid_from);

CREATE FUNCTION bypuls_keep_fact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fact_history SELECT OLD.*, clock_timestamp();
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER fact_changed BEFORE UPDATE ON fact FOR EACH ROW
    WHEN ((OLD.value, OLD.unit, OLD.status, OLD.source) IS DISTINCT FROM (NEW.value, NEW.unit, NEW.status, NEW.source))
    EXECUTE FUNCTION bypuls_keep_fact();
CREATE TRIGGER fact_deleted BEFORE DELETE ON fact FOR EACH ROW EXECUTE FUNCTION bypuls_keep_fact();

CREATE FUNCTION bypuls_keep_benchmark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO u4ssc_benchmark_history SELECT OLD.*, clock_timestamp();
    RETURN NULL;
END $$;
CREATE TRIGGER u4ssc_benchmark_changed AFTER UPDATE OR DELETE ON u4ssc_benchmark FOR EACH ROW
    EXECUTE FUNCTION bypuls_keep_benchmark();
