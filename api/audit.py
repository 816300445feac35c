"""Writes down who changed what, in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from psycopg.types.json import Jsonb
from pydantic import Field

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

_QUERIES = queries("api", "audit.sql")

Why = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S", description="For whoever asks later.")]
"""The reason that who changes something gives."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One change: `what` is like `device.activate`, `target` the thing's id; before and after hold what differs."""

    who: str
    what: str
    target: str
    city: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def record(connection: Connection, deed: Deed) -> None:
    """Leave one row; it is committed, or not, with the change."""
    connection.execute(
        _QUERIES["record"],
        {
            "who": deed.who,
            "city": deed.city,
            "what": deed.what,
            "target": deed.target,
            "before": None if deed.before is None else Jsonb(dict(deed.before)),
            "after": None if deed.after is None else Jsonb(dict(deed.after)),
        },
    )
