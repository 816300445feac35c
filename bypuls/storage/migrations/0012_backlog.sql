-- A definition that is new or changed: its values are computed again, city by city and year by year, the newest first,
-- when nothing else waits. A row goes when the values of its year stand in kpi_due.
CREATE TABLE kpi_backlog (
    kpi       text NOT NULL,
    city      text NOT NULL REFERENCES city,
    year      integer NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kpi, city, year)
);
