"""Plans: a city's goals with targets and measures in one answer."""
