"""Rows as JSON and as CSV."""

import csv
import io
import json
import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.payloads import SHOWN_BYTES, shown
from api.tables import Table, csv_chunks, csv_head, json_bytes

TABLE = Table(("city", "time", "value", "text"), frozenset({"time"}), {"a": ZoneInfo("Europe/Oslo")})
TIME = datetime(2024, 6, 1, tzinfo=UTC)


def as_csv(rows):
    return b"".join([csv_head(TABLE), *csv_chunks(TABLE, rows, size=2)]).decode()


@given(st.lists(st.tuples(st.just("a"), st.just(TIME), st.floats(), st.text(st.characters(exclude_categories=["Cs"])))))
def test_csv_reads_back_as_what_was_written(rows):
    table = list(csv.DictReader(io.StringIO(as_csv(rows), newline="")))
    assert [row["text"] for row in table] == [row[3] for row in rows]
    numbers = [float(row["value"]) if row["value"] else None for row in table]
    assert numbers == [row[2] if math.isfinite(row[2]) else None for row in rows]


def test_the_citys_time_stands_beside_utc():
    assert TABLE.header == ["city", "time", "time_local", "value", "text"]
    rows = [("a", TIME, 1.0, ""), ("unknown", TIME, 1.0, ""), (None, None, 1.0, "")]
    assert [row["time_local"] for row in TABLE.objects(rows)] == ["2024-06-01T02:00:00+02:00", None, None]


def test_numbers_are_not_mangled_and_formulas_are_left_as_they_are():
    text = as_csv([("a", TIME, -1.5e-7, "=1+1"), ("a", TIME, 12.0, '+"x",\n')])
    assert text.splitlines()[1] == "a,2024-06-01T00:00:00Z,2024-06-01T02:00:00+02:00,-1.5e-07,=1+1"
    assert text.endswith('12.0,"+""x"",\n"\r\n')


def test_json_has_no_nan():
    rows = TABLE.objects([("a", TIME, math.nan, "x"), ("a", TIME, -math.inf, "x")])
    assert [row["value"] for row in json.loads(json_bytes(rows))] == [None, None]
    assert json_bytes({"deep": [math.nan]}) == b'{"deep":[null]}'


def test_objects_in_csv_are_json():
    table = Table(("detail", "yes"), frozenset(), {})
    assert b"".join(csv_chunks(table, [({"å": [1]}, True)])).decode() == '"{""å"":[1]}",true\r\n'


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (None, (None, "withheld")),
        (b"", ("", "text")),
        ("µg\n".encode(), ("µg\n", "text")),
        (b"\x00a", ("AGE=", "base64")),
        (b"\xff", ("/w==", "base64")),
        (b"x" * (SHOWN_BYTES - 1) + b"\xc3", ("x" * (SHOWN_BYTES - 1), "text")),
    ],
)
def test_payloads_are_text_where_they_are(payload, expected):
    assert shown(payload) == expected
