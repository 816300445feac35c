"""U4SSC: the catalogue of its KPIs, how they are scored and checked, and what is known of a city's year. Pure."""
