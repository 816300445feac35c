"""Norwegian public holidays and civil time, as arrays. The days are those of the law; nothing is looked up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from functools import lru_cache

import numpy as np
import pandas as pd

from simulators.city.randomness import Floats, Integers

ZONE = "Europe/Oslo"
_SATURDAY, _SUNDAY = 5, 6


class DayKind(IntEnum):
    """How a day is lived."""

    WORKDAY = 0
    SATURDAY = 1
    SUNDAY = 2


@dataclass(frozen=True, slots=True)
class Civil:
    """Civil time of an array of instants.

    Attributes:
        hour: 0 ≤ hour < 24, with its fraction.
        weekday: 0 is Monday.
        kind: `DayKind` of the day; public holidays are Sundays, the short days before feasts Saturdays.
        year_day: days since New Year, with the fraction.
        ordinal: day number, one per civil day.
        leave: whether many are on leave: July weeks, the days of Christmas and of Holy Week.
    """

    hour: Floats
    weekday: Integers
    kind: Integers
    year_day: Floats
    ordinal: Integers
    leave: Floats


def easter(year: int) -> date:
    """Easter Sunday (Meeus, Jones and Butcher's algorithm for the Gregorian calendar).

    >>> easter(2026).isoformat(), easter(2027).isoformat()
    ('2026-04-05', '2027-03-28')
    """
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """The days that are kept as Sundays (lov om helligdager, and those of 1 and 17 May)."""
    sunday = easter(year)
    moving = (-3, -2, 0, 1, 39, 49, 50)
    fixed = ((1, 1), (5, 1), (5, 17), (12, 25), (12, 26))
    return frozenset({sunday + timedelta(days=days) for days in moving} | {date(year, *day) for day in fixed})


def day_kind(day: date) -> DayKind:
    """A holiday is a Sunday; Christmas Eve, New Year's Eve and the Wednesday before Easter end at noon."""
    if day.weekday() == _SUNDAY or day in public_holidays(day.year):
        return DayKind.SUNDAY
    eves = {date(day.year, 12, 24), date(day.year, 12, 31), easter(day.year) - timedelta(days=4)}
    return DayKind.SATURDAY if day.weekday() == _SATURDAY or day in eves else DayKind.WORKDAY


def on_leave(day: date) -> float:
    """1 in the general holidays: weeks 28 to 30, 27 to 30 December, Monday to Wednesday before Easter; else 0."""
    in_july = day.isocalendar().week in {28, 29, 30}
    in_christmas = day.month == 12 and 27 <= day.day <= 30  # noqa: PLR2004 - dates
    in_easter = easter(day.year) - timedelta(days=6) <= day <= easter(day.year) - timedelta(days=4)
    return float(in_july or in_christmas or in_easter)


def civil(times: Integers) -> Civil:
    """Civil time of instants (seconds since 1970, UTC)."""
    local = pd.DatetimeIndex(times.astype("datetime64[s]"), tz="UTC").tz_convert(ZONE)
    plain = local.tz_localize(None).to_numpy().astype("datetime64[s]")
    days = plain.astype("datetime64[D]")
    ordinal = days.astype(np.int64)
    hour = (plain - days).astype(np.float64) / 3600.0
    distinct, place = np.unique(ordinal, return_inverse=True)
    dates = [date(1970, 1, 1) + timedelta(days=int(number)) for number in distinct]
    kind = np.array([int(day_kind(day)) for day in dates], dtype=np.int64)[place]
    leave = np.array([on_leave(day) for day in dates])[place]
    year_day = np.array([day.timetuple().tm_yday - 1 for day in dates], dtype=np.float64)[place] + hour / 24.0
    weekday = (ordinal + 3) % 7
    return Civil(hour, weekday, kind, year_day, ordinal, leave)
