-- How the effect of a measure is judged, beside its places and its primary indicator. A locked measure keeps these, too.
ALTER TABLE measure
    ADD kpis text[] NOT NULL DEFAULT '{}',               -- others that the effect is shown in
    ADD expected jsonb,                                  -- {"percent" | "difference", "source"}: of the primary indicator
    ADD transition_months smallint NOT NULL DEFAULT 0 CHECK (transition_months BETWEEN 0 AND 24);
