"""What a spreadsheet or CSV file holds, as cells with their addresses. It knows no column's meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Literal

from bypuls.collection.numerals import Mark

MOST_BYTES = 1_400_000
"""Of a file: a filled template takes 30,000."""
MOST_ROWS, MOST_COLUMNS = 1000, 60
"""Of a sheet that is looked at; what lies beyond is no template."""

Kind = Literal["xlsx", "csv"]


class Unreadable(ValueError):
    """A file that cannot be taken at all: the message says why, and how to save it."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula whose result is not in the file."""

    text: str


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """What a spreadsheet shows where there is no result: #DIV/0!, #REF! and others."""

    text: str


Content = str | Decimal | bool | date | time | timedelta | Formula | ErrorValue
"""What a cell holds; dates and times as the spreadsheet has them (a datetime is a date)."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that holds something.

    Attributes:
        address: as a spreadsheet names it: `F12`; in CSV the same, counted from its rows and fields.
        content: what it holds.
        percent: it is formatted as a percentage: it shows 85 % for 0.85.
        spread: it is one cell over several rows (merged), `rows` of them.
    """

    address: str
    content: Content
    percent: bool = False
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its cells by row and column, counted from 1; empty ones are left out."""

    name: str
    cells: Mapping[tuple[int, int], Cell]
    mark: Mark | None = None
    """The decimal mark that its format tells (a CSV's separator), where it does."""
    beyond: int = 0
    """Cells that lie beyond what is looked at."""

    def rows(self) -> Iterator[tuple[int, dict[int, Cell]]]:
        """Row by row, those that hold something."""
        found: dict[int, dict[int, Cell]] = {}
        for (row, column), cell in sorted(self.cells.items()):
            found.setdefault(row, {})[column] = cell
        yield from found.items()


@dataclass(frozen=True, slots=True)
class File:
    """A file that could be opened."""

    kind: Kind
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...] = field(default=())
    """What its reader should know: another encoding than UTF-8 …"""


def column_letters(number: int) -> str:
    """The letters of a column, counted from 1.

    >>> column_letters(28)
    'AB'
    """
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def shown(content: Content) -> str:
    """A content in a message: short, one line.

    >>> shown(date(2021, 5, 1)), shown(Decimal("1.50"))
    ('the date 2021-05-01', '1.50')
    """
    if isinstance(content, str):
        return repr(" ".join(content.split())[:40])
    if isinstance(content, date):
        return f"the date {content:%Y-%m-%d}"
    if isinstance(content, time | timedelta):
        return f"the time {content}"
    if isinstance(content, Formula):
        return f"the formula {content.text[:40]!r}"
    return content.text[:40] if isinstance(content, ErrorValue) else str(content).upper()
