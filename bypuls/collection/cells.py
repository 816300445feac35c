"""Reads the cells of one row of a template: numbers, NR, words for quality and yes or no. It knows no rule of a KPI."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal

from bypuls.collection.columns import (
    NOTHING,
    NUMBERS,
    QUALITIES,
    TEXTS,
    Name,
    is_not_reported,
    plain,
    quality_of,
    yes_or_no,
)
from bypuls.collection.files import Cell, ErrorValue, Formula, shown
from bypuls.collection.numerals import Mark, NotANumber, parse
from bypuls.collection.said import Complaint, Said
from bypuls.collection.texts import BadText, clean, unguarded
from bypuls.u4ssc.catalogue import Point

_NUMBERS_ARE = "write a number, NR, or leave it empty"


class CellReader:
    """The cells of one row, by column.

    Args:
        where: what goes before an address: "Sheet1!".
        row: column -> cell; empty cells are left out.
        columns: those that the file has.
        mark: its decimal mark, where known.
    """

    def __init__(self, where: str, row: Mapping[Name, Cell], columns: frozenset[Name], mark: Mark | None) -> None:
        self.where, self.row, self.columns, self.mark = where, row, columns, mark
        self.complaints: list[Complaint] = []
        self._point: Point | None = None

    def said(self, point: Point) -> Said | None:
        """What the row says of its data point; None: no value and no NR."""
        self._point = point
        numbers = {name: self._number(name) for name in NUMBERS}
        not_reported = any(found == "NR" for found in numbers.values())
        parts = {name: found if isinstance(found, tuple) else None for name, found in numbers.items()}
        value, numerator, denominator = (parts[name] for name in ("result", "numerator", "denominator"))
        if not_reported and (value is not None or numerator is not None):
            self._complain("result", "the row says NR and has a number: delete one of them")
        if not not_reported and value is None and numerator is None and not self.complaints:
            return None
        for name in ("numerator", "denominator"):
            if (part := parts[name]) is not None and part[1]:
                self._complain(name, "it is a percentage: the template wants the number that is counted")
        texts = {name: self._text(name) for name in TEXTS}
        return Said(
            point=point,
            not_reported=not_reported,
            value=value[0] if value else None,
            percent=bool(value and value[1]),
            numerator=numerator[0] if numerator and not not_reported else None,
            denominator=denominator[0] if denominator and not not_reported else None,
            unit=self._text("unit"),
            data_quality=self._quality(),
            data_origin=texts["data_origin"],
            source=texts["source"],
            comment=texts["comment"],
            verified=self._verified(),
            given=self.columns,
            where={name: f"{self.where}{cell.address}" for name, cell in self.row.items()},
        )

    def left_alone(self) -> str | None:
        """The address of a text in a row without a value: its writer may take it for stored."""
        return next((self._at(name) for name in ("comment", "source") if name in self.row), None)

    def _number(self, name: Name) -> tuple[Decimal, bool] | str | None:
        """A number and whether it is a percentage, "NR", or None for nothing."""
        cell = self.row.get(name)
        if cell is None:
            return None
        if cell.rows > 1:
            self._complain(name, f"it is one cell over {cell.rows} rows: take it apart, so that each row has its own")
            return None
        content = cell.content
        if isinstance(content, Decimal):
            return (content.scaleb(2) if cell.percent and name == "result" else content), cell.percent
        if isinstance(content, str):
            return self._typed(name, content)
        if isinstance(content, bool):
            return self._answer(name, content, shown(content))
        self._complain(name, _why_no_number(content))
        return None

    def _typed(self, name: Name, content: str) -> tuple[Decimal, bool] | str | None:
        text = unguarded(content).strip()
        if is_not_reported(text):
            return "NR"
        if self._point is not None and self._point.yes_or_no and name == "result" and yes_or_no(text) is not None:
            return Decimal(int(bool(yes_or_no(text)))), False
        percent = text.endswith("%")
        try:
            return parse(text.removesuffix("%").strip(), self.mark), percent
        except NotANumber as error:
            hint = "" if "may be" in str(error) else f"; {_NUMBERS_ARE}"
            self._complain(name, f"{error}{hint}")
            return None

    def _answer(self, name: Name, content: bool, text: str) -> tuple[Decimal, bool] | None:  # noqa: FBT001
        if self._point is not None and self._point.yes_or_no and name == "result":
            return Decimal(int(content)), False
        self._complain(name, f"{text} is no number: {_NUMBERS_ARE}")
        return None

    def _text(self, name: Name) -> str | None:
        cell = self.row.get(name)
        if cell is None:
            return None
        content = cell.content
        if isinstance(content, Formula | ErrorValue):
            self._complain(name, f"{shown(content)}: write the text itself")
            return None
        text = f"{content:%Y-%m-%d}" if isinstance(content, date) else str(content)
        try:
            return clean(unguarded(text))
        except BadText as error:
            self._complain(name, str(error))
            return None

    def _quality(self) -> str | None:
        text = self._text("data_quality")
        if text is None:
            return None
        level = quality_of(text)
        if level is None:
            known = " | ".join(words["en"] for words in QUALITIES.values())
            self._complain("data_quality", f"{text[:40]!r} is none of the six levels: {known}")
        return level

    def _verified(self) -> str | None:
        text = self._text("verified")
        if text is None:
            return None
        answer = yes_or_no(text)
        if answer is None and plain(text) not in ("unknown", "ukjent", *NOTHING):
            self._complain("verified", f"{text[:40]!r} is neither YES nor NO")
        return "unknown" if answer is None else "yes" if answer else "no"

    def _complain(self, name: Name, what: str) -> None:
        key = self._point.key if self._point is not None else ("", "")
        self.complaints.append(Complaint(self._at(name), what, *key))

    def _at(self, name: Name) -> str:
        cell = self.row.get(name)
        return f"{self.where}{cell.address}" if cell is not None else name


def _why_no_number(content: object) -> str:
    match content:
        case ErrorValue(text):
            return f"the cell shows {text[:20]}: mend its formula, or type the number"
        case Formula():
            return (
                "the formula's result is not stored in the file: open and save it in a spreadsheet program, "
                "or type the number"
            )
        case date():
            return (
                f"the cell holds the date {content:%Y-%m-%d}: a spreadsheet makes one of 1.5; format the cell as a "
                "number and type it again"
            )
        case time() | timedelta():
            return f"the cell holds a time ({content}): write the number of minutes, as a number"
        case _:
            return f"{_NUMBERS_ARE}"
