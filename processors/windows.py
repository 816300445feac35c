"""Periods of many hours at once: `bypuls.periods` on arrays of seconds since 1970 (UTC)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from bypuls.periods import Calendar, Period, first_day, midnight, next_first_day

Seconds = npt.NDArray[np.int64]
Days = npt.NDArray[np.int64]

HOUR = 3600
DAY = 86_400
_EPOCH = date(1970, 1, 1)


def seconds(instant: datetime) -> int:
    """Whole seconds since 1970."""
    return round(instant.timestamp())


def instant(at: float) -> datetime:
    """The instant of a number of seconds since 1970, in UTC."""
    return datetime.fromtimestamp(int(at), UTC)


def local_seconds(at: Seconds, calendar: Calendar) -> Seconds:
    """What the calendar's clock shows, as if it were UTC."""
    if not len(at):
        return at
    if calendar.kind == "air":
        offset = calendar.zone.utcoffset(None)
        return at + int((offset or timedelta()).total_seconds())

    def clock(at: Seconds) -> Seconds:
        shown = pd.DatetimeIndex(at.astype("datetime64[s]"), tz="UTC").tz_convert(calendar.zone).tz_localize(None)
        return shown.to_numpy().astype("datetime64[s]").astype(np.int64)

    return _once_an_hour(clock, at)


def local_days(at: Seconds, calendar: Calendar) -> Days:
    """The calendar's day of each instant, as days since 1970."""
    return local_seconds(at, calendar) // DAY


def day_start(day: int, calendar: Calendar) -> int:
    """When a day (counted since 1970) begins."""
    return seconds(midnight(_EPOCH + timedelta(days=int(day)), calendar))


def day_hours(days: Days, calendar: Calendar) -> npt.NDArray[np.int64]:
    """Hours of each day: 24, or 23 and 25 where the clock changes."""
    if calendar.kind == "air":
        return np.full(len(days), 24, dtype=np.int64)
    unique, back = np.unique(days, return_inverse=True)
    lengths = [(day_start(day + 1, calendar) - day_start(day, calendar)) // HOUR for day in unique]
    return np.array(lengths, dtype=np.int64)[back] if len(unique) else days


def distinct(numbers: Seconds) -> Seconds:
    """The different numbers, sorted; several times as fast as `numpy.unique`, which hashes them."""
    # Mostly they are in order already, and seeing that costs a tenth of sorting.
    ordered = numbers if bool((numbers[1:] >= numbers[:-1]).all()) else np.sort(numbers)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def starts_of(at: Seconds, period: Period, calendar: Calendar) -> Seconds:
    """The start of the period that holds each instant."""
    if period == "PT1H":
        return at - at % HOUR

    def starts(at: Seconds) -> Seconds:
        unique, back = np.unique(local_days(at, calendar), return_inverse=True)
        return np.array(_starts_of_days(tuple(unique.tolist()), period, calendar), dtype=np.int64)[back]

    return _once_an_hour(starts, at) if len(at) else at


def _once_an_hour(of: Callable[[Seconds], Seconds], at: Seconds) -> Seconds:
    """The same as `of(at)`, which looks at each instant alone: of many datastreams' hours, at each hour once."""
    first, last = int(at.min()), int(at.max())
    if (last - first) // HOUR >= len(at) // 2 or ((at - first) % HOUR).any():
        return of(at)
    return of(np.arange(first, last + 1, HOUR))[(at - first) // HOUR]


@lru_cache(maxsize=100)
def _starts_of_days(days: tuple[int, ...], period: Period, calendar: Calendar) -> list[int]:
    firsts = (first_day(_EPOCH + timedelta(days=day), period, calendar.year_begins) for day in days)
    return [seconds(midnight(first, calendar)) for first in firsts]


def ends_of(starts: Seconds, period: Period, calendar: Calendar) -> Seconds:
    """The end of the period that begins at each start."""
    if period == "PT1H":
        return starts + HOUR
    unique, back = np.unique(local_days(starts, calendar), return_inverse=True)
    ends = [seconds(midnight(next_first_day(_EPOCH + timedelta(days=int(day)), period), calendar)) for day in unique]
    return np.array(ends, dtype=np.int64)[back] if len(unique) else starts


def shift_days(starts: Seconds, days: int, calendar: Calendar) -> Seconds:
    """The start of the day that many calendar days later (earlier when negative)."""
    unique, back = np.unique(local_days(starts, calendar) + days, return_inverse=True)
    return np.array([day_start(day, calendar) for day in unique], dtype=np.int64)[back] if len(unique) else starts
