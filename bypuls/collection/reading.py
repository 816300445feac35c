"""Reads a filled template: which rows speak of which data point, and what their cells say. It judges no value.

Sheets without the template's heads are passed over; so are columns of other heads. Heads may stand in either language,
in any order and below a title.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bypuls.collection.cells import CellReader
from bypuls.collection.columns import CITY, COLUMNS, NOTHING, NUMBERS, YEAR, Name, column_of, plain
from bypuls.collection.delimited import read_csv
from bypuls.collection.files import (
    MOST_COLUMNS,
    MOST_ROWS,
    Cell,
    File,
    Sheet,
    Unreadable,
    column_letters,
    shown,
)
from bypuls.collection.numerals import Mark, decimal_mark
from bypuls.collection.said import Complaint, Said
from bypuls.collection.workbooks import is_workbook, read_workbook
from bypuls.errors import NotFound
from bypuls.u4ssc.catalogue import Point, U4sscCatalogue

_HEADS_WITHIN = 60
"""Rows in which the heads are looked for."""


@dataclass(slots=True)
class Form:
    """What a file says.

    Attributes:
        rows: of data points, filled or not.
        empty: those of them that state nothing.
        city, year: what the file says it is of; None: nothing.
    """

    said: list[Said] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: int = 0
    empty: int = 0
    city: str | None = None
    year: str | None = None


@dataclass(frozen=True, slots=True)
class _Heads:
    row: int
    columns: Mapping[Name, int]


def read_file(data: bytes) -> File:
    """The cells of an .xlsx or CSV file, by what it holds, whatever it is called.

    Raises:
        Unreadable: it is neither.
    """
    if not data.strip():
        raise Unreadable("the file is empty")
    return read_workbook(data) if is_workbook(data) else read_csv(data)


def read_form(file: File, catalogue: U4sscCatalogue) -> Form:
    """What a filled template says.

    Raises:
        Unreadable: no sheet has the template's heads.
    """
    form = Form(notes=list(file.notes))
    found = [(sheet, heads) for sheet in file.sheets if (heads := _heads(sheet)) is not None]
    if not found:
        wanted = ", ".join(column.head("en") for column in COLUMNS if column.name in ("code", "numerator", "result"))
        message = f"no sheet has the template's columns ({wanted} …): 'bypuls u4ssc template' writes one"
        raise Unreadable(message)
    mark = _mark(found)
    for sheet, heads in found:
        _read_sheet(sheet, heads, mark, catalogue, form)
    _once_each(form)
    return form


def _heads(sheet: Sheet) -> _Heads | None:
    """The row with the most heads of the template, if it has the code and something to read."""
    best: _Heads | None = None
    for number, row in sheet.rows():
        if number > _HEADS_WITHIN:
            break
        columns: dict[Name, int] = {}
        for place, cell in row.items():
            column = column_of(cell.content) if isinstance(cell.content, str) else None
            if column is not None:
                columns.setdefault(column.name, place)
        if "code" in columns and ({*NUMBERS} & {*columns}) and (best is None or len(columns) > len(best.columns)):
            best = _Heads(number, columns)
    return best


def _mark(found: list[tuple[Sheet, _Heads]]) -> Mark | None:
    """The decimal mark that the numbers typed as text agree on; else what the kind of file tells."""
    texts = [
        cell.content
        for sheet, heads in found
        for (row, column), cell in sheet.cells.items()
        if row > heads.row and column in {heads.columns.get(name) for name in NUMBERS} and isinstance(cell.content, str)
    ]
    return decimal_mark(texts) or found[0][0].mark


def _read_sheet(sheet: Sheet, heads: _Heads, mark: Mark | None, catalogue: U4sscCatalogue, form: Form) -> None:
    where = f"{sheet.name}!" if sheet.name else ""
    _doubled_heads(sheet, heads, where, form)
    _title(sheet, heads, form)
    if sheet.beyond:
        form.notes.append(
            f"{where or 'the file '}has cells beyond row {MOST_ROWS} or column {MOST_COLUMNS}: not looked at"
        )
    spread: dict[int, tuple[int, Cell]] = {}  # column -> last row of a merged cell, and the cell
    for number, found in sheet.rows():
        if number <= heads.row:
            continue
        row = {name: cell for name, column in heads.columns.items() if (cell := found.get(column)) is not None}
        for name, column in heads.columns.items():
            if name in row and row[name].rows > 1:
                spread[column] = (number + row[name].rows - 1, row[name])
            elif name not in row and column in spread and number <= spread[column][0]:
                row[name] = spread[column][1]
        reader = CellReader(where, row, frozenset(heads.columns), mark)
        _read_row(reader, catalogue, form, f"{where}{column_letters(heads.columns['code'])}{number}")


def _read_row(reader: CellReader, catalogue: U4sscCatalogue, form: Form, address: str) -> None:
    code = reader.row.get("code")
    says_something = any(name in reader.row for name in ("numerator", "result"))
    if code is None:
        if says_something:
            form.complaints.append(Complaint(address, "the row has a value and no KPI code: write the code"))
        return
    point = _point(reader, code, catalogue, form, address, says_something=says_something)
    if point is None:
        return
    form.rows += 1
    said = reader.said(point)
    form.complaints += reader.complaints
    if reader.complaints:
        return
    if said is None:
        form.empty += 1
        if (left := reader.left_alone()) is not None:
            form.notes.append(
                f"{left}: {point.kpi.code} has a text and no value, so nothing is stored; write NR in the result "
                "if there is none"
            )
        return
    form.said.append(said)


def _point(
    reader: CellReader, code: Cell, catalogue: U4sscCatalogue, form: Form, address: str, *, says_something: bool
) -> Point | None:
    try:
        kpi = catalogue.kpi(str(code.content))
    except NotFound:
        if says_something:  # else a heading between rows
            what = f"{shown(code.content)} is no U4SSC code: a code is like 'EN: EN: AQ: 1C'"
            form.complaints.append(Complaint(address, what))
        return None
    points = {point.data_point: point for point in catalogue.of(kpi.code)}
    cell = reader.row.get("data_point")
    text = plain(str(cell.content)) if cell is not None else ""
    if text in ("", *NOTHING):
        if "" in points:
            return points[""]
        if not says_something:
            return None  # a heading above its data points
    names = {plain(word): point for point in points.values() for word in (point.data_point, *_names(point)) if word}
    if text in names:
        return names[text]
    if "" in points:
        what = f"the KPI has no data points, and {text!r} is named: leave the data point empty"
    else:
        what = f"the KPI has several data points: write one of {', '.join(points)}"
    place = f"{reader.where}{cell.address}" if cell is not None else address
    form.complaints.append(Complaint(place, what, kpi.code))
    return None


def _names(point: Point) -> Iterator[str]:
    yield from (point.name.en, point.name.nb, point.data_point.replace("_", " "), point.data_point.replace("_", ""))


def _doubled_heads(sheet: Sheet, heads: _Heads, where: str, form: Form) -> None:
    """Two columns of one head: which of them counts is not for us to say."""
    for (row, place), cell in sorted(sheet.cells.items()):
        if row != heads.row or not isinstance(cell.content, str):
            continue
        column = column_of(cell.content)
        if column is not None and heads.columns[column.name] != place:
            first = f"{column_letters(heads.columns[column.name])}{row}"
            what = f"the column {column.head('en')!r} stands twice ({first} and {cell.address}): keep one"
            form.complaints.append(Complaint(f"{where}{cell.address}", what))


def _title(sheet: Sheet, heads: _Heads, form: Form) -> None:
    """What stands above the heads: the city and the year, each behind its word."""
    for (row, column), cell in sheet.cells.items():
        if row >= heads.row or not isinstance(cell.content, str):
            continue
        word = plain(cell.content).rstrip(":")
        beside = next((sheet.cells[row, n] for n in range(column + 1, column + 4) if (row, n) in sheet.cells), None)
        if beside is None:
            continue
        if word in {plain(text) for text in CITY.values()}:
            form.city = str(beside.content).strip()
        elif word in {plain(text) for text in YEAR.values()}:
            form.year = str(beside.content).strip().removesuffix(".0")


def _once_each(form: Form) -> None:
    seen: dict[tuple[str, str], Said] = {}
    for said in form.said:
        before = seen.setdefault(said.point.key, said)
        if before is not said:
            first = next(iter(before.where.values()), "another row")
            form.complaints.append(said.told("code", "twice", first=first))
