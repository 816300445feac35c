"""64-bit marks of what values say, by which a value that would say the same is known without being written out.

A mark is stored (`kpi_value.content`) and compared with that of another process or year, so it is made of numbers and
texts alone, by arithmetic that is the same everywhere: steps of splitmix64 over columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import json

from processors.readings import FIELDS, Records

Marks = npt.NDArray[np.uint64]

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_ROWS = 4096  # as many as stay near the processor


def mixed(marks: Marks) -> Marks:
    """Every bit of each mark spread over all of it (splitmix64)."""
    with np.errstate(over="ignore"):
        made = marks + np.uint64(_GOLDEN)
        made ^= made >> np.uint64(30)
        made *= np.uint64(_FIRST)
        made ^= made >> np.uint64(27)
        made *= np.uint64(_SECOND)
        made ^= made >> np.uint64(31)
    return made


def mixed_number(mark: int) -> int:
    """The same of one number."""
    made = (mark + _GOLDEN) & _MASK
    made = ((made ^ (made >> 30)) * _FIRST) & _MASK
    made = ((made ^ (made >> 27)) * _SECOND) & _MASK
    return made ^ (made >> 31)


def folded(marks: Marks, *columns: npt.NDArray[Any]) -> Marks:
    """The marks with these columns (integers, floats, booleans or marks) added to what they stand for."""
    for column in columns:
        marks = mixed(marks ^ mixed(_bits(column)))
    return marks


def folded_number(mark: int, *numbers: int) -> int:
    """The same of one mark and whole numbers."""
    for number in numbers:
        mark = mixed_number(mark ^ mixed_number(number & _MASK))
    return mark


def _bits(column: npt.NDArray[Any]) -> Marks:
    if column.dtype.kind == "f":
        # All NaNs are one, and so are both zeros.
        made: Marks = (np.where(np.isnan(column), np.nan, column) + 0.0).astype(np.float64).view(np.uint64)
        return made
    return np.ascontiguousarray(column, dtype=np.uint64 if column.dtype == np.uint64 else np.int64).view(np.uint64)


_ODDS = mixed(np.arange(FIELDS.itemsize // 4, dtype=np.uint64)) | np.uint64(1)
"""What each 32-bit word of a rollup row is multiplied with."""


def mark_of(*said: object) -> int:
    """The mark of something that JSON can say."""
    return int.from_bytes(hashlib.blake2b(json.encode(said), digest_size=8).digest(), "little")


@lru_cache(maxsize=200)
def made_by(*modules: str) -> str:
    """The fingerprint of the code that makes something: where it changes, marks that hold it do."""
    digest = hashlib.blake2b(digest_size=8)
    for name in modules:
        found = find_spec(name)
        if found is None or found.origin is None:
            message = f"{name}: no such module, or it has no file"
            raise ModuleNotFoundError(message)
        digest.update(Path(found.origin).read_bytes())
    return digest.hexdigest()


def bits_of(number: float | None) -> int:
    """A number as `folded` takes it."""
    return int(_bits(np.array([np.nan if number is None else number], dtype=np.float64))[0])


def marks_of(said: Sequence[object], count: int) -> Marks:
    """The mark of each text or JSON object; None has one too. Objects that are the same object are looked at once."""
    known = {id(one): one for one in said}
    encode, blake, read = json.encode, hashlib.blake2b, int.from_bytes
    table = {key: read(blake(encode(one), digest_size=8).digest(), "little") for key, one in known.items()}
    if len(known) == 1:
        return np.full(count, table.popitem()[1], dtype=np.uint64)
    return np.fromiter((table[id(one)] for one in said), dtype=np.uint64, count=count)


def marks_of_records(records: Records) -> Marks:
    """The mark of each rollup row: all of its numbers, bit for bit."""
    marks = np.empty(len(records), dtype=np.uint64)
    for first in range(0, len(records), _ROWS):
        some = np.ascontiguousarray(records[first : first + _ROWS])
        with np.errstate(over="ignore"):
            words = some.view("<u4").reshape(len(some), -1) * _ODDS
            words ^= words >> np.uint64(32)
            marks[first : first + _ROWS] = words.sum(axis=1)
    return mixed(marks)


def running_total(marks: Marks) -> Marks:
    """Sums of the marks before each row, and of all; modulo 2**64, so differences are sums of what lies between."""
    total = np.zeros(len(marks) + 1, dtype=np.uint64)
    np.cumsum(marks, out=total[1:])
    return total


def between(total: Marks, begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> Marks:
    """Sums of the marks from one row to before another."""
    with np.errstate(over="ignore"):
        return np.asarray(total[end] - total[begin], dtype=np.uint64)


def as_stored(mark: int) -> int:
    """A mark as the database keeps it, in a signed bigint."""
    return mark - (1 << 64) if mark >> 63 else mark


def from_stored(mark: int) -> int:
    """The other way round."""
    return mark & _MASK
