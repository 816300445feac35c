"""Rows as people and programs take them: JSON objects or CSV with the same columns. It knows no question."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from api.payloads import shown
from api.times import local
from bypuls.clock import isoformat

CSV_TYPE = "text/csv; charset=utf-8; header=present"

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns as the database gave them, and which of its times are also told in the city's own time.

    Attributes:
        names: columns of the rows.
        local: names of times that get a second column `<name>_local`.
        zones: city -> its zone; the rows' column `city` says which.
    """

    names: tuple[str, ...]
    local: frozenset[str]
    zones: Mapping[str, ZoneInfo]

    @property
    def header(self) -> list[str]:
        """The columns as they are given out."""
        header: list[str] = []
        for name in self.names:
            header.append(name)
            if name in self.local:
                header.append(f"{name}_local")
            elif name == "payload":
                header.append("payload_encoding")
        return header

    def cells(self, row: Row) -> list[Any]:
        """One row as it is given out: times as text, numbers that are none as null, raw bytes as text or base64."""
        zone = self.zones.get(row[self.names.index("city")]) if self.local and "city" in self.names else None
        cells: list[Any] = []
        for name, value in zip(self.names, row, strict=True):
            kind = type(value)  # most of the time of a long answer is spent here
            if kind is datetime:
                cells.append(isoformat(value))
            elif kind is float:
                cells.append(value if math.isfinite(value) else None)
            elif name == "payload":
                cells.extend(shown(value))
            else:
                cells.append(value)
            if name in self.local:
                cells.append(local(value, zone) if value is not None and zone is not None else None)
        return cells

    def objects(self, rows: Iterable[Row]) -> list[dict[str, Any]]:
        """Rows as JSON objects."""
        header = self.header
        return [dict(zip(header, self.cells(row), strict=True)) for row in rows]


def json_bytes(value: object) -> bytes:
    """JSON in which a number that is none becomes null, never NaN."""
    return msgspec.json.encode(value)


def csv_head(table: Table) -> bytes:
    """The header row."""
    return _lines([table.header])


def csv_chunks(table: Table, rows: Sequence[Row], size: int = 500) -> Iterator[bytes]:
    """Rows as CSV (RFC 4180) in pieces of `size` rows.

    Numbers stay numbers and nothing is put before a text that a spreadsheet might take for a formula: this is data for
    programs. Null is an empty cell; what JSON gives as an object or a list is its JSON text.
    """
    for start in range(0, len(rows), size):
        lines = (table.cells(row) for row in rows[start : start + size])
        yield _lines([_text(cell) if type(cell) in _STRUCTURED else cell for cell in line] for line in lines)


_STRUCTURED = frozenset({bool, dict, list})
"""What CSV gives as JSON text."""


def _text(cell: Any) -> str:
    return json.dumps(cell, ensure_ascii=False, separators=(",", ":"))


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode()
