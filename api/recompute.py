"""Marks hours as changed when not their values changed but what they mean: their site, or their instruments' class."""

from __future__ import annotations

from collections.abc import Sequence

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

_QUERIES = queries("api", "recompute.sql")


def mark_hours(connection: Connection, datastreams: Sequence[int]) -> None:
    """Queue every hour of these datastreams, so that the KPIs that rest on them are computed again."""
    if datastreams:
        connection.execute(_QUERIES["mark_hours"], {"datastreams": list(datastreams)})
