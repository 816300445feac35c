"""Which hours a definition's `window` lets count: peak hours, weekdays, seasons. Arrays of seconds since 1970. Pure."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from bypuls.kpi_window import KpiWindow
from bypuls.periods import Calendar
from bypuls.public_holidays import public_holidays
from processors.windows import DAY, HOUR, Seconds, local_seconds

Booleans = npt.NDArray[np.bool_]
_EPOCH = date(1970, 1, 1)
_THURSDAY = 4  # 1 January 1970


def selected(buckets: Seconds, window: KpiWindow, calendar: Calendar, country: str | None) -> Booleans:
    """Whether each hour (by its start) counts."""
    clock = local_seconds(buckets, calendar)
    days = clock // DAY
    keep = np.isin(clock % DAY // HOUR, list(window.clock_hours))
    if window.weekdays:
        keep &= np.isin((days + _THURSDAY - 1) % 7 + 1, window.weekdays)
    if window.months:
        keep &= np.isin(days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1, window.months)
    if not window.holidays and country:
        keep &= ~np.isin(days, _holidays_of(country, days))
    return keep


def counting_hours(
    start: Seconds, end: Seconds, window: KpiWindow, calendar: Calendar, country: str | None
) -> npt.NDArray[np.int64]:
    """How many hours of each [start, end) count."""
    spans, back = np.unique(np.stack([start, np.maximum(start, end)]), axis=1, return_inverse=True)
    lengths = (spans[1] - spans[0]) // HOUR
    first = np.cumsum(lengths) - lengths
    hours = np.repeat(spans[0] - first * HOUR, lengths) + np.arange(lengths.sum()) * HOUR
    total = np.concatenate([[0], np.cumsum(selected(hours, window, calendar, country))])
    return np.asarray(total[first + lengths] - total[first], dtype=np.int64)[back.reshape(-1)]


def _holidays_of(country: str, days: Seconds) -> list[int]:
    if not len(days):
        return []
    first, last = ((_EPOCH + timedelta(days=int(day))).year for day in (days.min(), days.max()))
    return [(day - _EPOCH).days for year in range(first, last + 1) for day in public_holidays(country, year)]
