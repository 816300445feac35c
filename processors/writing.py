"""Writes values into `kpi_value`: staged by COPY, merged by one statement that writes only what changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec import json

from bypuls.clock import isoformat
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.content import as_stored
from processors.values import Value
from processors.windows import instant

_SQL = queries("processors", "kpis.sql")
_LINES = 2000


def write(connection: Connection, values: Sequence[Value], now: datetime) -> int:
    """Store the values that differ from what stands; returns how many."""
    if not values:
        return 0
    connection.execute(_SQL["create_staged"])
    connection.execute(_SQL["empty_staged"])
    with connection.cursor() as cursor, cursor.copy(_SQL["stage"]) as copy:
        for first in range(0, len(values), _LINES):
            copy.write("".join(map(_line, values[first : first + _LINES])))
    row = connection.execute(_SQL["upsert"], {"now": now}).fetchone()
    return int(row[0]) if row else 0


def _line(value: Value) -> str:
    """One row in COPY's text form; the driver's own, column by column, takes several times as long."""
    definition, (start, ends) = value.definition, value.evidence["window"]
    final_at = ends if definition.lateness == timedelta(0) else _final_at(value.end, definition.lateness)
    return (
        f"{value.city}\t{definition.id}\t{value.scope_kind}\t{value.scope}\t{value.period}\t{start}\t{ends}\t"
        f"{_number(value.value)}\t{_text(definition.unit)}\t{_text(value.band)}\t{_json(value.detail)}\t"
        f"{value.quality}\t{_text(value.reason)}\t{_number(value.coverage)}\t{_json(value.evidence)}\t"
        f"{definition.version}\t{final_at}\t{_mark(value.content)}\n"
    )


def _mark(content: int | None) -> str:
    return "\\N" if content is None else str(as_stored(content))


@lru_cache(maxsize=10_000)
def _final_at(end: int, lateness: timedelta) -> str:
    return isoformat(instant(end) + lateness)


def _number(value: float | None) -> str:
    return "\\N" if value is None else repr(float(value))


@lru_cache(maxsize=1000)  # units, bands and reasons: few different ones
def _text(value: str | None) -> str:
    if value is None:
        return "\\N"
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _json(value: object) -> str:
    # JSON holds no bare tab or newline; only its own backslashes are to be kept.
    return "\\N" if value is None else json.encode(value).decode().replace("\\", "\\\\")
