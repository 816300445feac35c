"""How far bridges are, as a person sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

_SQL = queries("ingest.bridges", "bridges.sql")
_HEAD = ("bridge", "service", "city", "station", "device", "last run", "newest value", "behind", "state")


class Status(NamedTuple):
    """One station of a bridge; all but the first four are None where a bridge has no station."""

    bridge: str
    service: str
    city: str
    enabled: bool
    station: str | None
    device: str | None
    last_run: datetime | None
    last_success: datetime | None
    last_error: str | None
    failures: int | None
    newest: datetime | None
    complete_to: datetime | None
    next_run: datetime | None
    published: int | None
    corrected: int | None
    left_out: dict[str, int] | None


def status(connection: Connection) -> list[Status]:
    """Every station of every bridge that is set up."""
    return [Status(*row) for row in connection.execute(_SQL["status"]).fetchall()]


def any_enabled(connection: Connection) -> bool:
    """Whether there is anything to ask for."""
    row = connection.execute(_SQL["any_enabled"]).fetchone()
    return row is not None and bool(row[0])


def table(rows: Sequence[Status], now: datetime) -> Iterator[str]:
    """The status as lines of text, columns under one another."""
    cells = [_HEAD, *(_cells(row, now) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD) - 1)]
    for line in cells:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()


def _cells(row: Status, now: datetime) -> tuple[str, ...]:
    return (
        row.bridge,
        row.service,
        row.city,
        row.station or "-",
        row.device or "-",
        _when(row.last_run),
        _when(row.newest),
        "-" if row.newest is None else span(now - row.newest),
        _state(row),
    )


def _state(row: Status) -> str:
    if not row.enabled:
        return "disabled"
    if row.last_error is not None:
        return f"failed {row.failures} times: {row.last_error} (again at {_when(row.next_run)})"
    if row.last_run is None:
        return "not asked yet"
    left_out = sum((row.left_out or {}).values())
    return f"ok, {row.published} values published" + (f", {left_out} left out in the last run" if left_out else "")


def _when(time: datetime | None) -> str:
    return "never" if time is None else f"{time:%Y-%m-%d %H:%M}Z"


def span(span: timedelta) -> str:
    """A length of time in the unit that a person would use.

    >>> span(timedelta(minutes=95)), span(timedelta(days=3, hours=2)), span(timedelta(seconds=-4))
    ('1 h 35 min', '3 d 2 h', '0 min')
    """
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes >= 24 * 60:
        return f"{minutes // (24 * 60)} d {minutes // 60 % 24} h"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004
