"""Expectations marked G are those of Grafana's packages/grafana-data/src/datetime/datemath.test.ts."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboards.times import TimeError, milliseconds, parse_time

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2026, 7, 15, 12, 34, 56, 789_000, UTC)  # a Wednesday, 14:34 in Oslo


def read(text, side="from", now=NOW, zone=OSLO):
    return parse_time(text, now, zone, side).isoformat()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "1970-01-01T00:00:00+00:00"),
        ("1523556000000", "2018-04-12T18:00:00+00:00"),
        ("-1", "1969-12-31T23:59:59.999000+00:00"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31t12:00:00z", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31T12:00:00.25+01:00", "2026-01-31T11:00:00.250000+00:00"),
        ("2026-01-31T12:00:00", "2026-01-31T11:00:00+00:00"),
        ("2026-07-01", "2026-06-30T22:00:00+00:00"),
        ("now", "2026-07-15T12:34:56.789000+00:00"),
        ("now-24h", "2026-07-14T12:34:56.789000+00:00"),
        ("now-d", "2026-07-14T12:34:56.789000+00:00"),
        ("now+5m", "2026-07-15T12:39:56.789000+00:00"),
        ("now/d", "2026-07-14T22:00:00+00:00"),
        ("now-1d/d", "2026-07-13T22:00:00+00:00"),
        ("now/d-6h", "2026-07-14T16:00:00+00:00"),
        ("now/w", "2026-07-12T22:00:00+00:00"),
        ("now/M", "2026-06-30T22:00:00+00:00"),
        ("now/Q", "2026-06-30T22:00:00+00:00"),
        ("now/y", "2025-12-31T23:00:00+00:00"),
        ("now-5M", "2026-02-15T13:34:56.789000+00:00"),  # 14:34 in winter time
        ("now/h", "2026-07-15T12:00:00+00:00"),
        ("now/m", "2026-07-15T12:34:00+00:00"),
        ("now - 2d", "2026-07-13T12:34:56.789000+00:00"),
        ("2014-01-05T00:00:00Z||-2d-6h", "2014-01-02T18:00:00+00:00"),  # G: several steps
    ],
)
def test_a_time(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now/d", "2026-07-15T21:59:59.999000+00:00"),
        ("now-1d/d", "2026-07-14T21:59:59.999000+00:00"),
        ("now/w", "2026-07-19T21:59:59.999000+00:00"),
        ("now/M", "2026-07-31T21:59:59.999000+00:00"),
        ("now/y", "2026-12-31T22:59:59.999000+00:00"),
        ("now/h", "2026-07-15T12:59:59.999000+00:00"),
        ("now", "2026-07-15T12:34:56.789000+00:00"),
    ],
)
def test_the_end_of_a_range_rounds_up(text, expected):
    assert read(text, "to") == expected


def test_days_of_23_and_25_hours():
    morning = datetime(2026, 3, 29, 10, tzinfo=UTC)
    assert read("now/d", now=morning) == "2026-03-28T23:00:00+00:00"
    assert read("now/d", "to", now=morning) == "2026-03-29T21:59:59.999000+00:00"
    assert read("now-1d", now=datetime(2026, 10, 25, 12, tzinfo=UTC)) == "2026-10-24T11:00:00+00:00"


def test_a_month_back_from_its_last_day_is_the_last_day():
    assert (
        read("now-1M", now=datetime(2026, 3, 31, 10, tzinfo=UTC), zone=ZoneInfo("UTC")) == "2026-02-28T10:00:00+00:00"
    )


def test_hours_begin_with_the_local_clock():
    assert read("now/h", zone=ZoneInfo("Asia/Kolkata")) == "2026-07-15T12:30:00+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "asd",
        "now&1d",
        "now+5f",
        "now/2y",
        "now/0.5y",
        "now-0",
        "now-00",
        "now-5",
        "now/fQ",
        "yesterday",
        "now-9999y",
        "||-1d",
    ],
)
def test_what_is_no_time_is_one_clear_line(text):  # most of them G
    with pytest.raises(TimeError) as raised:
        read(text)
    assert "\n" not in str(raised.value)


def test_milliseconds_go_down():
    assert milliseconds(datetime(1969, 12, 31, 23, 59, 59, 999_500, UTC)) == -1
