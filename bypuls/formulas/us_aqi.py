"""US air quality index: a concentration, truncated as the table says, on the line of its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np

from bypuls.formulas.coverage import is_covered
from bypuls.formulas.rounding import nearest, truncate
from bypuls.formulas.running_means import EIGHT_HOURS, OF_DAY, OF_EIGHT, Floats, mean_of, running_means
from bypuls.standards import IndexStandard, IndexTable

FIRST_START, LAST_START = 7, 23
"""Local standard hours at which the eight-hour means of a day's ozone begin: 17 of them (40 CFR 50, App. U)."""
OF_STARTS = 0.75
"""Share of these means that a day needs: 13 of 17."""
_SO2_BY_DAY = 305
_SO2_FIXED = 200
_DAY = 24


def index_of(table: IndexTable, concentration: float | None) -> int | None:
    """The index of one concentration, in the table's unit; above its last row (index 500) on that row's line.

    None without a concentration, below a table that does not begin at nought (ozone of an hour below 0.125 ppm) and
    above one that ends before 500 (ozone of eight hours above 0.200 ppm). What is below nought counts as nought.

    Source: EPA-454/B-24-002; 40 CFR 58, App. G.
    """
    if concentration is None or not np.isfinite(concentration):
        return None
    cut = max(truncate(concentration, table.truncate_decimals), Decimal(0))
    row = next((row for row in table.rows if row.low <= cut <= row.high), None)
    if row is None and cut > table.rows[-1].high and table.open_ended:
        row = table.rows[-1]
    if row is None:
        return None
    share = Fraction(cut - row.low) / Fraction(row.high - row.low)
    return nearest(row.index_low + share * (row.index_high - row.index_low))


def ozone_index(standard: IndexStandard, eight_hours: float | None, one_hour: float | None) -> int | None:
    """The larger of ozone's index of eight hours and of one hour (ppm); None where neither is defined."""
    return _largest(
        index_of(standard.table("O3", "8h"), eight_hours),
        index_of(standard.table("O3", "1h"), one_hour),
    )


def sulphur_dioxide_index(standard: IndexStandard, one_hour: float | None, day: float | None) -> int | None:
    """Sulphur dioxide by a day's largest hour up to 304 ppb; from 305 by the day's mean, and 200 where that is less.

    Without a day's mean such an hour gives 200, too: what is certain.

    Source: EPA-454/B-24-002, footnotes of the table of breakpoints.
    """
    if one_hour is not None and truncate(one_hour, 0) < _SO2_BY_DAY:
        return index_of(standard.table("SO2", "1h"), one_hour)
    by_day = index_of(standard.table("SO2", "24h"), day)
    return by_day if by_day is not None or one_hour is None else _SO2_FIXED


def overall(indices: Mapping[str, int | None]) -> tuple[int | None, str | None]:
    """The largest index, and its pollutant (the first of several)."""
    known = {name: index for name, index in indices.items() if index is not None}
    if not known:
        return None, None
    principal = max(known, key=known.__getitem__)
    return known[principal], principal


def day_mean(hours: Sequence[float | None]) -> float | None:
    """Dust's mean of a day from midnight to midnight of local standard time; 18 hours are needed."""
    return mean_of(hours, OF_DAY)


def largest_eight_hours(hours: Sequence[float | None]) -> float | None:
    """Carbon monoxide: the largest of the eight-hour means that end in these hours, each of six at least."""
    means = running_means(_array(hours))
    return None if np.isnan(means).all() else float(np.nanmax(means))


def ozone_days(hours: Sequence[float | None]) -> list[float | None]:
    """Ozone: each day's largest eight-hour mean, of the 17 that begin from 7 to 23 o'clock.

    Args:
        hours: of local standard time, from midnight on, whole days; None where there is none.

    Returns:
        One per day; None where fewer than 13 of 17 (three quarters) of its means have six of their hours. A mean that
        reaches beyond the last hour given is not expected, but counts where six of its hours are there.
    """
    forward = running_means(_array(hours)[::-1], EIGHT_HOURS, OF_EIGHT)[::-1]
    days: list[float | None] = []
    for midnight in range(0, len(hours), _DAY):
        means = forward[midnight + FIRST_START : midnight + LAST_START + 1]
        known = means[~np.isnan(means)]
        expected = min(LAST_START, len(hours) - midnight - EIGHT_HOURS) - FIRST_START + 1
        days.append(float(known.max()) if is_covered(len(known), expected, OF_STARTS) else None)
    return days


def largest_hours(hours: Sequence[float | None]) -> list[float | None]:
    """Each day's largest hour; None where it has none. `hours` as `ozone_days` takes them."""
    days = [hours[midnight : midnight + _DAY] for midnight in range(0, len(hours), _DAY)]
    return [max((hour for hour in day if hour is not None), default=None) for day in days]


def _array(hours: Sequence[float | None]) -> Floats:
    return np.array([np.nan if hour is None else hour for hour in hours], dtype=np.float64)


def _largest(*indices: int | None) -> int | None:
    return max((index for index in indices if index is not None), default=None)
