"""Reads the rollups that KPI values rest on: many datastreams and spans in one statement, as one array.

COPY's binary form has rows of one width when nothing is null, so numpy takes them as they come: measured several
million rows a second, where row by row into Python it is some hundred thousand.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from bypuls.errors import DatabaseError
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.windows import instant

Records = npt.NDArray[Any]
"""Structured array with the fields of `FIELDS`, sorted by datastream, then bucket."""

_INTEGERS = ("n_valid", "n_suspect", "n_fail", "expected")
_FLOATS = ("sum", "max", "last", "energy_sum", "sin_sum", "cos_sum", "increase")
FIELDS = np.dtype(
    [("datastream", "<i4"), ("bucket", "<i8")]
    + [(name, "<i4") for name in _INTEGERS]
    + [(name, "<f8") for name in _FLOATS]
)
"""`bucket` in seconds since 1970; `expected` is -1 while unknown; floats are NaN where there is none."""

Span = tuple[int, int, int]
"""(datastream, from, to) in seconds since 1970."""

_SQL = queries("processors", "kpis.sql")
_SIGNATURE = b"PGCOPY\n\xff\r\n\x00"


def _wire_type() -> np.dtype[Any]:
    parts: list[tuple[str, str]] = [("fields", ">i2")]
    for name in FIELDS.names or ():
        kind = FIELDS[name]
        parts += [(f"{name} length", ">i4"), (name, kind.str.replace("<", ">"))]
    return np.dtype(parts)


_WIRE = _wire_type()


def read(connection: Connection, table: Literal["rollup_1h", "rollup_5m"], spans: Sequence[Span]) -> Records:
    """The rollups of these datastreams within their spans (which do not overlap for one datastream)."""
    if not spans:
        return np.empty(0, FIELDS)
    columns = [[span[0] for span in spans], [instant(span[1]) for span in spans], [instant(span[2]) for span in spans]]
    with connection.cursor() as cursor, cursor.copy(_SQL[f"read_{table}"], columns) as copy:
        data = b"".join(bytes(block) for block in copy)
    return _parse(data)


def _parse(data: bytes) -> Records:
    if not data.startswith(_SIGNATURE):
        raise DatabaseError("the server's COPY stream is not in PostgreSQL's binary form")
    (extension,) = struct.unpack_from(">i", data, len(_SIGNATURE) + 4)
    begin = len(_SIGNATURE) + 8 + extension
    wire = np.frombuffer(data, _WIRE, offset=begin, count=(len(data) - 2 - begin) // _WIRE.itemsize)
    records = np.empty(len(wire), FIELDS)
    for name in FIELDS.names or ():
        records[name] = wire[name]
    return records[np.lexsort((records["bucket"], records["datastream"]))]


def merged(spans: Sequence[Span]) -> list[Span]:
    """The same hours without overlap.

    >>> merged([(1, 0, 10), (1, 5, 20), (2, 0, 5)])
    [(1, 0, 20), (2, 0, 5)]
    """
    result: list[Span] = []
    for datastream, since, until in sorted(spans):
        if result and result[-1][0] == datastream and since <= result[-1][2]:
            result[-1] = (datastream, result[-1][1], max(until, result[-1][2]))
        else:
            result.append((datastream, since, until))
    return result


def hash_of(records: Records) -> str:
    """Hash of the numbers a value rests on, as its evidence carries it."""
    return "sha256:" + hashlib.sha256(records.data).hexdigest()


SERIES_COLUMNS = (
    "id",
    "site",
    "kind",
    "property",
    "aggregation",
    "channel",
    "device",
    "class",
    "origin",
    "interval",
    "spacing",
    "first",
    "last",
    "active",
)


def read_series(connection: Connection, cities: Sequence[str]) -> Mapping[str, pd.DataFrame]:
    """The datastreams that have a site, by city, sorted by id.

    Columns: `SERIES_COLUMNS`; interval and spacing in seconds, first and last in seconds since 1970, NaN where unknown.
    """
    rows = connection.execute(_SQL["series"], (list(cities),)).fetchall()
    by_city: dict[str, list[tuple[Any, ...]]] = {city: [] for city in cities}
    for city, *row in rows:
        by_city[city].append(tuple(row))
    return {city: series_frame(found) for city, found in by_city.items()}


def series_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """A frame of `SERIES_COLUMNS` from rows in that order."""
    frame = pd.DataFrame.from_records(rows, columns=list(SERIES_COLUMNS)).astype(
        {"id": np.int64, "interval": float, "spacing": float, "first": float, "last": float, "active": bool}
    )
    return frame.sort_values("id", ignore_index=True)
