"""What is written is read again as it was, and nothing that people typed becomes a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypuls.collection.columns import QUALITIES
from bypuls.collection.judging import has_denominator, judge
from bypuls.collection.reading import read_file, read_form
from bypuls.collection.texts import BadText, clean, guarded, unguarded
from bypuls.collection.writing import Filled, write_file
from bypuls.storage.reported_values import Reported
from bypuls.u4ssc.catalogue import load_catalogue
from bypuls.u4ssc.scoring import value_of
from tests.unit.collection import sheets

CATALOGUE = load_catalogue()
DANGEROUS = [
    "=1+1",
    '=HYPERLINK("http://x","y")',
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "'=1",
    "''=1",
    "=cmd|' /C calc'!A0",
]
FACTS = {"population": 212_660.0, "households": 101_234.0}


def filled(values=None, *, language="nb", facts=FACTS):
    return Filled(catalogue=CATALOGUE, city="Vår by", year=2024, language=language, facts=facts, values=values or {})


def read_again(data, stored):
    """What a file would store, given what is stored."""
    form = read_form(read_file(data), CATALOGUE)
    assert form.complaints == []
    judged = {one.point.key: judge(one, FACTS, stored.get(one.point.key)) for one in form.said}
    assert [one.wrong for one in judged.values() if one.wrong] == []
    return {key: one.reported for key, one in judged.items()}


def test_a_template_states_nothing():
    for language in ("nb", "en"):
        for kind in ("xlsx", "csv"):
            form = read_form(read_file(write_file(filled(language=language), kind)), CATALOGUE)
            assert (form.rows, form.empty, form.said, form.complaints) == (112, 112, [], [])
            assert (form.city, form.year) == ("Vår by", "2024")


def test_a_template_has_the_citys_numbers_filled_in():
    """Per 100 000 means population / 100 000 (U4SSC KPIs Verification Manual 2022, p.31)."""
    sheet = openpyxl.load_workbook(io.BytesIO(write_file(filled(language="en"), "xlsx"))).active
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=6)}
    heads = {cell.value: n for n, cell in enumerate(sheet[5])}
    denominators = {code: row[heads["Denominator"]].value for code, row in rows.items()}
    assert denominators["EC: ICT: ICT: 1C"] == 101_234  # households
    assert denominators["SC: SH: SA: 9C"] == 2.1266  # one 100 000th of the inhabitants
    assert denominators["EN: E: E: 2C"] == 212_660  # inhabitants
    assert denominators["EC: ICT: ICT: 5C"] is None  # a count
    assert rows["EC: ICT: ICT: 1C"][heads["The numerator is"]].value == "households with internet access"


numbers = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False).map(lambda value: value + 0.0)
texts = st.one_of(st.sampled_from(DANGEROUS), st.text(max_size=40), st.text("='+-@ \n\tæ;,\"_x0041_", max_size=12))


def cleaned(text):
    try:
        return clean(text)
    except BadText:
        return None


@st.composite
def reported(draw):
    """What may be stored of a data point, as judging leaves it."""
    point = draw(st.sampled_from(list(CATALOGUE.points.values())))
    kind = draw(st.sampled_from(["value", "parts", "none"]))
    value = numerator = denominator = None
    if point.yes_or_no:
        value = None if kind == "none" else draw(st.sampled_from([0.0, 1.0]))
    elif kind == "value":
        value = draw(numbers)
    elif kind == "parts":
        numerator = draw(numbers)
        if has_denominator(point):
            denominator = draw(st.one_of(st.floats(1e-3, 1e9), st.floats(-1e9, -1e-3)))
            value = value_of(numerator, denominator, point.multiplier)
        else:
            value = numerator * point.multiplier
    return Reported(
        code=point.kpi.code,
        data_point=point.data_point,
        value=value,
        numerator=numerator,
        denominator=denominator,
        unit=point.unit,
        data_quality=draw(st.sampled_from(list(QUALITIES))),
        data_origin=cleaned(draw(texts)),
        source=cleaned(draw(texts)),
        comment=cleaned(draw(texts)),
        verified=draw(st.sampled_from(["yes", "no", "unknown"])),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(reported(), min_size=1, max_size=6), st.sampled_from(["nb", "en"]), st.sampled_from(["xlsx", "csv"]))
def test_what_is_exported_and_imported_changes_nothing(values, language, kind):
    stored = {one.key: one for one in values}
    # Rows of these data points alone: the others are empty, and take time.
    few = replace(CATALOGUE, points={key: CATALOGUE.points[key] for key in stored})
    data = write_file(replace(filled(stored, language=language), catalogue=few), kind)
    assert read_again(data, stored) == stored


@given(st.text(max_size=30), st.sampled_from(["", "=", "'", "'="]))
def test_guarding_a_text_can_be_taken_back(text, head):
    assert unguarded(guarded(head + text)) == head + text


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_text_becomes_a_formula(text):
    said = clean(text)
    one = Reported(code="EC: ICT: ICT: 1C", value=97.0, unit="%", source=said, comment=said, data_origin=said)
    data = write_file(filled({one.key: one}), "xlsx")
    assert not [kind for kind, _ in sheets.texts_of(data) if kind == "f"]
    for content in (value for _, value in sheets.texts_of(data) if isinstance(value, str)):
        assert content[0] not in "=+-@\t\r"
    text = write_file(filled({one.key: one}), "csv").decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=";") for cell in row if cell]
    assert not [cell for cell in cells if cell[0] in "=+@\t\r"]
    assert not [cell for cell in cells if cell[0] == "-" and not cell[1:].replace(",", "").isdigit()]


def test_a_citys_name_is_no_formula_either():
    given_ = Filled(catalogue=CATALOGUE, city="=1+1", year=2024, language="en")
    assert not [kind for kind, _ in sheets.texts_of(write_file(given_, "xlsx")) if kind == "f"]
    assert b"City,'=1+1" in write_file(given_, "csv")


def test_norwegian_csv_opens_in_norwegian_programs():
    """Semicolons, decimal commas and UTF-8's mark are what Excel with Norwegian settings writes and reads."""
    one = Reported(code="EC: ICT: ICT: 1C", value=97.25, unit="%", verified="yes", data_quality="survey_extrapolation")
    data = write_file(filled({one.key: one}), "csv")
    assert data.startswith(b"\xef\xbb\xbfKommune;")
    assert ";97,25;Beregnet fra en undersøkelse;;;JA;" in data.decode("utf-8-sig")
