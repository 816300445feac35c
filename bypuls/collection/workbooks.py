"""Spreadsheets (.xlsx) as cells: cached results of formulas, percent formats, merged cells; within bounds.

A spreadsheet comes from somebody's mail: what it unpacks to, entities and merged areas are bounded before it is opened.
"""

from __future__ import annotations

import io
import math
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bypuls.collection.files import (
    MOST_COLUMNS,
    MOST_ROWS,
    Cell,
    Content,
    ErrorValue,
    File,
    Formula,
    Sheet,
    Unreadable,
)

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_MOST_UNPACKED = 6_000_000
_MOST_PARTS = 400
_MOST_SHEETS = 40
_MOST_MERGED_CELLS = 50_000
_OLE = b"\xd0\xcf\x11\xe0"
_DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_AREA = re.compile(rb"""<(?:\w+:)?(?:mergeCell|hyperlink)\s[^>]*?\bref\s*=\s*["']([^"']{1,40})["']""")
"""What openpyxl fills cell by cell."""
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_SAVE = "save it as .xlsx, without a password, or as CSV (UTF-8)"


def is_workbook(data: bytes) -> bool:
    """Whether the file is a spreadsheet program's own, by its first bytes."""
    return data.startswith((b"PK", _OLE))


def read_workbook(data: bytes) -> File:
    """Every sheet of an .xlsx file.

    Raises:
        Unreadable: it is none, is encrypted, broken, or larger than any template.
    """
    if data.startswith(_OLE):
        message = f"the file is encrypted or of an old kind (.xls): {_SAVE}"
        raise Unreadable(message)
    calculates = _bound(data)
    # openpyxl raises whatever its parsers do; a file that it cannot read is not a fault of ours.
    try:
        values = _open(data, cached=True)
        formulas = _open(data, cached=False) if calculates else values
        names = [sheet.title for sheet in values.worksheets]
        _refuse_if(len(names) > _MOST_SHEETS, f"the file has {len(names)} sheets: leave those of the template")
        sheets = tuple(_sheet(values[name], formulas[name]) for name in names)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001
        message = f"the file cannot be read as .xlsx ({type(error).__name__}): open it in a spreadsheet and {_SAVE}"
        raise Unreadable(message) from None
    return File("xlsx", sheets)


def _refuse_if(wrong: bool, message: str) -> None:  # noqa: FBT001 - reads as it is called
    if wrong:
        raise Unreadable(message)


def _open(data: bytes, *, cached: bool) -> Any:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of drawings and extensions that are left out
        return openpyxl.load_workbook(io.BytesIO(data), data_only=cached, keep_links=False)


def _bound(data: bytes) -> bool:
    """Refuse what is too large to be opened; returns whether a sheet has formulas."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _refuse_if("mimetype" in archive.namelist(), f"the file is an OpenDocument (.ods): {_SAVE}")
            unpacked = sum(part.file_size for part in parts)
            _refuse_if(
                unpacked > _MOST_UNPACKED or len(parts) > _MOST_PARTS,
                f"the file unpacks to {unpacked / 1e6:.0f} MB in {len(parts)} parts; {_MOST_UNPACKED // 1_000_000} MB "
                f"in {_MOST_PARTS} are read: copy the template's sheet into a new file",
            )
            looked = [_looked_through(archive, part) for part in parts]
            merged = sum(area for area, _ in looked)
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001 - zipfile's, zlib's, struct's: whatever its bytes are taken for
        message = f"the file cannot be unpacked as .xlsx ({type(error).__name__}): {_SAVE}"
        raise Unreadable(message) from None
    if merged > _MOST_MERGED_CELLS:
        message = f"the file merges or links {merged} cells; {_MOST_MERGED_CELLS} are read: take such areas apart"
        raise Unreadable(message)
    return any(formulas for _, formulas in looked)


def _looked_through(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> tuple[int, bool]:
    """How many cells a part merges or links, and whether it has formulas; one that declares entities is refused."""
    if not part.filename.lower().endswith((".xml", ".rels", ".vml")):
        return 0, False
    text = archive.read(part).replace(b"\0", b"")  # in UTF-16 as well
    if _DECLARATION.search(text):
        message = f"the file declares entities in {part.filename[:60]!r}, which no spreadsheet program writes: {_SAVE}"
        raise Unreadable(message)
    return sum(_area(ref.decode("ascii", "replace")) for ref in _AREA.findall(text)), bool(_FORMULA.search(text))


def _area(reference: str) -> int:
    from openpyxl.utils.cell import range_boundaries

    first_column, first_row, last_column, last_row = range_boundaries(reference)
    if None in (first_column, first_row, last_column, last_row):
        return _MOST_MERGED_CELLS + 1
    return (last_column - first_column + 1) * (last_row - first_row + 1)  # type: ignore[operator]


def _sheet(values: Worksheet, formulas: Worksheet) -> Sheet:
    tall = {(area.min_row, area.min_col): area.max_row - area.min_row + 1 for area in values.merged_cells.ranges}
    cells: dict[tuple[int, int], Cell] = {}
    for row, column, cell in _filled(values):
        content = _content(cell)
        if content is not None:
            percent = isinstance(content, Decimal) and _is_percent(cell.number_format)
            cells[row, column] = Cell(cell.coordinate, content, percent, tall.get((row, column), 1))
    for row, column, cell in _filled(formulas):
        empty_text = values.cell(row, column).data_type == "str"  # a formula whose stored result is ""
        if cell.data_type == "f" and (row, column) not in cells and not empty_text:
            cells[row, column] = Cell(cell.coordinate, Formula(_formula(cell.value)), rows=tall.get((row, column), 1))
    beyond = max(values.max_row - MOST_ROWS, 0) + max(values.max_column - MOST_COLUMNS, 0)
    return Sheet(values.title, cells, beyond=beyond)


def _filled(sheet: Worksheet) -> Iterator[tuple[int, int, Any]]:
    last_row, last_column = min(sheet.max_row, MOST_ROWS), min(sheet.max_column, MOST_COLUMNS)
    for cells in sheet.iter_rows(max_row=last_row, max_col=last_column):
        for cell in cells:
            if cell.value is not None:
                yield cell.row, cell.column, cell


def _content(cell: Any) -> Content | None:
    value = cell.value
    if cell.data_type == "e":
        return ErrorValue(str(value))
    if isinstance(value, bool | date | time | timedelta):
        return value
    if isinstance(value, int | float):
        number = Decimal(repr(value))
        return number if math.isfinite(float(number)) else ErrorValue(str(value)[:20])
    text = str(value)
    return text if text.strip() else None


def _formula(value: Any) -> str:
    return str(getattr(value, "text", value) or "")


def _is_percent(number_format: str) -> bool:
    """Whether the format shows hundredths: a % that is no quoted or escaped text of it."""
    return "%" in re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", number_format)
