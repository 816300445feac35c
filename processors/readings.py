"""Reads the rollups that KPI values rest on: many datastreams and spans in one statement, as one array.

The server sends each span's columns as arrays, whose binary form numpy takes as it comes. Row by row through the driver
costs more, and COPY hands rows over one by one, too: of a million hours the client then takes 3.3 CPU seconds, and the
server as much as for arrays (2.5), which the client reads in 0.3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import compress
from operator import itemgetter
from typing import Any, ClassVar, Literal, LiteralString

import numpy as np
import numpy.typing as npt
import pandas as pd
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.windows import HOUR, distinct

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
Spans = npt.NDArray[np.int64]
"""Many of them: a row for each."""

_SQL = queries("processors", "readings.sql")
_SQL_OF_SERIES = queries("processors", "kpis.sql")
_MARKS_OF_SERIES = _SQL_OF_SERIES["marks_of_series"].replace("{series}", _SQL_OF_SERIES["series"])


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


class _Int2Array(_ArrayLoader):
    element = ">i2"


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


class Instants(ArrayParameter):
    """timestamptz[], as PostgreSQL counts: int8, in microseconds since 2000."""


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


class _InstantDumper(_ArrayDumper):
    oid, element, element_oid = 1185, ">i8", 1184


_DUMPERS = ((Int4s, _Int4Dumper), (Int8s, _Int8Dumper), (Float8s, _Float8Dumper), (Instants, _InstantDumper))
_LOADERS = (
    ("int2", _Int2Array),
    ("int4", _Int4Array),
    ("int8", _Int8Array),
    ("float8", _Float8Array),
    ("timestamptz", _Int8Array),
)


def write_arrays(connection: Connection, query: LiteralString, parameters: Sequence[Any] | Mapping[str, Any]) -> None:
    """Execute a statement some of whose parameters are arrays."""
    with connection.cursor() as cursor:
        for kind, dumper in _DUMPERS:
            cursor.adapters.register_dumper(kind, dumper)
        cursor.execute(query, parameters)


def binary_rows(columns: Mapping[str, npt.NDArray[Any]], kinds: Mapping[str, str]) -> bytes:
    """Columns of numbers without nulls as COPY … (FORMAT BINARY) takes them; `kinds`: what each is on the wire."""
    wire = np.dtype(
        [("fields", ">i2"), *(one for name in kinds for one in ((f"{name} length", ">i4"), (name, kinds[name])))]
    )
    rows = np.empty(len(next(iter(columns.values()))), wire)
    rows["fields"] = len(kinds)
    for name, kind in kinds.items():
        rows[f"{name} length"], rows[name] = int(kind[-1]), columns[name]
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff"


class _ArrayBytes(Loader):
    """The elements of an array as they come: length and data of each; of a null a length of -1 alone."""

    format = Format.BINARY

    def load(self, data: Buffer) -> bytes:
        """Leave out the header."""
        return bytes(data[20:])


_INT8 = np.dtype([("length", ">i4"), ("number", ">i8")])
_WIRE = {"bucket": ">i8"} | dict.fromkeys(_INTEGERS, ">i4") | dict.fromkeys(_FLOATS, ">f8")
_LENGTHS = {"rollup_1h": HOUR, "rollup_5m": HOUR // 12}
_SHORT = 48  # buckets of a span
_EPOCH_OF_POSTGRES = 946_684_800  # 1 January 2000, from which it counts microseconds


def hours_with_rollups(
    connection: Connection, table: Literal["rollup_1h", "rollup_5m"], spans: Sequence[Span]
) -> dict[int, npt.NDArray[np.int64]]:
    """In which hours each datastream gave anything, in order; one span of each datastream."""
    rows = _rows(connection, _SQL[f"hours_in_{table}"], spans)
    return {
        datastream: distinct(_instants(np.frombuffer(buckets, _INT8)["number"]) // HOUR * HOUR)
        for datastream, buckets in rows
    }


def read(connection: Connection, table: Literal["rollup_1h", "rollup_5m"], spans: Sequence[Span] | Spans) -> Records:
    """The rollups of these datastreams within their spans (which do not overlap for one datastream)."""
    if not len(spans):
        return np.empty(0, FIELDS)
    lengths = np.diff(np.array(spans, dtype=np.int64)[:, 1:])
    together = bool(lengths.mean() <= _SHORT * _LENGTHS[table])
    query = _SQL["read_together" if together else "read_apart"].replace("{columns}", _SQL[table])
    rows = _rows(connection, query.replace("{table}", table), spans)
    if not rows or rows[0][0] is None:
        return np.empty(0, FIELDS)
    datastreams, *columns = zip(*rows, strict=True)
    counts = np.array([len(buckets) for buckets in columns[0]], dtype=np.int64) // 12
    records = np.empty(int(counts.sum()), FIELDS)
    if together:
        records["datastream"] = _elements(datastreams, counts, ">i4")
    else:
        records["datastream"] = np.repeat(np.array(datastreams, dtype=np.int64), counts)
    for (name, kind), column in zip(_WIRE.items(), columns, strict=True):
        records[name] = _elements(column, counts, kind)
    records["bucket"] = _instants(records["bucket"])
    keys = (records["datastream"].astype(np.int64) << 40) + records["bucket"]
    return records if (keys[1:] > keys[:-1]).all() else records[np.argsort(keys)]


def _rows(connection: Connection, query: LiteralString, spans: Sequence[Span] | Spans) -> list[tuple[Any, ...]]:
    streams, since, until = np.array(spans, dtype=np.int64).reshape(-1, 3).T
    parameters = [Int4s(streams), *(Instants((at - _EPOCH_OF_POSTGRES) * 1_000_000) for at in (since, until))]
    with connection.cursor(binary=True) as cursor:
        for kind, dumper in _DUMPERS:
            cursor.adapters.register_dumper(kind, dumper)
        for name in ("int4", "float8", "timestamptz"):
            cursor.adapters.register_loader(connection.adapters.types[name].array_oid, _ArrayBytes)
        return cursor.execute(query, parameters).fetchall()


def _instants(microseconds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Seconds since 1970."""
    return microseconds // 1_000_000 + _EPOCH_OF_POSTGRES


def _elements(spans: Sequence[bytes], counts: npt.NDArray[np.int64], kind: str) -> npt.NDArray[Any]:
    """The numbers of several arrays behind each other; NaN for null. `counts`: how many each array has."""
    wire = np.dtype([("length", ">i4"), ("number", kind)])
    lengths = np.array([len(span) for span in spans], dtype=np.int64)
    if (lengths == counts * wire.itemsize).all():
        return np.frombuffer(b"".join(spans), wire)["number"]
    numbers = np.full(int(counts.sum()), np.nan)
    whole = lengths == counts * wire.itemsize
    numbers[np.repeat(whole, counts)] = np.frombuffer(b"".join(compress(spans, whole)), wire)["number"]
    mixed = ~whole & (lengths > counts * 4)  # in the rest all are null
    if mixed.any():
        numbers[np.repeat(mixed, counts)] = _with_nulls(b"".join(compress(spans, mixed)), int(counts[mixed].sum()))
    return numbers


def _with_nulls(data: bytes, count: int) -> npt.NDArray[np.float64]:
    """So many float8, some of them null.

    Where one element begins says where the next does. Of the first, the second, the fourth … at a time we know where
    those that follow them begin.
    """
    words = np.frombuffer(data, ">i4")
    step = np.minimum(np.arange(len(words)) + np.where(words == -1, 1, 3), len(words) - 1)
    at = np.zeros(1, dtype=np.int64)
    while len(at) < count:
        at, step = np.concatenate([at, step[at]]), step[step]
    at = at[:count]
    valid = words[at] != -1
    halves = np.stack([words[at[valid] + 1], words[at[valid] + 2]], axis=1).astype(">i4")
    numbers = np.full(count, np.nan)
    numbers[valid] = halves.view(">f8").reshape(-1)
    return numbers


def arrays(
    connection: Connection, query: LiteralString, parameters: Sequence[Any] | Mapping[str, Any]
) -> list[npt.NDArray[Any]] | None:
    """The columns of a query that answers with one row of arrays; None when they are null: nothing was found.

    Instants come as PostgreSQL counts them: in microseconds since 2000.
    """
    with connection.cursor(binary=True) as cursor:
        for kind, dumper in _DUMPERS:
            cursor.adapters.register_dumper(kind, dumper)
        for name, loader in _LOADERS:
            cursor.adapters.register_loader(connection.adapters.types[name].array_oid, loader)
        row = cursor.execute(query, parameters).fetchone()
    return None if row is None or row[0] is None else list(row)


def merged(spans: Sequence[Span]) -> list[Span]:
    """The same hours without overlap.

    >>> merged([(1, 0, 10), (1, 5, 20), (2, 0, 5)])
    [(1, 0, 20), (2, 0, 5)]
    """
    result: list[Span] = []
    for datastream, since, until in sorted(set(spans)):
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
    "active",
    "attributes",
)
_KINDS = {"id": np.int64, "active": bool} | dict.fromkeys(("interval", "spacing", "first"), float)


def read_series(connection: Connection, cities: Sequence[str]) -> Mapping[str, pd.DataFrame]:
    """The datastreams that have a site, by city, sorted by id.

    Columns: `SERIES_COLUMNS`; interval and spacing in seconds, first in seconds since 1970, NaN where unknown; kind and
    attributes are the site's.
    """
    rows = connection.execute(_SQL_OF_SERIES["series"], (list(cities),)).fetchall()
    by_city: dict[str, list[tuple[Any, ...]]] = {city: [] for city in cities}
    for city, *row in rows:
        by_city[city].append(tuple(row))
    return {city: series_frame(found) for city, found in by_city.items()}


def marks_of_series(connection: Connection, cities: Sequence[str]) -> dict[str, tuple[int, int]]:
    """By city, what changes when `read_series` would give something else; cities without datastreams have none."""
    rows = connection.execute(_MARKS_OF_SERIES, (list(cities),)).fetchall()
    return {city: (count, mark) for city, count, mark in rows}


def series_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """A frame of `SERIES_COLUMNS` from rows in that order."""
    columns = zip(*sorted(rows, key=itemgetter(0)), strict=True) if rows else ((),) * len(SERIES_COLUMNS)
    # Texts as Python's own: every KPI of a batch goes through them one by one, which takes Arrow's ten times as long.
    return pd.DataFrame(
        {
            name: pd.Series(column, dtype=_KINDS.get(name, object))
            for name, column in zip(SERIES_COLUMNS, columns, strict=True)
        }
    )
