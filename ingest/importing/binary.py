"""PostgreSQL's binary form of columns: rows for COPY out of numpy arrays, arrays of an answer into numpy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.importing.block import Int64

_2000 = 946_684_800_000_000  # µs from 1970 to 2000, where PostgreSQL counts from
_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TAIL = b"\xff\xff"
_ARRAY_HEAD = 20  # dimensions, nulls, element type, length, lower bound: 4 bytes each
INT2, INT4, INT8, FLOAT8 = ">i2", ">i4", ">i8", ">f8"


def copy_rows(*columns: tuple[str, Any]) -> bytes:
    """Rows as COPY … (FORMAT BINARY) reads them.

    Args:
        columns: for each its type and its values: an array, or one value for all rows. None is null.
    """
    rows = max(len(values) for _, values in columns if isinstance(values, np.ndarray))
    fields: list[tuple[str, str]] = [("fields", INT2)]
    for number, (kind, _) in enumerate(columns):
        fields += [(f"size{number}", INT4), (f"value{number}", kind)]
    table = np.empty(rows, np.dtype(fields))
    table["fields"] = len(columns)
    for number, (kind, values) in enumerate(columns):
        table[f"size{number}"] = np.dtype(kind).itemsize
        table[f"value{number}"] = values
    return _HEAD + table.tobytes() + _TAIL


def timestamps(microseconds: Int64) -> Int64:
    """µs since 1970 as PostgreSQL stores them."""
    return microseconds - _2000


def array_values(data: bytes | None, kind: str) -> NDArray[Any]:
    """An array of one dimension without nulls, as the server sends it in binary form."""
    if data is None or len(data) < _ARRAY_HEAD:
        return np.zeros(0, kind)
    element = np.dtype([("size", INT4), ("value", kind)])
    return np.frombuffer(data, element, offset=_ARRAY_HEAD)["value"].astype(kind[1:])


def array_times(data: bytes | None) -> Int64:
    """An array of timestamptz in µs since 1970."""
    return array_values(data, INT8) + _2000
