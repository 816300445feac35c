-- The mark of all that a value says but its status: a value computed again whose mark stands is not compared in whole.

ALTER TABLE kpi_value ADD content bigint;                -- null: not known, of rows that are older or were changed by hand

CREATE FUNCTION kpi_value_says_else() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.content := NULL;
    RETURN NEW;
END $$;

-- The processor gives every row that it writes a new `seq`, and its mark with it. Whoever else changes what a row says leaves
-- it without one, so that the next computation sees it.
CREATE TRIGGER kpi_value_says_else
    BEFORE UPDATE OF ends, value, unit, band, detail, quality, reason, coverage, evidence, version, final_at ON kpi_value
    FOR EACH ROW WHEN (NEW.seq = OLD.seq) EXECUTE FUNCTION kpi_value_says_else();
