from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from bypuls.errors import CatalogueError
from bypuls.periods import Calendar, as_period, window_of, windows
from processors.windows import day_hours, ends_of, instant, local_days, seconds, shift_days, starts_of

OSLO = Calendar.civil("Europe/Oslo")
AIR = Calendar.air()


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "start", "hours"),
    [
        (utc(2019, 3, 31, 12), utc(2019, 3, 30, 23), 23),
        (utc(2019, 10, 27, 12), utc(2019, 10, 26, 22), 25),
        (utc(2019, 7, 1, 12), utc(2019, 6, 30, 22), 24),
    ],
)
def test_a_civil_day_is_as_long_as_the_clock_makes_it(day, start, hours):
    window = window_of(day, "P1D", OSLO)
    assert (window.start, window.hours) == (start, hours)


def test_an_air_day_has_24_hours_whatever_the_clock_does():
    window = window_of(utc(2019, 3, 31, 12), "P1D", AIR)
    assert (window.start, window.hours) == (utc(2019, 3, 30, 23), 24)


def test_a_leap_year_has_8784_hours_in_both_calendars():
    assert window_of(utc(2020, 5, 1), "P1Y", AIR).hours == 8784
    assert window_of(utc(2020, 5, 1), "P1Y", OSLO).hours == 8784


def test_months_of_a_year_follow_one_another_without_gap():
    months = list(windows(utc(2019, 12, 31, 23), utc(2020, 12, 31, 23), "P1M", AIR))
    assert len(months) == 12
    assert all(one.end == following.start for one, following in pairwise(months))
    assert months[1].hours == 29 * 24


def test_hours_are_utc_hours_also_where_the_offset_is_half_an_hour():
    india = Calendar.civil("Asia/Kolkata")
    assert window_of(utc(2020, 1, 1, 10, 40), "PT1H", india).start == utc(2020, 1, 1, 10)
    assert window_of(utc(2020, 1, 1, 10, 40), "P1D", india).start == utc(2019, 12, 31, 18, 30)


def test_a_day_whose_midnight_is_skipped_begins_at_the_jump():
    santiago = Calendar.civil("America/Santiago")  # 2019-09-08: 00:00 became 01:00, at 04:00 UTC
    window = window_of(utc(2019, 9, 8, 12), "P1D", santiago)
    assert (window.start, window.hours) == (utc(2019, 9, 8, 4), 23)


def test_an_unknown_zone_or_period_is_one_clear_line():
    with pytest.raises(CatalogueError, match="IANA"):
        Calendar.civil("Europe/Trondheim")
    with pytest.raises(CatalogueError, match="PT1H"):
        as_period("P7D")


@pytest.mark.parametrize("calendar", [AIR, OSLO, Calendar.civil("Asia/Kolkata"), Calendar.civil("America/Santiago")])
@pytest.mark.parametrize("period", ["PT1H", "P1D", "P1M", "P1Y"])
def test_arrays_give_what_single_instants_give(calendar, period):
    first = utc(2019, 1, 1)
    instants = [first + timedelta(minutes=977 * step) for step in range(1200)]  # more than two years
    at = np.array([seconds(one) for one in instants])
    starts = starts_of(at, period, calendar)
    ends = ends_of(starts, period, calendar)
    for one, start, end in zip(instants, starts, ends, strict=True):
        window = window_of(one, period, calendar)
        assert (instant(start), instant(end)) == (window.start, window.end)


def test_days_are_counted_by_the_calendar_and_know_their_length():
    noon = np.array([seconds(utc(2019, 3, 31, 12))])
    days = local_days(noon, OSLO)
    assert day_hours(days, OSLO).tolist() == [23]
    assert day_hours(days, AIR).tolist() == [24]
    week_later = shift_days(starts_of(noon, "P1D", OSLO), 7, OSLO)
    assert instant(week_later[0]) == utc(2019, 4, 6, 22)
