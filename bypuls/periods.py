"""Periods and calendars: which hour, day, month or year an instant belongs to. Pure; knows no data and no clock.

Two calendars. `air`: a fixed offset from UTC all year, so that every day has 24 hours (EU: UTC+1; on a zone with
summer time the 23 and 25 hour days would break coverage and running means). `civil`: the city's own clock, with its
short and long days. Hours are UTC hours in both. In a zone whose offset is not a whole number of hours a day takes the
hours that start in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bypuls.errors import CatalogueError

Period = Literal["PT1H", "P1D", "P1M", "P1Y"]
"""ISO 8601 durations; the only periods KPI values have."""

CalendarKind = Literal["air", "civil"]

PERIODS: tuple[Period, ...] = get_args(Period)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where days and years begin. Equal calendars compare equal, so that results can be kept by calendar.

    Attributes:
        year_begins: the month in which its years begin (1 January); another makes rolling years of ordinary ones.
    """

    kind: CalendarKind
    zone: tzinfo
    year_begins: int = 1

    @classmethod
    def air(cls, offset: timedelta = HOUR) -> Calendar:
        """Days at a fixed offset from UTC (2008/50/EC and 2024/2881: UTC+1)."""
        return cls("air", timezone(offset))

    @classmethod
    def civil(cls, zone: str) -> Calendar:
        """Days of a time zone's own clock.

        Raises:
            CatalogueError: no such zone.
        """
        try:
            return cls("civil", ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError):
            message = f"time zone {zone!r} is unknown: use a name of the IANA database such as Europe/Oslo"
            raise CatalogueError(message) from None


@dataclass(frozen=True, slots=True)
class Window:
    """One period's extent: [start, end), both in UTC."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> int:
        """UTC hours that start in it: 23, 24 or 25 for a civil day."""
        return round((self.end - self.start) / HOUR)


def as_period(text: str) -> Period:
    """The period that `text` names.

    Raises:
        CatalogueError: it names none.
    """
    for period in PERIODS:
        if period == text:
            return period
    message = f"period {text!r} is none of {', '.join(PERIODS)}"
    raise CatalogueError(message)


def window_of(instant: datetime, period: Period, calendar: Calendar) -> Window:
    """The period that holds `instant` (which has a zone).

    >>> oslo = Calendar.civil("Europe/Oslo")
    >>> window_of(datetime(2019, 3, 31, 12, tzinfo=UTC), "P1D", oslo).hours
    23
    """
    if period == "PT1H":
        start = instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return Window(start, start + HOUR)
    day = first_day(instant.astimezone(calendar.zone).date(), period, calendar.year_begins)
    return Window(midnight(day, calendar), midnight(next_first_day(day, period), calendar))


def windows(since: datetime, until: datetime, period: Period, calendar: Calendar) -> Iterator[Window]:
    """Every period that overlaps [since, until), oldest first."""
    window = window_of(since, period, calendar)
    while window.start < until:
        yield window
        window = window_of(window.end, period, calendar)


def first_day(day: date, period: Period, year_begins: int = 1) -> date:
    """The first day of the day's period."""
    if period == "P1Y":
        return day.replace(year=day.year - (day.month < year_begins), month=year_begins, day=1)
    return day.replace(day=1) if period == "P1M" else day


def next_first_day(day: date, period: Period) -> date:
    """The first day of the period after the one that begins on `day`."""
    if period == "P1Y":
        return day.replace(year=day.year + 1)
    if period == "P1M":
        return day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
    return day + timedelta(days=1)


@lru_cache(maxsize=20_000)
def midnight(day: date, calendar: Calendar) -> datetime:
    """The instant a day begins, in UTC. A midnight that the clock skips is the jump; of two, the first counts."""
    return datetime(day.year, day.month, day.day, tzinfo=calendar.zone).astimezone(UTC)
