"""Measures: what a city does for its goals; locked before a result is shown."""
