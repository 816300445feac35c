"""Times in parameters and in answers."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.times import instant, local, parse

OSLO = ZoneInfo("Europe/Oslo")


@pytest.mark.parametrize(
    "text",
    ["2020-01-01T12:00:00Z", "2020-01-01T13:00:00+01:00", "2020-01-01T13:00:00 01:00", "2020-01-01T13:00:00+0100"],
)
def test_a_time_carries_its_zone(text):
    assert parse(text) == datetime(2020, 1, 1, 12, tzinfo=UTC)


def test_a_day_begins_at_midnight_in_the_city():
    assert instant(parse("2020-03-29"), OSLO) == datetime(2020, 3, 28, 23, tzinfo=UTC)
    assert instant(parse("2020-03-30"), OSLO) == datetime(2020, 3, 29, 22, tzinfo=UTC), "a day of 23 hours"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2020-01-01T12:00:00", "has no zone"),
        ("2020-01-01 12:00", "has no zone"),
        ("yesterday", "is written like"),
        ("1577880000", "is written like"),
        ("", "is written like"),
        ("0001-01-01T00:00:00+14:00", "the year"),
        ("9999-12-31", "the year"),
    ],
)
def test_what_is_no_time_says_how_one_is_written(text, words):
    with pytest.raises(ValueError, match=words):
        parse(text)


@given(st.text())
def test_no_text_is_worse_than_wrong(text):
    try:
        found = parse(text)
    except ValueError:
        return
    assert isinstance(instant(found, OSLO), datetime)


def test_the_hour_that_comes_twice_is_told_apart_by_its_offset():
    before, after = (datetime(2020, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert local(before, OSLO) == "2020-10-25T02:30:00+02:00"
    assert local(after, OSLO) == "2020-10-25T02:30:00+01:00"
    assert isinstance(parse("2020-10-25"), date)
