"""Collection rounds: who is asked for which KPI of a city's year, and how far each has come."""
