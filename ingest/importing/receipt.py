"""What an import came to: for the terminal and for the audit trail."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bypuls.clock import isoformat
from bypuls.errors import Refusal
from ingest.importing.storing import Stored
from ingest.importing.times import to_datetime


@dataclass(slots=True)
class Receipt:
    """What became of the rows of some files.

    Attributes:
        read: rows; empty: of them without a value; refused: reason code -> rows.
        stored: new, corrected, unchanged.
        first, last: µs since 1970, of the rows that may be stored.
        datastreams: that rows belong to; new_datastreams, new_devices: of them, made by this import.
        files: name, sha256 and columns that were not used, of each.
        seconds: how long it took.
    """

    city: str | None
    rank: str
    dry_run: bool
    read: int = 0
    empty: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Refusal] = field(default_factory=dict)
    stored: Stored = field(default_factory=Stored)
    first: int | None = None
    last: int | None = None
    datastreams: int = 0
    new_datastreams: int = 0
    new_devices: int = 0
    quarantined: int = 0
    files: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def taken(self) -> int:
        """Rows that passed."""
        return self.stored.stored + self.stored.corrected + self.stored.unchanged

    @property
    def all_refused(self) -> bool:
        """Whether there were values and none of them passed."""
        return self.taken == 0 and self.refused.total() > 0

    def span(self, first: int, last: int) -> None:
        """Take in the times of a block, µs since 1970."""
        self.first = first if self.first is None else min(first, self.first)
        self.last = last if self.last is None else max(last, self.last)

    def document(self) -> dict[str, Any]:
        """As the audit trail keeps it."""
        return {
            "files": self.files,
            "rank": self.rank,
            "read": self.read,
            "stored": self.stored.stored,
            "corrected": self.stored.corrected,
            "unchanged": self.stored.unchanged,
            "empty": self.empty,
            "refused": dict(self.refused.most_common()),
            "quarantined": self.quarantined,
            "first": None if self.first is None else isoformat(to_datetime(self.first)),
            "last": None if self.last is None else isoformat(to_datetime(self.last)),
            "datastreams": self.datastreams,
            "new_datastreams": self.new_datastreams,
            "new_devices": self.new_devices,
            "seconds": round(self.seconds, 1),
            "interrupted": self.interrupted,
        }

    def lines(self) -> list[str]:
        """As a person reads it."""
        would = "would be " if self.dry_run else ""
        done = self.stored
        rate = self.read / self.seconds if self.seconds > 0 else 0.0
        lines = [
            f"{self.read:,} rows read in {self.seconds:.1f} s ({rate:,.0f} rows/s)"
            + ("; interrupted: run it again to go on" if self.interrupted else ""),
            f"  {would}stored      {done.stored:>13,}",
            f"  {would}corrected   {done.corrected:>13,}",
            f"  unchanged   {' ' * len(would)}{done.unchanged:>13,}",
            f"  no value    {' ' * len(would)}{self.empty:>13,}",
            f"  refused     {' ' * len(would)}{self.refused.total():>13,}",
        ]
        for code, count in self.refused.most_common():
            example = self.examples[code]
            lines.append(f"    {code}: {count:,}, as {example.detail} ({example.hint})")
        if self.first is not None and self.last is not None:
            lines.append(f"  from {isoformat(to_datetime(self.first))} to {isoformat(to_datetime(self.last))}")
        lines.append(f"  datastreams: {self.datastreams:,}, new of them: {self.new_datastreams:,}")
        if self.new_devices:
            lines.append(f"  new devices: {self.new_devices:,}; pending: in no KPI until somebody activates them")
        if self.quarantined:
            lines.append(f"  quarantine: {self.quarantined:,} entries, one for each series and reason")
        unused = [(file["name"], ", ".join(file["unused"])) for file in self.files if file["unused"]]
        return lines + [f"  columns of {name} not used: {columns}" for name, columns in unused]
