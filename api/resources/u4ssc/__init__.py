"""U4SSC: its KPIs, a city's year by them, its benchmarks."""
