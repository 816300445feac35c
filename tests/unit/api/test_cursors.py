"""Cursors: what was encoded comes back, and nothing else is believed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursors import CursorError, decode, encode, fingerprint

QUESTION = fingerprint("/v1/sites", {"city": "alpha"})
VALUES = st.tuples(
    st.integers(-(2**62), 2**62),
    st.text().filter(lambda text: "\0" not in text),
    st.datetimes(timezones=st.just(UTC)),
)


@given(VALUES)
def test_a_cursor_gives_back_where_its_page_ended(values):
    cursor = encode(QUESTION, values)
    assert decode(cursor, QUESTION, [int, str, datetime]) == list(values)
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(st.text())
def test_what_nobody_encoded_is_refused_in_one_line(text):
    with pytest.raises(CursorError) as refused:
        decode(text, QUESTION, [int])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "types"),
    [
        ((1,), [str]),
        (("a",), [int]),
        (("a",), [datetime]),
        (("2024-06-01T00:00:00",), [datetime]),
        ((1, 2), [int]),
        ((2**63,), [int]),
        (("a\0b",), [str]),
    ],
)
def test_values_of_other_kinds_are_refused(values, types):
    with pytest.raises(CursorError, match="cannot be read"):
        decode(encode(QUESTION, values), QUESTION, types)


def test_a_cursor_belongs_to_its_question():
    other = fingerprint("/v1/sites", {"city": "beta"})
    assert other != QUESTION
    with pytest.raises(CursorError, match="other filters"):
        decode(encode(other, ["a"]), QUESTION, [str])
