from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.macros import TimeRange
from dashboards.variables import Value, VariableError, render, sql_string

RANGE = TimeRange(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 0, 0, 0, 250_000, UTC), timedelta(minutes=5))
LITERALS = re.compile(r"'(?:[^']|'')*'(?:,'(?:[^']|'')*')*")
TEXT = st.text(st.characters(exclude_characters="\0\ue000", exclude_categories=["Cs"]))


def put(sql, *, trusted=False, **variables):
    values = {name: one if isinstance(one, Value) else Value([one]) for name, one in variables.items()}
    return render(sql, values, RANGE, trusted=trusted).sql


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("${v:sqlstring}", "'O''Brien'"),
        ("[[v:sqlstring]]", "'O''Brien'"),
        ("IN (${several:sqlstring})", "IN ('a','b c')"),
        ("IN ($several)", "IN ('a','b c')"),
        ("${plain} $plain [[plain]] ${plain:raw} ${plain:csv}", "x1 x1 x1 x1 x1"),
        ("$unknown ${unknown} [[unknown]] $1", "$unknown ${unknown} [[unknown]] $1"),
        ("IN (${everything:sqlstring})", "IN (SELECT 1)"),
        ("$__timeGroup(t,'$bucket')", "floor(extract(epoch from t)/60)*60"),
        ("IN (${nothing:sqlstring})", "IN (NULL)"),
    ],
)
def test_a_variable_is_put_in(sql, expected):
    variables = {
        "v": "O'Brien",
        "plain": "x1",
        "bucket": "1m",
        "several": Value(["a", "b c"], several=True),
        "everything": Value(["a"], several=True, raw="SELECT 1"),
        "nothing": Value([], several=True),
    }
    assert put(sql, **variables) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("${__from} ${__to}", "1767225600000 1767312000250"),
        ("$__from", "1767225600000"),
        ("${__from:date}", "2026-01-01T00:00:00.000Z"),
        ("${__to:date:iso}", "2026-01-02T00:00:00.250Z"),
        ("${__to:date:seconds}", "1767312000"),
        ("${__interval} ${__interval_ms}", "5m 300000"),
    ],
)
def test_the_range_is_a_variable_too(sql, expected):
    assert put(sql) == expected


@pytest.mark.parametrize("sql", ["$v", "${v}", "${v:raw}", "${v:csv}", "[[v]]"])
def test_a_value_that_is_more_than_a_word_needs_quotes(sql):
    with pytest.raises(VariableError, match="sqlstring"):
        put(sql, v="1; DROP TABLE city")
    assert put(sql, trusted=True, v="a b") == "a b"


def test_an_unknown_format_is_named():
    with pytest.raises(VariableError, match="'singlequote' is not known"):
        put("${v:singlequote}", v="a")


@pytest.mark.parametrize(
    "value", ["$__timeFrom()", "$__timeFilter(x)", "${__from}", "a') OR 1=1 --", "/* */", "$$", "\\'"]
)
def test_nothing_within_a_quoted_value_is_read_again(value):
    assert put("SELECT ${v:sqlstring} -- why", v=value) == f"SELECT {sql_string([value])} "


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_no_value_breaks_out_of_its_literal(values):
    done = put("SELECT 1 WHERE a IN (${v:sqlstring}) /* c */ AND b", v=Value(values, several=True))
    inside = done.removeprefix("SELECT 1 WHERE a IN (").removesuffix(")  AND b")
    assert LITERALS.fullmatch(inside)
    read = [one[1:-1].replace("''", "'") for one in re.findall(r"'(?:[^']|'')*'", inside)]
    assert read == [value.replace('"', '\\"') for value in values]


@given(TEXT)
def test_nor_does_it_as_the_argument_of_a_macro(value):
    done = put("$__timeFilter(${v:sqlstring})", v=value)
    assert done == sql_string([value]) + " BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-02T00:00:00.25Z'"
