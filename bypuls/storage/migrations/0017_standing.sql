-- What a value says beside its evidence lies in its key's index: what stands of a year is read from there, an eighth of the
-- table. Every computation moves a row's place in the stream of changes, which is indexed, so no update gets dearer.
ALTER TABLE kpi_value DROP CONSTRAINT kpi_value_pkey,
    ADD CONSTRAINT kpi_value_pkey PRIMARY KEY (city, kpi, scope_kind, scope, period, start)
        INCLUDE (value, quality, status, band, content);
