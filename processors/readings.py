"""Reads the rollups that KPI values rest on: many datastreams and spans in one statement, as one array.

The server sends each column as one array, whose binary form numpy takes as it comes; row by row through the driver
(COPY too hands them over one by one) is many times slower.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, LiteralString

import numpy as np
import numpy.typing as npt
import pandas as pd
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.windows import instant

Records = npt.NDArray[Any]
"""Structured array with the fields of `FIELDS`, sorted by datastream, then bucket."""

_INTEGERS = ("n_valid", "n_suspect", "n_fail", "expected")
_FLOATS = ("sum", "min", "max", "last", "energy_sum", "sin_sum", "cos_sum", "increase", "gap_increase", "covered")
FIELDS = np.dtype(
    [("datastream", "<i4"), ("bucket", "<i8")]
    + [(name, "<i4") for name in _INTEGERS]
    + [(name, "<f8") for name in _FLOATS]
)
"""`bucket` in seconds since 1970; `expected` is -1 while unknown; floats are NaN where there is none.

`n_fail` counts readings of a register that stray, too."""

Span = tuple[int, int, int]
"""(datastream, from, to) in seconds since 1970."""

_SQL = queries("processors", "kpis.sql")


class _ArrayLoader(Loader):
    """A one-dimensional array of numbers without nulls, from PostgreSQL's binary form into numpy.

    Header: dimensions, has-nulls, element type, length, lower bound (five int4); then length and data of each element.
    """

    format = Format.BINARY
    element: ClassVar[str]

    def load(self, data: Buffer) -> npt.NDArray[Any]:
        """Read the whole array."""
        wire = np.dtype([("length", ">i4"), ("number", self.element)])
        return np.frombuffer(data, wire, offset=20)["number"]


class _Int4Array(_ArrayLoader):
    element = ">i4"


class _Int8Array(_ArrayLoader):
    element = ">i8"


class _Float8Array(_ArrayLoader):
    element = ">f8"


class ArrayParameter:
    """A numpy array as a parameter, in PostgreSQL's binary form: tens of thousands of numbers as lists take seconds."""

    def __init__(self, numbers: npt.NDArray[Any]) -> None:
        self.numbers = numbers


class Int4s(ArrayParameter):
    """int4[]."""


class Int8s(ArrayParameter):
    """int8[]."""


class Float8s(ArrayParameter):
    """float8[]."""


class _ArrayDumper(Dumper):
    """The other way round than `_ArrayLoader`."""

    format = Format.BINARY
    element: ClassVar[str]
    element_oid: ClassVar[int]

    def dump(self, obj: ArrayParameter) -> Buffer:
        """Write the whole array."""
        count = len(obj.numbers)
        data = np.empty(count, np.dtype([("length", ">i4"), ("number", self.element)]))
        data["length"], data["number"] = int(self.element[-1]), obj.numbers
        dimensions = [1, 0, self.element_oid, count, 1] if count else [0, 0, self.element_oid]
        return np.array(dimensions, ">i4").tobytes() + data.tobytes()


class _Int4Dumper(_ArrayDumper):
    oid, element, element_oid = 1007, ">i4", 23


class _Int8Dumper(_ArrayDumper):
    oid, element, element_oid = 1016, ">i8", 20


class _Float8Dumper(_ArrayDumper):
    oid, element, element_oid = 1022, ">f8", 701


def write_arrays(connection: Connection, query: LiteralString, parameters: Sequence[ArrayParameter]) -> None:
    """Execute a statement whose parameters are arrays."""
    with connection.cursor() as cursor:
        for kind, dumper in ((Int4s, _Int4Dumper), (Int8s, _Int8Dumper), (Float8s, _Float8Dumper)):
            cursor.adapters.register_dumper(kind, dumper)
        cursor.execute(query, parameters)


def read(connection: Connection, table: Literal["rollup_1h", "rollup_5m"], spans: Sequence[Span]) -> Records:
    """The rollups of these datastreams within their spans (which do not overlap for one datastream)."""
    if not spans:
        return np.empty(0, FIELDS)
    columns = [[span[0] for span in spans], [instant(span[1]) for span in spans], [instant(span[2]) for span in spans]]
    row = arrays(connection, _SQL[f"read_{table}"], columns)
    if row is None:
        return np.empty(0, FIELDS)
    records = np.empty(len(row[0]), FIELDS)
    for name, column in zip(FIELDS.names or (), row, strict=True):
        records[name] = column
    return records[np.lexsort((records["bucket"], records["datastream"]))]


def arrays(connection: Connection, query: LiteralString, parameters: Sequence[Any]) -> list[npt.NDArray[Any]] | None:
    """The columns of a query that answers with one row of arrays; None when they are null: nothing was found."""
    with connection.cursor(binary=True) as cursor:
        for name, loader in (("int4", _Int4Array), ("int8", _Int8Array), ("float8", _Float8Array)):
            cursor.adapters.register_loader(connection.adapters.types[name].array_oid, loader)
        row = cursor.execute(query, parameters).fetchone()
    return None if row is None or row[0] is None else list(row)


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
    "attributes",
)


def read_series(connection: Connection, cities: Sequence[str]) -> Mapping[str, pd.DataFrame]:
    """The datastreams that have a site, by city, sorted by id.

    Columns: `SERIES_COLUMNS`; interval and spacing in seconds, first and last in seconds since 1970, NaN where unknown;
    kind and attributes are the site's.
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
