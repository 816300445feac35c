"""A piece of a file as columns: what its rows say, and which of them could not be read. Every format gives these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

FINE, EMPTY = 0, 1
"""Codes of rows: to be taken; without a value, which is no fault. From `FIRST_FAULT` on: an index into `FAULTS`."""
FIRST_FAULT = 2
FAULTS = (
    "wrong_type",
    "non_finite",
    "time_unreadable",
    "time_without_zone",
    "time_missing",
    "time_in_past",
    "time_in_future",
    "sentinel",
)
"""What can be wrong with a single row; what is wrong with all rows of a series stands with the series."""


def fault(code: str) -> int:
    """The number by which a row's fault is marked.

    >>> FAULTS[fault("sentinel") - FIRST_FAULT]
    'sentinel'
    """
    return FAULTS.index(code) + FIRST_FAULT


class Sent(NamedTuple):
    """What the rows of one series say of themselves, as written; "" where they say nothing."""

    city: str = ""
    device: str = ""
    quantity: str = ""
    channel: str = ""
    unit: str = ""
    interval: str = ""


class Stray(NamedTuple):
    """A line that did not become a row: it has other columns than the file, or is no pack.

    Attributes:
        text: the line as it stands.
    """

    line: int
    code: str
    detail: str
    hint: str
    text: str


@dataclass(slots=True)
class Block:
    """Consecutive rows of a file.

    Attributes:
        lines: line of each row (of Parquet: its number), counted from 1.
        series: per row an index into `sent`.
        sent: what the rows' series are called.
        time: µs since 1970 in UTC; 0 where it could not be read.
        value: as written, NaN where there is none.
        fault: per row `FINE`, `EMPTY` or a fault.
        flag: QARTOD flag that the file gives, 0 for none; None: the file has no such column.
        wrote: a row's time and value as written.
        strays: lines that are no rows.
        read: bytes of the file (of Parquet: rows) that lie behind, this block's included.
    """

    lines: Int64
    series: Int32
    sent: Sequence[Sent]
    time: Int64
    value: Float64
    fault: Bytes
    flag: Bytes | None
    wrote: Callable[[int], tuple[Any, Any]]
    strays: list[Stray] = field(default_factory=list)
    read: int = 0

    def __len__(self) -> int:
        return len(self.lines)
