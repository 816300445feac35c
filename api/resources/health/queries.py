"""The queries of this noun."""

from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
