"""CSV files as cells: comma, semicolon or tab; UTF-8 with or without a mark at its beginning, UTF-16, Windows-1252."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter

from bypuls.collection.files import (
    MOST_COLUMNS,
    MOST_ROWS,
    Cell,
    File,
    Sheet,
    Unreadable,
    column_letters,
)
from bypuls.collection.numerals import Mark

_MOST_FIELD = 100_000
_DELIMITERS = ";,\t"


def read_csv(data: bytes) -> File:
    """The one sheet of a CSV file.

    Raises:
        Unreadable: it is no text, or no table.
    """
    text, notes = _decode(data)
    delimiter, lines = _delimiter(text)
    cells: dict[tuple[int, int], Cell] = {}
    beyond = 0
    csv.field_size_limit(_MOST_FIELD)
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter)
    try:
        for row, fields in enumerate(reader, 1):
            for column, content in enumerate(fields, 1):
                if not content.strip():
                    continue
                if row > MOST_ROWS or column > MOST_COLUMNS:
                    beyond += 1
                    continue
                address = f"{column_letters(column)}{row}"
                cells[row, column] = Cell(address, content)
    except csv.Error as error:
        message = f"row {reader.line_num} cannot be read as CSV ({error}): save the sheet as CSV (UTF-8) again"
        raise Unreadable(message) from None
    # Where commas separate, none can be before decimals; semicolons are written because commas are.
    mark: Mark = "." if delimiter == "," else ","
    return File("csv", (Sheet("", cells, mark if delimiter != "\t" else None, beyond),), notes)


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    if b"\0" in data[:4] and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable("the file is neither .xlsx nor text: save it as .xlsx or as CSV (UTF-8)")
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16"), ()
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            raise Unreadable("the file's letters are neither UTF-8 nor Windows-1252: save it as CSV (UTF-8)") from None
        note = "read as Windows-1252, because it is not UTF-8: look at the letters æ, ø and å"
        return _checked(text), (note,)
    return _checked(text), ()


def _checked(text: str) -> str:
    if "\0" in text:
        raise Unreadable("the file holds NUL characters: it is no CSV; save the sheet as .xlsx or CSV (UTF-8)")
    return text


def _delimiter(text: str) -> tuple[str, str]:
    """What separates: as the line `sep=;` says, else what gives most of the first rows the same number of fields."""
    first, _, rest = text.partition("\n")
    said = first.strip().removeprefix("sep=")
    if said != first.strip() and said in _DELIMITERS and said:
        return said, "\n" + rest  # the line stays counted: addresses are those a spreadsheet shows
    best, most = ";", (0, 0)
    for delimiter in _DELIMITERS:
        rows = csv.reader(io.StringIO(text[:200_000], newline=""), delimiter=delimiter)
        try:
            widths = Counter(len(fields) for _, fields in zip(range(40), rows, strict=False) if len(fields) > 1)
        except csv.Error:
            continue
        agreeing = max(((count, width) for width, count in widths.items()), default=(0, 0))
        if agreeing > most:
            best, most = delimiter, agreeing
    return best, text
