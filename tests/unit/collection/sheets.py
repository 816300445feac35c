"""Spreadsheets as people send them, composed here: every one of its oddities on purpose."""

from __future__ import annotations

import io
import zipfile
from datetime import date, time

from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart

HEADS_NB = ["KPI-kode", "Datapunkt", "Enhet", "Teller", "Nevner", "Resultat", "Datakvalitet", "Kilde", "Kommentar"]
HEADS_EN = ["Comment", "Result", "Unit", "Numerator", "Denominator", "Responsible", "Data point", "KPI code *"]


def saved(book):
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def sheet_of(heads, *rows, title="Ark1", above=0):
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for _ in range(above):
        sheet.append(["En tittel"])
    sheet.append(heads)
    for row in rows:
        sheet.append(row)
    return book, sheet


def one_cell(content, *, number_format=None, column="Resultat", code="EC: ICT: ICT: 1C", data_point=None, unit=None):
    """A template in Norwegian whose one row has `content` in one column."""
    row = {"KPI-kode": code, "Datapunkt": data_point, "Enhet": unit, column: content}
    book, sheet = sheet_of(HEADS_NB, [row.get(head) for head in HEADS_NB])
    cell = sheet.cell(2, HEADS_NB.index(column) + 1)
    if number_format is not None:
        cell.number_format = number_format
    if isinstance(content, str) and content.startswith("#"):
        cell.data_type = "e"
    return saved(book)


def messy():
    """Several sheets in either language, merged codes, headings between rows, further columns, changed order."""
    book, sheet = sheet_of(
        HEADS_NB,
        ["Økonomi"],
        ["EC:ICT:ICT:1C", None, "%", 97_000, 100_000, None, "Beregnet fra en undersøkelse", "SSB", None],
        ["EC: ICT: ICT: 4C", "3g", "%", None, None, "96,67 %", "1", "Nkom", None],
        [None, "4G", "prosent", None, None, 0.9667, None, None, None],
        ["SC: SH: SA: 3A", None, "ja/nei", None, None, "Ja", None, None, date(2024, 3, 1)],
        ["EN: E: E: 2C", None, None, "1 234 567", "1 000", "NR ", None, None, None],
        title="Økonomi",
        above=3,
    )
    sheet.cell(8, 6).number_format = "0.00%"
    sheet.merge_cells("A7:A8")
    sheet.merge_cells("H7:H8")
    sheet["D9"], sheet["E9"] = None, None
    sheet["D10"], sheet["E10"] = None, None
    other = book.create_sheet("Environment")
    other.append(HEADS_EN)
    other.append(["hourly mean", "12,5", "ug/m³", None, None, "Ola", "PM10", "EN: EN: AQ: 1C"])
    other.append([None, "ikke rapportert", None, None, None, None, "so2", "EN: EN: AQ: 1C"])
    other.append([None, None, None, None, None, None, "o3", "EN: EN: AQ: 1C"])
    notes = book.create_sheet("Notater")
    notes["A1"] = "Ring oss"
    book.create_chartsheet("Figur").add_chart(BarChart())
    return saved(book)


def with_formulas(*, cached):
    """Numerator and denominator as formulas; with `cached` their results are stored, as spreadsheet programs do."""
    book, _ = sheet_of(HEADS_NB, ["EC: ICT: ICT: 1C", None, "%", "=SUM(96000,1000)", "=10^5", '=""'])
    data = saved(book)
    if not cached:
        return data
    values = {b"D2": b"97000", b"E2": b"100000"}
    return rewritten(data, lambda text: _with_results(text, values))


def _with_results(text, values):
    for address, value in values.items():
        start = text.index(b'r="' + address + b'"')
        end = text.index(b"</c>", start)
        text = (
            text[:start]
            + text[start:end].replace(b"<v />", b"").replace(b"<v/>", b"")
            + b"<v>"
            + value
            + b"</v>"
            + text[end:]
        )
    start = text.index(b'r="F2"')
    return text[:start] + b'r="F2" t="str"' + text[start + len(b'r="F2"') :]


def rewritten(data, change, part="xl/worksheets/sheet1.xml"):
    """The file with one of its parts changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            text = old.read(info)
            new.writestr(info.filename, change(text) if info.filename == part else text)
    return buffer.getvalue()


def with_part(data, name, content):
    """The file with a further part."""
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def half_past():
    return time(12, 30)


def texts_of(data):
    """Every text of a workbook's cells."""
    book = load_workbook(io.BytesIO(data))
    return [
        (cell.data_type, cell.value)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]
