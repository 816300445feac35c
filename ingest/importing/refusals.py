"""Refused rows: counted by reason, kept in quarantine by series and reason, listed one by one in a file if asked for.

A row of quarantine is one reason for one series of one file, with the rows as they were written, up to `KEPT` of them;
past `GROUPS` series it is one per reason. So a file that is wrong from end to end fills no table.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import numpy as np

from bypuls.errors import Refusal, SettingsError
from ingest.importing.block import Block, Sent, Stray
from ingest.importing.checking import Checked, Checker, refused_rows
from ingest.pipeline import clean
from ingest.writer import Quarantined

KEPT = 500
GROUPS = 200
HEADER = ("line", "time", "device", "property", "value", "unit", "channel")

_Key = tuple[str, Sent | None]


@dataclass(slots=True)
class _Group:
    refusal: Refusal
    first: int
    last: int
    count: int = 0
    rows: list[tuple[Any, ...]] = field(default_factory=list)


class ErrorFile:
    """The CSV of refused rows; None writes nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                self._file = self._path.open("w", encoding="utf-8", newline="")
            except OSError as error:
                raise SettingsError(f"{self._path} cannot be written: {error.strerror}") from None
            self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(("file", *HEADER, "code", "detail", "hint"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def wanted(self) -> bool:
        """Whether refused rows are listed one by one."""
        return self._writer is not None

    def add(self, file: Path, row: tuple[Any, ...], refusal: Refusal) -> None:
        """List one row."""
        self._writer.writerow((file, *row, refusal.code, refusal.detail, refusal.hint))


class Refusals:
    """What of one file was refused.

    Attributes:
        counts: reason code -> rows.
        examples: reason code -> the first refusal of it.
    """

    def __init__(self, file: Path, city: str | None, errors: ErrorFile) -> None:
        self._file, self._city, self._errors = file, city, errors
        self._groups: dict[_Key, _Group] = {}
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, Refusal] = {}

    def add(self, checker: Checker, checked: Checked) -> int:
        """Take what of a block was refused; returns how many rows."""
        rows = refused_rows(checked)
        block = checked.block
        for stray in block.strays:
            self._add_stray(stray)
        # One look per reason and series, however many rows.
        kinds = block.fault[rows].astype(np.int64) * len(block.sent) + block.series[rows]
        for first in np.sort(np.unique(kinds, return_index=True)[1]).tolist():
            same = rows[kinds == kinds[first]]
            sent = block.sent[block.series[same[0]]]
            refused = checker.explain(checked, int(same[0]))
            group = self._group(refused, sent, int(block.lines[same[0]]))
            group.count += len(same)
            group.last = max(group.last, int(block.lines[same[-1]]))
            group.rows += [_written(block, row) for row in same[: max(KEPT - len(group.rows), 0)].tolist()]
            self.counts[refused.code] += len(same)
        if self._errors.wanted:
            for row in rows.tolist():
                self._errors.add(self._file, _written(block, row), checker.explain(checked, row))
        return len(rows) + len(block.strays)

    def _add_stray(self, stray: Stray) -> None:
        refused = Refusal(stray.code, stray.detail, hint=stray.hint)
        group = self._group(refused, None, stray.line)
        group.count += 1
        group.last = stray.line
        self.counts[stray.code] += 1
        row = (stray.line, stray.text, "", "", "", "", "")
        if len(group.rows) < KEPT:
            group.rows.append(row)
        if self._errors.wanted:
            self._errors.add(self._file, row, refused)

    def _group(self, refused: Refusal, sent: Sent | None, line: int) -> _Group:
        key: _Key = (refused.code, sent)
        if key not in self._groups and len(self._groups) >= GROUPS:
            key = (refused.code, None)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(refused, line, line)
            self.examples.setdefault(refused.code, refused)
        return group

    def quarantined(self, source: str, received_at: datetime, decoder: str) -> list[Quarantined]:
        """Rows for quarantine: the same for the same file."""
        return [
            self._quarantined(sent, group, source, received_at, decoder) for (_, sent), group in self._groups.items()
        ]

    def _quarantined(
        self, sent: Sent | None, group: _Group, source: str, received_at: datetime, decoder: str
    ) -> Quarantined:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(group.rows)
        city = (sent.city if sent is not None else "") or self._city
        topic = clean(f"import/{city or '-'}/{self._file.name}") or ""
        payload = text.getvalue().encode("utf-8", "backslashreplace")
        detail = f"{group.count} rows, lines {group.first} to {group.last}; the first: {group.refusal.detail}"
        field_name = "" if sent is None else " ".join(filter(None, (sent.quantity, sent.channel)))
        refusals = [
            {
                "code": group.refusal.code, "detail": clean(detail), "hint": group.refusal.hint,
                "field": clean(field_name) or None, "rows": group.count,
            }
        ]  # fmt: skip
        return Quarantined(
            received_at,
            city,
            source,
            topic,
            payload,
            hashlib.sha256(topic.encode() + b"\0" + group.refusal.code.encode() + b"\0" + payload).digest(),
            refusals,
            0,
            clean(sent.device) if sent is not None else None,
            decoder,
            0,
        )


def _written(block: Block, row: int) -> tuple[Any, ...]:
    sent = block.sent[block.series[row]]
    time, value = block.wrote(row)
    return int(block.lines[row]), time, sent.device, sent.quantity, value, sent.unit, sent.channel
