-- An area and every area within it, of one city.
CREATE OR REPLACE FUNCTION bypuls_areas_within(wanted_city text, wanted_area text) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE inside AS (
        SELECT slug FROM area WHERE city = wanted_city AND slug = wanted_area
        UNION
        SELECT a.slug FROM area a JOIN inside i ON a.parent = i.slug WHERE a.city = wanted_city
    )
    SELECT slug FROM inside
$$;
