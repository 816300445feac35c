"""Numbers as people type them in Norwegian and English offices."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.collection.numerals import NotANumber, decimal_mark, parse


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", "12"),
        ("12,5", "12.5"),
        ("12.5", "12.5"),
        ("1 234 567", "1234567"),
        ("1\u00a0234,5", "1234.5"),  # no-break space: Excel's thousands in Norwegian
        ("1\u2009234,5", "1234.5"),  # thin space: SI
        ("1\u202f234.5", "1234.5"),  # narrow no-break space: CLDR's thousands in French, later in Norwegian
        ("1'234.5", "1234.5"),  # Switzerland
        ("1.234.567", "1234567"),
        ("1,234,567.8", "1234567.8"),
        ("1.234.567,8", "1234567.8"),
        ("0,125", "0.125"),
        ("0.125", "0.125"),
        ("12345,678", "12345.678"),
        ("\u22123,5", "-3.5"),  # a real minus sign
        ("+4", "4"),
        ("1,5e3", "1500"),
        (",5", "0.5"),
        ("1 234,567", "1234.567"),  # the blank shows that the comma is no thousands' mark
    ],
)
def test_a_number_is_read_as_it_is_meant(text, number):
    assert parse(text) == Decimal(number)


@pytest.mark.parametrize("text", ["1,234", "12.345", "-123,456"])
def test_what_may_be_two_numbers_is_neither(text):
    with pytest.raises(NotANumber, match="may be"):
        parse(text)
    whole, decimals = text.lstrip("-").replace(".", ",").split(",")
    mark = "," if "," in text else "."
    sign = -1 if text.startswith("-") else 1
    assert parse(text, mark) == sign * Decimal(f"{whole}.{decimals}")
    assert parse(text, "." if mark == "," else ",") == sign * Decimal(whole + decimals)


@pytest.mark.parametrize(
    "text", ["", "abc", "12 34", "1,23,456", "1.2.3", "12,5 kr", "--1", "1e999", "=1+1", "nan", "inf", "٣", "1,2,3.4"]
)
def test_what_is_no_number_is_refused_in_one_line(text):
    with pytest.raises(NotANumber) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1,234", "12,5"], ","),
        (["1.234", "12.5"], "."),
        (["1.234.567"], ","),
        (["1,234.5"], "."),
        (["12,5", "12.5"], None),
        (["1,234", "17", "NR"], None),
        (["84,5 %"], ","),
    ],
)
def test_the_mark_of_a_file_is_that_of_its_clear_numbers(texts, mark):
    assert decimal_mark(texts) == mark


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2), st.sampled_from([" ", "\u00a0", "\u2009", "\u202f"]))
def test_every_number_written_the_norwegian_way_comes_back(number, blank):
    written = f"{number:,.2f}".replace(",", blank).replace(".", ",")
    assert parse(written) == number
