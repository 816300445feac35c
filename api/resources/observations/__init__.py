"""Observations: single values as they were stored."""
