"""The queries of this noun."""

from bypuls.storage.migrate import migrations
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
WANTED_SCHEMA = max(migration.number for migration in migrations())
"""Number of the last migration this version ships."""
