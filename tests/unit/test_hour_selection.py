"""Which hours count: expected numbers are counted on the calendar, with Norway's holidays by LOV-1947-04-26-1."""

from datetime import UTC, datetime

import numpy as np
import pytest

from bypuls.errors import CatalogueError
from bypuls.kpi_window import KpiWindow, parse_window
from bypuls.periods import Calendar
from processors.hour_selection import counting_hours, selected
from processors.windows import HOUR, seconds

OSLO = Calendar.civil("Europe/Oslo")


def count(window, first, last, *, calendar=OSLO, country="NO"):
    start, end = (np.array([seconds(datetime(*day, tzinfo=calendar.zone))]) for day in (first, last))
    return int(counting_hours(start, end, window, calendar, country)[0])


def test_peak_hours_of_may_leave_out_weekends_and_four_holidays():
    # May 2024 has 23 weekdays; the 1st, the 9th (Ascension), the 17th and the 20th (Whit Monday) are holidays.
    peak = {"hours": ((7, 9),), "weekdays": (1, 2, 3, 4, 5)}
    assert count(KpiWindow(**peak), (2024, 5, 1), (2024, 6, 1)) == 23 * 2
    assert count(KpiWindow(**peak, holidays=False), (2024, 5, 1), (2024, 6, 1)) == 19 * 2
    assert count(KpiWindow(**peak, holidays=False), (2024, 5, 1), (2024, 6, 1), country=None) == 23 * 2


def test_the_hour_that_the_clock_skips_does_not_count_and_the_one_it_repeats_counts_twice():
    night = KpiWindow(hours=((2, 3),))
    assert count(night, (2019, 3, 31), (2019, 4, 1)) == 0
    assert count(night, (2019, 10, 27), (2019, 10, 28)) == 2
    assert count(night, (2019, 10, 26), (2019, 10, 27)) == 1


def test_nights_run_over_midnight_and_have_seven_or_nine_hours_where_the_clock_changes():
    night = KpiWindow(hours=((23, 7),))
    assert night.clock_hours == {23, 0, 1, 2, 3, 4, 5, 6}
    # A civil day holds the end of one night and the beginning of the next.
    assert count(night, (2019, 3, 30), (2019, 3, 31)) == 8
    assert count(night, (2019, 3, 31), (2019, 4, 1)) == 7
    assert count(night, (2019, 10, 27), (2019, 10, 28)) == 9


def test_seasons_of_a_leap_year():
    # 2024: January to March are 91 days, October to December 92; one hour of October comes twice, one of March never.
    winter = KpiWindow(months=(1, 2, 3, 10, 11, 12))
    assert count(winter, (2024, 1, 1), (2025, 1, 1)) == (91 + 92) * 24
    assert count(winter, (2023, 1, 1), (2024, 1, 1)) == (90 + 92) * 24
    assert count(KpiWindow(months=(2,)), (2024, 1, 1), (2025, 1, 1)) == 29 * 24


def test_many_windows_at_once_are_counted_each_for_itself():
    start = seconds(datetime(2024, 5, 1, tzinfo=UTC))
    days = start + np.arange(7) * 24 * HOUR  # Wednesday to Tuesday
    weekend = KpiWindow(weekdays=(6, 7))
    found = counting_hours(days, days + 24 * HOUR, weekend, Calendar.civil("UTC"), None)
    assert found.tolist() == [0, 0, 0, 24, 24, 0, 0]
    assert selected(days, weekend, Calendar.civil("UTC"), None).tolist() == [False] * 3 + [True] * 2 + [False] * 2


@pytest.mark.parametrize(
    ("spec", "periods", "message"),
    [
        ({"last_hours": 24}, ("P1D",), r"periods \[PT1H\]"),
        ({"last_hours": 0}, ("PT1H",), "from 1 to 744"),
        ({"last_months": 6}, ("P1M",), "last_months is 12"),
        ({"last_months": 12}, ("P1Y",), r"periods \[P1M\]"),
        ({"hours": [[7, 7]]}, ("P1D",), "is empty"),
        ({"hours": [7, 9]}, ("P1D",), r"is no \[from, to\]"),
        ({"weekdays": [0]}, ("P1D",), "weekdays 0"),
        ({"days": [1]}, ("P1D",), "unknown days"),
    ],
)
def test_a_window_that_cannot_be_is_refused(spec, periods, message):
    with pytest.raises(CatalogueError, match=message):
        parse_window(spec, periods)
