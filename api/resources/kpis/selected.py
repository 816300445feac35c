"""Which hours of a value's window count, where its evidence says that not all do (peaks, weekdays, seasons)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bypuls.kpi_window import parse_window
from bypuls.periods import Calendar
from bypuls.public_holidays import public_holidays

_HOUR = timedelta(hours=1)


def selected_hours(
    spans: Sequence[tuple[datetime, datetime]], selection: Mapping[str, Any], calendar: Calendar, country: str | None
) -> list[datetime]:
    """The hours (their starts) of the spans that count; `selection` as evidence shows it.

    >>> day = (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
    >>> [hour.hour for hour in selected_hours([day], {"hours": [[7, 9]]}, Calendar.air(), None)]
    [6, 7]
    """
    window = parse_window(selection, ("P1D",))
    clock, found = window.clock_hours, []
    for hour in _hours(spans):
        local = hour.astimezone(calendar.zone)
        counts = local.hour in clock
        counts &= not window.weekdays or local.isoweekday() in window.weekdays
        counts &= not window.months or local.month in window.months
        if counts and (window.holidays or not country or local.date() not in public_holidays(country, local.year)):
            found.append(hour)
    return found


def _hours(spans: Sequence[tuple[datetime, datetime]]) -> Iterator[datetime]:
    for since, until in spans:
        at = since.astimezone(UTC)
        while at < until:
            yield at
            at += _HOUR
