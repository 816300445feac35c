"""Filled templates as they come: what is read, and which cell is refused with what to do about it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from bypuls.collection.files import Unreadable
from bypuls.collection.reading import read_file, read_form
from bypuls.u4ssc.catalogue import load_catalogue
from tests.unit.collection import sheets

CATALOGUE = load_catalogue()
PM10 = {"code": "EN: EN: AQ: 1C", "data_point": "pm_10"}


def form_of(data):
    return read_form(read_file(data), CATALOGUE)


def result_of(data):
    """What one row's result is read as: a number and whether it is a percentage, or what is complained of."""
    form = form_of(data)
    if form.complaints:
        return form.complaints[0].where, form.complaints[0].what
    (said,) = form.said
    return "NR" if said.not_reported else (said.value, said.percent)


@pytest.mark.parametrize(
    ("content", "number_format", "expected"),
    [
        (97, None, (Decimal(97), False)),
        (97.04, None, (Decimal("97.04"), False)),
        (0.8451, "0.00%", (Decimal("84.51"), True)),  # not 84.50999999999999
        (0.97, '0.00" %"', (Decimal("0.97"), False)),  # a text behind the number is no percent format
        ("84,51 %", None, (Decimal("84.51"), True)),
        ("1 234,5", None, (Decimal("1234.5"), False)),
        ("1\u2009234,5", None, (Decimal("1234.5"), False)),
        ("  97  ", None, (Decimal(97), False)),
        ("nr", None, "NR"),
        ("Ikke  rapportert", None, "NR"),
        ("not reported", None, "NR"),
    ],
)
def test_a_cell_is_read_as_it_is_meant(content, number_format, expected):
    assert result_of(sheets.one_cell(content, number_format=number_format)) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("#DIV/0!", "#DIV/0!: mend its formula"),
        ("#REF!", "#REF!"),
        ("=A1*2", "open and save it in a spreadsheet program"),
        (date(2024, 5, 1), "a spreadsheet makes one of 1.5"),
        (timedelta(minutes=12), "holds a time"),
        (sheets.half_past(), "holds a time"),
        (True, "TRUE is no number"),
        ("1,234", "may be 1.234 or 1234"),
        ("ca. 97", "write a number, NR, or leave it empty"),
        ("n/a", "is no number"),
        ("97 000 000 000 0", "is no number"),
    ],
)
def test_a_cell_that_is_no_number_is_refused_at_its_address(content, words):
    where, what = result_of(sheets.one_cell(content))
    assert where == "Ark1!F2"
    assert words in what
    assert "\n" not in what


def test_a_percentage_where_something_is_counted_is_refused():
    where, what = result_of(sheets.one_cell(0.5, number_format="0%", column="Teller"))
    assert (where, "percentage" in what) == ("Ark1!D2", True)


def test_a_result_of_a_formula_is_its_stored_one():
    (said,) = form_of(sheets.with_formulas(cached=True)).said
    assert (said.numerator, said.denominator, said.value) == (97_000, 100_000, None)
    form = form_of(sheets.with_formulas(cached=False))
    assert [complaint.where for complaint in form.complaints] == ["Ark1!D2", "Ark1!E2", "Ark1!F2"]


def test_a_messy_workbook_is_read_whole():
    form = form_of(sheets.messy())
    assert form.complaints == []
    assert (form.rows, form.empty) == (8, 1)
    found = {said.point.key: said for said in form.said}
    assert list(found) == [
        ("EC: ICT: ICT: 1C", ""),
        ("EC: ICT: ICT: 4C", "3g"),
        ("EC: ICT: ICT: 4C", "4g"),
        ("SC: SH: SA: 3A", ""),
        ("EN: E: E: 2C", ""),
        ("EN: EN: AQ: 1C", "pm_10"),
        ("EN: EN: AQ: 1C", "so2"),
    ]
    internet = found["EC: ICT: ICT: 1C", ""]
    assert (internet.numerator, internet.denominator, internet.data_quality) == (97000, 100000, "survey_extrapolation")
    three, four = found["EC: ICT: ICT: 4C", "3g"], found["EC: ICT: ICT: 4C", "4g"]
    assert (three.value, three.data_quality, three.source) == (Decimal("96.67"), "accurate_measurement", "Nkom")
    assert (four.value, four.percent, four.source) == (Decimal("96.67"), True, "Nkom")  # one source for both rows
    assert found["SC: SH: SA: 3A", ""].value == 1
    assert found["SC: SH: SA: 3A", ""].comment == "2024-03-01"
    assert found["EN: E: E: 2C", ""].not_reported
    assert (found["EN: EN: AQ: 1C", "pm_10"].value, found["EN: EN: AQ: 1C", "pm_10"].unit) == (Decimal("12.5"), "ug/m³")
    assert found["EN: EN: AQ: 1C", "pm_10"].where["result"] == "Environment!B2"
    assert found["EN: EN: AQ: 1C", "so2"].not_reported


def test_a_number_that_is_one_cell_over_several_rows_is_refused():
    book, sheet = sheets.sheet_of(
        sheets.HEADS_NB,
        ["EN: EN: AQ: 1C", "pm_10", None, None, None, 12],
        ["EN: EN: AQ: 1C", "no2"],
    )
    sheet.merge_cells("F2:F3")
    form = form_of(sheets.saved(book))
    assert form.said == []
    assert {complaint.data_point for complaint in form.complaints} == {"pm_10", "no2"}
    assert "one cell over 2 rows" in form.complaints[0].what


@pytest.mark.parametrize(
    ("rows", "where", "words"),
    [
        ([["XX: Y: Z: 1C", None, None, None, None, 5]], "Ark1!A2", "is no U4SSC code"),
        ([[None, None, None, None, None, 5]], "Ark1!A2", "a value and no KPI code"),
        ([["EN: EN: AQ: 1C", "pm1", None, None, None, 5]], "Ark1!B2", "write one of pm_2.5, pm_10"),
        ([["EN: EN: AQ: 1C", None, None, None, None, 5]], "Ark1!A2", "several data points"),
        ([["EC: ICT: ICT: 1C", "pm_10", None, None, None, 5]], "Ark1!B2", "leave the data point empty"),
        ([["EC: ICT: ICT: 1C", None, None, 5, 9, "NR"]], "Ark1!F2", "says NR and has a number"),
        ([["EC: ICT: ICT: 1C", None, None, None, None, 5, "good"]], "Ark1!G2", "none of the six levels"),
        (
            [["EC: ICT: ICT: 1C", None, None, None, None, n] for n in (5, 6)],
            "Ark1!A3",
            "stands twice: see Ark1!A2",
        ),
    ],
)
def test_a_row_that_cannot_be_taken_is_refused_at_its_cell(rows, where, words):
    book, _ = sheets.sheet_of(sheets.HEADS_NB, *rows)
    (complaint,) = form_of(sheets.saved(book)).complaints
    assert complaint.where == where
    assert words in complaint.what


def test_a_column_that_stands_twice_is_refused():
    book, _ = sheets.sheet_of([*sheets.HEADS_NB, "Result"], ["EC: ICT: ICT: 1C", None, None, None, None, 5])
    (complaint,) = form_of(sheets.saved(book)).complaints
    assert (complaint.where, "stands twice (F1 and J1)" in complaint.what) == ("Ark1!J1", True)


@pytest.mark.parametrize("code", ["EC: ICT: ICT: 1C", "ec:ict:ict:1c", " EC : ICT : ICT : 1C "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_csv_is_read_however_it_was_saved(code, encoding, delimiter):
    source = "Målt på Økern, ærlig"
    lines = [["KPI-kode", "Resultat", "Kilde"], [code, '"96,67"', f'"{source}"']]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    form = form_of(text.encode(encoding))
    (said,) = form.said
    assert (said.value, said.source) == (Decimal("96.67"), source)
    assert bool(form.notes) == (encoding == "cp1252")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("KPI code,Result\r\nEC: ICT: ICT: 5C,1.234\r\n", "1.234"),  # commas separate: a point is before decimals
        ('KPI code,Result\r\nEC: ICT: ICT: 5C,"1,234"\r\n', "1234"),
        ("KPI code;Result\r\nEC: ICT: ICT: 5C;1,234\r\n", "1.234"),
        ("sep=;\r\nKPI code;Result\r\nEC: ICT: ICT: 5C;1,234\r\n", "1.234"),
        ("KPI code;Result\r\nEC: ICT: ICT: 5C;1.234\r\nEC: ICT: ICT: 1C;12.5\r\n", "1.234"),  # the other row tells
    ],
)
def test_a_csvs_separator_and_its_other_numbers_tell_its_decimal_mark(text, value):
    assert form_of(text.encode()).said[0].value == Decimal(value)


def test_a_csv_names_cells_as_a_spreadsheet_shows_them():
    form = form_of(b"sep=;\r\n\r\nKPI code;Result\r\nEC: ICT: ICT: 1C;abc\r\n")
    assert form.complaints[0].where == "B4"


def test_a_text_without_a_value_is_said_not_stored():
    book, _ = sheets.sheet_of(
        sheets.HEADS_NB, ["EC: ICT: ICT: 1C", None, "%", None, 100000, None, None, None, "kommer i mai"]
    )
    form = form_of(sheets.saved(book))
    assert (form.said, form.empty) == ([], 1)
    assert "Ark1!I2" in form.notes[0]


def test_a_bomb_is_not_opened():
    book, _ = sheets.sheet_of(sheets.HEADS_NB, ["EC: ICT: ICT: 1C", None, None, None, None, 5])
    good = sheets.saved(book)
    merged = b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells><pageMargins'
    links = b'<hyperlinks><hyperlink ref="A1:XFD1048576" location="A1"/></hyperlinks><pageMargins'
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet'
    bombs = {
        "unpacks to": sheets.with_part(good, "xl/media/zeros.bin", bytes(30_000_000)),
        "merges or links": sheets.rewritten(good, lambda text: text.replace(b"<pageMargins", merged)),
        "or links": sheets.rewritten(good, lambda text: text.replace(b"<pageMargins", links)),
        "declares entities": sheets.rewritten(good, lambda text: text.replace(b"<worksheet", entities)),
        "cannot be read as .xlsx": sheets.rewritten(good, lambda text: text[: len(text) // 2]),
        "cannot be unpacked": good[: len(good) // 2],
        "encrypted": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
        "OpenDocument": sheets.with_part(good, "mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        "is empty": b" ",
        "neither .xlsx nor text": b"\0\1\2\3",
        "no sheet has the template's columns": b"a;b\r\n1;2\r\n",
        "NUL": b"KPI code;Result\r\nEC: ICT: ICT: 1C;\0\r\n",
    }
    for words, data in bombs.items():
        with pytest.raises(Unreadable, match=words) as caught:
            form_of(data)
        assert "\n" not in str(caught.value)


def test_a_sheet_whose_format_reaches_its_end_is_read():
    book, sheet = sheets.sheet_of(sheets.HEADS_NB, ["EC: ICT: ICT: 1C", None, None, None, None, 5])
    sheet.cell(1_048_576, 200).number_format = "0.00"
    form = form_of(sheets.saved(book))
    assert len(form.said) == 1
    assert "not looked at" in form.notes[0]
