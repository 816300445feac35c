"""Proves that stored rollups equal the raw data recomputed, and has repaired what does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

_SQL = queries("processors", "audit.sql")


@dataclass(frozen=True, slots=True)
class Difference:
    """A rollup that is not what its source says; `stored` or `recomputed` is None where the row lacks."""

    table: str
    datastream: int
    bucket: datetime
    stored: dict[str, Any] | None
    recomputed: dict[str, Any] | None


def check_rollups(connection: Connection, since: datetime, until: datetime) -> list[Difference]:
    """Compare rollup_5m with the observations and rollup_1h with rollup_5m in [since, until): whole hours."""
    span = {"since": since, "until": until}
    rows = [row for name in ("check_5m", "check_1h") for row in connection.execute(_SQL[name], span).fetchall()]
    return [Difference(*row) for row in rows]


def repair(connection: Connection, differences: Sequence[Difference]) -> int:
    """Mark the buckets (of an hour: its first) as changed, so that the worker recomputes them; returns how many."""
    datastreams, buckets = [one.datastream for one in differences], [one.bucket for one in differences]
    return connection.execute(_SQL["mark"], (datastreams, buckets)).rowcount if differences else 0
