"""A damaged file is refused or read, and never anything else: whatever is thrown is ours, in one line."""

from __future__ import annotations

import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypuls.collection.files import Unreadable
from bypuls.collection.judging import judge
from bypuls.collection.reading import read_file, read_form
from bypuls.u4ssc.catalogue import load_catalogue
from tests.unit.collection import sheets

CATALOGUE = load_catalogue()
GOOD = sheets.one_cell("97,5")
SHEET = "xl/worksheets/sheet1.xml"


def read(data):
    form, lines = None, []
    try:
        form = read_form(read_file(data), CATALOGUE)
        lines = [str(complaint) for complaint in form.complaints]
    except Unreadable as error:
        lines = [str(error)]
    assert not [line for line in lines if "\n" in line]
    for said in form.said if form is not None else ():
        judged = judge(said, {}, None)
        assert judged.wrong or judged.reported.value is None or math.isfinite(judged.reported.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_file_with_other_bytes(changes):
    data = bytearray(GOOD)
    for place, byte in changes:
        data[place] = byte
    read(bytes(data))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([b'r="F2"', b't="s"', b"<v>", b"</c>", b"97", b"<row", b"sheetData", b'r="2"', b"spans"]),
    st.sampled_from(
        [b"", b'r="ZZZ99999999"', b't="d"', b't="b"', b't="e"', b"<f>1/0</f><v>", b"-1", b"1e999", b"<x/>"]
    ),
)
def test_a_sheet_with_other_words(old, new):
    read(sheets.rewritten(GOOD, lambda text: text.replace(old, new)))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"KPI code;Result\r\n", b'KPI code,"Result', b"\xff\xfe", b"PK"]))
def test_any_bytes_at_all(data, head):
    read(head + data)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30), st.sampled_from(["Result", "Unit", "Numerator", "Data quality", "Verified", "Data point"]))
def test_any_text_in_any_column(text, column):
    quoted = text.replace('"', '""')
    read(f'KPI code,{column},Result \r\nEC: ICT: ICT: 1C,"{quoted}",97\r\n'.encode("utf-8", "replace"))
