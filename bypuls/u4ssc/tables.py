"""Statistical tables as SSB's statbank exports them: CSV (long, or with a column per year) and JSON-stat 2. Pure.

A table is cells: each has its place in every dimension (code and label where the file has both) and a value, or the
symbol that stands for none. CSV files have labels only. SSB's symbols: `-` is zero; `.`, `..`, `...` and `:` are no
value (cannot occur, missing, not yet there, confidential).
"""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from bypuls.errors import SettingsError
from bypuls.typed import read_json

_NONE = frozenset({".", "..", "...", ":", ""})
_YEAR = re.compile(r"^(?:(?P<before>.*\S)\s+)?(?P<year>(?:19|20)\d{2})$")
_DELIMITERS = (";", "\t", ",")
_MAY_BE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}\*?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell lies in one dimension; `code` is empty where the file has labels only."""

    code: str
    label: str

    def is_called(self, name: str) -> bool:
        """Whether a name is its code or its label."""
        wanted = name.casefold().strip()
        return wanted in {self.code.casefold(), self.label.casefold()}


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a table; `symbol` says why there is none."""

    places: Mapping[str, Place]
    value: float | None
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class StatTable:
    """A table; `names` gives other names of its dimensions (JSON-stat has code and label)."""

    title: str
    cells: Sequence[Cell]
    names: Mapping[str, str]

    def dimension(self, wanted: Sequence[str]) -> str | None:
        """The dimension that one of these names means."""
        known = {name.casefold(): name for name in self.names} | {
            label.casefold(): name for name, label in self.names.items()
        }
        return next((known[name.casefold()] for name in wanted if name.casefold() in known), None)


def read_table(content: bytes, where: str) -> StatTable:
    """Read a file of either kind, told by how it begins.

    Raises:
        SettingsError: it is neither.
    """
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json_stat(content, where)
    return _csv(content, where)


# --- CSV -------------------------------------------------------------------------------------------------------------


def _csv(content: bytes, where: str) -> StatTable:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")  # what the statbank's "CSV (semicolon)" is written in
    delimiter = max(_DELIMITERS, key=lambda one: sum(line.count(one) for line in text.splitlines()[:20]))
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in row)]
    at = next((number for number, row in enumerate(rows) if len(row) > 1), None)
    if at is None or len(rows) <= at + 1:
        message = f"{where}: no table: a row of column names and rows below it are expected (CSV or JSON-stat 2)"
        raise SettingsError(message)
    title = " ".join(cell.strip() for row in rows[:at] for cell in row) or rows[at][-1].strip()
    head, body = [cell.strip() for cell in rows[at]], rows[at + 1 :]
    years = [number for number, name in enumerate(head) if _YEAR.match(name)]
    comma = delimiter != ","
    cells = _wide(head, body, years, comma=comma) if years else _long(head, body, comma=comma)
    found = list(cells)
    if not found:
        message = f"{where}: no row has as many cells as there are column names ({len(head)})"
        raise SettingsError(message)
    return StatTable(title, found, {name: name for name in found[0].places})


def _long(head: Sequence[str], body: Sequence[Sequence[str]], *, comma: bool) -> Iterator[Cell]:
    """The last column is the value."""
    for row in body:
        if len(row) == len(head):
            places = {name: Place("", cell.strip()) for name, cell in zip(head[:-1], row, strict=False)}
            yield _cell(places, row[-1], comma=comma)


def _wide(head: Sequence[str], body: Sequence[Sequence[str]], years: Sequence[int], *, comma: bool) -> Iterator[Cell]:
    """A column per year, or per content and year ("Personer 2020"); the columns before them are dimensions."""
    for row, number in itertools.product(body, years):
        if len(row) != len(head):
            continue
        match = _YEAR.match(head[number])
        year, content = (match["year"], match["before"]) if match else ("", None)
        places = {name: Place("", row[at].strip()) for at, name in enumerate(head) if at not in years}
        places["year"] = Place("", year)
        if content:
            places["contents"] = Place("", content)
        yield _cell(places, row[number], comma=comma)


def _cell(places: Mapping[str, Place], text: str, *, comma: bool) -> Cell:
    plain = re.sub(r"[\s\u00a0\u202f]", "", text)
    if plain in _NONE:
        return Cell(places, None, plain or "(empty)")
    if plain in {"-", "\u2013"}:
        return Cell(places, 0.0)
    if not comma and _MAY_BE_THOUSANDS.fullmatch(plain):  # 1.234 or 1234: where commas separate nothing tells
        return Cell(places, None, plain)
    number = plain.replace(",", ".") if comma or plain.count(",") == 1 else plain
    try:
        value = float(number.removesuffix("*"))
    except ValueError:
        return Cell(places, None, plain)
    return Cell(places, value) if math.isfinite(value) else Cell(places, None, plain)


# --- JSON-stat 2 -----------------------------------------------------------------------------------------------------


class _Category(msgspec.Struct):
    index: dict[str, int] | list[str] | None = None
    label: dict[str, str] = {}


class _Dimension(msgspec.Struct):
    category: _Category
    label: str = ""


class _Dataset(msgspec.Struct, rename={"class_": "class"}):
    class_: Literal["dataset"]
    id: list[str]
    size: list[int]
    dimension: dict[str, _Dimension]
    value: list[float | None] | dict[str, float | None]
    label: str = ""
    status: list[str | None] | dict[str, str] | str | None = None


def _json_stat(content: bytes, where: str) -> StatTable:
    try:
        found = read_json(content.removeprefix(b"\xef\xbb\xbf"), _Dataset)
        codes = [_codes(found.dimension[name].category) for name in found.id]
    except (msgspec.DecodeError, KeyError, UnicodeDecodeError) as error:
        message = f"{where}: no JSON-stat 2 dataset: {str(error).splitlines()[0]}"
        raise SettingsError(message) from None
    if [len(one) for one in codes] != found.size or not found.id:
        message = f"{where}: no JSON-stat 2 dataset: its sizes {found.size} are not those of its dimensions"
        raise SettingsError(message)
    labels = [found.dimension[name].category.label for name in found.id]
    cells = [
        Cell(
            {
                name: Place(code, label.get(code, code))
                for name, code, label in zip(found.id, place, labels, strict=True)
            },
            value := _at(found.value, number),
            "" if value is not None else str(_at(found.status, number) or "(empty)"),
        )
        for number, place in enumerate(itertools.product(*codes))
    ]
    return StatTable(found.label, cells, {name: found.dimension[name].label or name for name in found.id})


def _codes(category: _Category) -> list[str]:
    if isinstance(category.index, dict):
        return sorted(category.index, key=category.index.__getitem__)
    return category.index or list(category.label)  # a dimension of one category needs no index


def _at(given: Any, number: int) -> Any:
    if isinstance(given, dict):
        return given.get(str(number))
    if isinstance(given, list):
        return given[number] if number < len(given) else None
    return given
