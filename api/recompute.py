"""Marks what is to be computed again when not values changed but what they mean: place, class or calibration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

_QUERIES = queries("api", "recompute.sql")


def mark_hours(connection: Connection, datastreams: Sequence[int]) -> None:
    """Queue every hour of these datastreams, so that the KPIs that rest on them are computed again."""
    if datastreams:
        connection.execute(_QUERIES["mark_hours"], {"datastreams": list(datastreams)})


def hold(connection: Connection, datastreams: Sequence[int]) -> None:
    """Keep the processor off these datastreams until the transaction ends: before what `mark_span` is for is changed.

    It might otherwise read the old state, and write what it made of it after the marks were set.
    """
    if datastreams:
        connection.execute(_QUERIES["hold"], {"datastreams": list(datastreams)})


def mark_span(
    connection: Connection,
    datastreams: Sequence[int],
    since: datetime,
    until: datetime | None,
    *,
    reaching: bool = False,
) -> None:
    """Queue what these datastreams hold in [since, until), None: from then on; and nothing else.

    With `reaching` also the values of intervals that begin before it and reach into it. Of registers the next reading
    behind it is queued, too.
    """
    if datastreams:
        span = {"datastreams": list(datastreams), "since": since, "until": until, "reaching": reaching}
        connection.execute(_QUERIES["mark_span"], span)
