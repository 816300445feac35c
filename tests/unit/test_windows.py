"""Periods of many hours at once are those of each hour alone, whatever the clock does."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bypuls.periods import PERIODS, Calendar, window_of
from processors.windows import HOUR, local_seconds, seconds, starts_of

CALENDARS = {
    "air": Calendar.air(),
    "Oslo": Calendar.civil("Europe/Oslo"),
    "half an hour of summer time": Calendar.civil("Australia/Lord_Howe"),
    "three quarters": Calendar.civil("Asia/Kathmandu"),
    "a year from April": Calendar("civil", Calendar.civil("Europe/Oslo").zone, 4),
}


@pytest.mark.parametrize("calendar", CALENDARS.values(), ids=CALENDARS)
@pytest.mark.parametrize("step", [HOUR, 300], ids=["hours", "five minutes"])
def test_many_datastreams_hours_belong_to_the_periods_of_each_hour_alone(calendar, step):
    since = seconds(datetime(2024, 3, 29, 22, tzinfo=UTC))
    hours = np.arange(since, since + 12 * 86_400, step)  # both clocks change in it
    several = np.random.default_rng(1).permutation(np.concatenate([hours, hours[::3], hours[5:9], hours]))
    for period in PERIODS:
        starts = [seconds(window_of(datetime.fromtimestamp(at, UTC), period, calendar).start) for at in hours.tolist()]
        expected = dict(zip(hours.tolist(), starts, strict=True))
        assert starts_of(several, period, calendar).tolist() == [expected[at] for at in several.tolist()]
    shown = local_seconds(several, calendar)
    for at, clock in zip(several[:500].tolist(), shown.tolist(), strict=False):
        there = datetime.fromtimestamp(at, UTC).astimezone(calendar.zone)
        assert clock == (there.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def test_no_hours_have_no_periods():
    assert starts_of(np.empty(0, dtype=np.int64), "P1D", CALENDARS["Oslo"]).tolist() == []
