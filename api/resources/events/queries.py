"""Reads the stream of changes from a position on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from api.changes import Position, newest_position
from api.context import Context
from api.listing import conditions
from api.scope import city_zones
from api.tables import Table
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
_BATCH = 500
_LOCAL = frozenset({"start", "ends"})


@dataclass(frozen=True, slots=True)
class Changed:
    """What came behind a position: values, each with its own, and where to go on. `full`: there may be more already."""

    values: list[tuple[Position, dict[str, Any]]]
    position: Position
    full: bool


def first_position(context: Context, after: Position | None) -> Position:
    """Where a stream begins: behind what the reader has, or now.

    A position from another database (one that was restored elsewhere) lies in the future: then it is now, too.
    """
    with context.reading() as connection:
        newest = newest_position(connection)
        if after is None:
            return newest
        row = connection.execute(NAMED["next_transaction"]).fetchone()
    return after if row is not None and after.xact < int(row[0]) else newest


def changes_after(context: Context, position: Position, wanted: Mapping[str, Any]) -> Changed:
    """The next values behind `position` of the cities and KPIs that are `wanted`."""
    with context.reading() as connection:
        newest = newest_position(connection)
        if newest <= position:
            return Changed([], position, full=False)
        names, rows = _between(connection, "changes", wanted, position, newest)
        zones = city_zones(connection) if rows else {}
    table = Table(names[:-2], _LOCAL, zones)
    objects = table.objects([row[:-2] for row in rows])
    values = [(Position(int(row[-2]), row[-1]), value) for row, value in zip(rows, objects, strict=True)]
    full = len(rows) == _BATCH
    return Changed(values, values[-1][0] if full else newest, full)


def changed_after(context: Context, position: Position, wanted: Mapping[str, Any]) -> Changed:
    """What changed behind `position`, put together by city, KPI and period; all of it at once."""
    with context.reading() as connection:
        newest = newest_position(connection)
        if newest <= position:
            return Changed([], position, full=False)
        names, rows = _between(connection, "changes_put_together", wanted, position, newest)
    changed = Table(names, frozenset(), {}).objects(rows)
    return Changed([(newest, {"changed": changed})] if changed else [], newest, full=False)


def _between(
    connection: Connection, name: str, wanted: Mapping[str, Any], position: Position, newest: Position
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    where = sql.SQL(" ").join(sql.SQL("AND ") + sql.SQL(part) for part in conditions(wanted, NAMED))
    cursor = connection.execute(
        sql.SQL(NAMED[name]).format(where=where),
        {
            **wanted,
            "xact": str(position.xact),
            "seq": position.seq,
            "until_xact": str(newest.xact),
            "until_seq": newest.seq,
            "limit": _BATCH,
        },
    )
    return tuple(column.name for column in cursor.description or ()), cursor.fetchall()
