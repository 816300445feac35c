"""Writes the template: empty with what is prefilled, or filled with what a city reports; as .xlsx or CSV.

What people typed never becomes a formula: texts are stored as texts, and one that begins like a formula is led by an
apostrophe, which reading takes away again. A file that is read again changes nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bypuls.collection.columns import (
    CITY,
    COLUMNS,
    HELP,
    NOT_REPORTED,
    NUMBERS,
    QUALITIES,
    UNVERIFIED,
    VERIFIED,
    YEAR,
    Language,
    Name,
)
from bypuls.collection.files import Kind, column_letters
from bypuls.collection.judging import prefilled_denominator
from bypuls.collection.texts import guarded
from bypuls.storage.reported_values import Reported
from bypuls.u4ssc.catalogue import Key, Point, U4sscCatalogue

_HEAD_ROW = 5
_TITLE = {"nb": "U4SSC-verdier", "en": "U4SSC values"}
_GUIDE = {
    "nb": "Fyll inn teller og nevner, eller bare resultatet; NR der kommunen ikke har noen verdi. Det som står tomt, "
    "blir ikke lagret. Kolonnene kan flyttes; bakerst står det hva teller og nevner er.",
    "en": "Fill in numerator and denominator, or the result alone; NR where the city has no value. What is left empty "
    "is not stored. Columns may be moved; those at the end say what numerator and denominator are.",
}
_FACTS: tuple[tuple[str, dict[Language, str]], ...] = (
    ("population", {"nb": "Folketall", "en": "Population"}),
    ("households", {"nb": "Husholdninger", "en": "Households"}),
)

Value = str | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a file is written of.

    Attributes:
        city: its name as the file shows it.
        facts: what is prefilled.
        values: what the city reports; empty: a template.
    """

    catalogue: U4sscCatalogue
    city: str
    year: int
    language: Language
    facts: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[Key, Reported] = field(default_factory=dict)


def write_file(filled: Filled, kind: Kind) -> bytes:
    """The file's bytes."""
    return _workbook(filled) if kind == "xlsx" else _csv(filled)


def _rows(filled: Filled) -> Iterator[dict[str, Value]]:
    """A row per data point: columns by name, and the help texts."""
    language = filled.language
    for key, point in filled.catalogue.points.items():
        said = filled.values.get(key)
        row: dict[str, Value] = {
            "code": point.kpi.code,
            "name": _text(point.kpi, language),
            "data_point": point.data_point,
            "unit": point.unit,
            "denominator": prefilled_denominator(point, filled.facts),
        }
        if said is not None:
            row |= {
                "numerator": said.numerator,
                "denominator": said.denominator,
                "result": NOT_REPORTED if said.value is None else said.value,
                "data_quality": QUALITIES[said.data_quality][language],
                "data_origin": _typed(said.data_origin),
                "source": _typed(said.source),
                "verified": VERIFIED[said.verified][language],
                "comment": _typed(said.comment),
            }
        yield row | dict(zip(HELP[language], _help(point, language), strict=True))


def _text(kpi: object, language: Language) -> str:
    return str(getattr(kpi.name, language))  # type: ignore[attr-defined]


def _help(point: Point, language: Language) -> tuple[str, str, str]:
    state = UNVERIFIED[language] if point.kpi.unverified else ""
    return point.kpi.numerator, point.kpi.denominator or "", state


def _typed(text: str | None) -> str | None:
    return None if text is None else guarded(text)


def _csv(filled: Filled) -> bytes:
    """Norwegian programs read semicolons and decimal commas, others commas and points; UTF-8 with its mark."""
    norwegian = filled.language == "nb"
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=";" if norwegian else ",", lineterminator="\r\n")
    writer.writerow([CITY[filled.language], guarded(filled.city)])
    writer.writerow([YEAR[filled.language], filled.year])
    writer.writerow([*(column.head(filled.language) for column in COLUMNS), *HELP[filled.language]])
    for row in _rows(filled):
        cells = [row.get(name) for name in (*(column.name for column in COLUMNS), *HELP[filled.language])]
        writer.writerow([_number(cell, comma=norwegian) if isinstance(cell, float) else cell for cell in cells])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def _number(number: float, *, comma: bool) -> str:
    text = repr(number).removesuffix(".0")
    return text.replace(".", ",") if comma else text


def _workbook(filled: Filled) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.worksheet.worksheet import Worksheet

    language = filled.language
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101 - a new workbook has one
    sheet.title = _TITLE[language]
    heads = [*(column.head(language) for column in COLUMNS), *HELP[language]]
    prefilled: list[Value] = [
        pair for name, names in _FACTS if name in filled.facts for pair in (names[language], filled.facts[name])
    ]
    top: list[list[Value]] = [
        [CITY[language], filled.city, *prefilled],
        [YEAR[language], float(filled.year)],
        [_GUIDE[language]],
        [],
        [*heads],
    ]
    for number, line in enumerate(top, 1):
        for place, content in enumerate(line, 1):
            _put(sheet, number, place, content)
    bold, grey = Font(bold=True), PatternFill("solid", fgColor="E8EEF2")
    for place in range(1, len(heads) + 1):
        top_cell = sheet.cell(_HEAD_ROW, place)
        top_cell.font, top_cell.fill, top_cell.alignment = bold, grey, Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[column_letters(place)].width = COLUMNS[place - 1].width if place <= len(COLUMNS) else 40
    last = _HEAD_ROW
    for last, row in enumerate(_rows(filled), _HEAD_ROW + 1):
        for place, name in enumerate((*(column.name for column in COLUMNS), *HELP[language]), 1):
            _put(sheet, last, place, row.get(name), name=name)
    _choices(sheet, "data_quality", [words[language] for words in QUALITIES.values()], last)
    _choices(sheet, "verified", [VERIFIED["yes"][language], VERIFIED["no"][language]], last)
    sheet.freeze_panes = f"D{_HEAD_ROW + 1}"
    book.properties.creator = "Bypuls"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _put(sheet: object, row: int, column: int, content: Value, *, name: str = "") -> None:
    if content is None or content == "":
        return
    cell = sheet.cell(row, column)  # type: ignore[attr-defined]
    if isinstance(content, str):
        cell.value = guarded(content) if not name else content
        cell.data_type = "s"  # whatever it begins with
        cell.quotePrefix = content.startswith("'")
    else:
        cell.value = content if content != int(content) or abs(content) >= 1e15 else int(content)  # noqa: PLR2004
        if name in NUMBERS:
            cell.number_format = "General"


def _choices(sheet: object, name: Name, words: list[str], last: int) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    place = next(number for number, column in enumerate(COLUMNS, 1) if column.name == name)
    letters = column_letters(place)
    choice = DataValidation(
        "list", formula1='"' + ",".join(word.replace(",", ";") for word in words) + '"', allow_blank=True
    )
    choice.showErrorMessage = False
    choice.add(f"{letters}{_HEAD_ROW + 1}:{letters}{last}")
    sheet.add_data_validation(choice)  # type: ignore[attr-defined]
