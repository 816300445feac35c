"""Queries that more than one room uses, as named SQL."""
