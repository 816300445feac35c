"""US air quality index: a concentration, truncated as the table says, on the line of its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from bypuls.breakpoints import IndexStandard, IndexTable
from bypuls.formulas.coverage import is_covered
from bypuls.formulas.rounding import NOISE
from bypuls.formulas.running_means import EIGHT_HOURS, OF_DAY, OF_EIGHT, Floats, mean_of, running_means

FIRST_START, LAST_START = 7, 23
"""Local standard hours at which the eight-hour means of a day's ozone begin: 17 of them (40 CFR 50, App. U)."""
OF_STARTS = 0.75
"""Share of these means that a day needs: 13 of 17."""
_SO2_FIXED = 200
_DAY = 24


def indices_of(table: IndexTable, concentrations: Floats) -> Floats:
    """The index of each concentration, in the table's unit; above its last row (index 500) on that row's line.

    NaN where there is no concentration, below a table that does not begin at nought (ozone of an hour below 0.125 ppm)
    and above one that ends before 500 (ozone of eight hours above 0.200 ppm). What is below nought counts as nought.

    Source: EPA-454/B-24-002; 40 CFR 58, App. G.
    """
    rows, decimals = _in_last_digits(table), table.truncate_decimals
    known = np.isfinite(concentrations)
    # Counted in the last digit that counts, everything is whole numbers, and halves are exact.
    scaled = np.round(np.where(known, concentrations, 0.0) * 10.0**decimals, NOISE - decimals)
    cut = np.maximum(np.trunc(scaled), 0).astype(np.int64)
    at = np.searchsorted(rows[:, 0], cut, side="right") - 1
    inside = known & (at >= 0) & ((cut <= rows[-1, 1]) | table.open_ended)
    low, high, first, last = rows[np.maximum(at, 0)].T
    doubled = 2 * (last - first) * (cut - low) + (high - low)
    return np.where(inside, first + doubled // (2 * (high - low)), np.nan)


def index_of(table: IndexTable, concentration: float | None) -> int | None:
    """`indices_of` one concentration; None where it has no index."""
    return _one(indices_of(table, _array([concentration])))


def ozone_indices(standard: IndexStandard, eight_hours: Floats, one_hour: Floats) -> Floats:
    """The larger of ozone's index of eight hours and of one hour (ppm); NaN where neither is defined."""
    of_eight = indices_of(standard.table("O3", "8h"), eight_hours)
    return np.fmax(of_eight, indices_of(standard.table("O3", "1h"), one_hour))


def ozone_index(standard: IndexStandard, eight_hours: float | None, one_hour: float | None) -> int | None:
    """`ozone_indices` of one pair."""
    return _one(ozone_indices(standard, _array([eight_hours]), _array([one_hour])))


def sulphur_dioxide_indices(standard: IndexStandard, one_hour: Floats, day: Floats) -> Floats:
    """Sulphur dioxide by a day's largest hour up to 304 ppb; from 305 by the day's mean, and 200 where that is less.

    Without a day's mean such an hour gives 200, too: what is certain. NaN where there is neither.

    Source: EPA-454/B-24-002, footnotes of the table of breakpoints.
    """
    by_hour = indices_of(standard.table("SO2", "1h"), one_hour)
    by_day = indices_of(standard.table("SO2", "24h"), day)
    loud = np.isnan(by_hour) & np.isfinite(one_hour)
    return np.where(np.isnan(by_hour), np.where(loud & np.isnan(by_day), _SO2_FIXED, by_day), by_hour)


def sulphur_dioxide_index(standard: IndexStandard, one_hour: float | None, day: float | None) -> int | None:
    """`sulphur_dioxide_indices` of one pair."""
    return _one(sulphur_dioxide_indices(standard, _array([one_hour]), _array([day])))


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


def _one(indices: Floats) -> int | None:
    return None if np.isnan(indices[0]) else int(indices[0])


@lru_cache(maxsize=64)
def _in_last_digits(table: IndexTable) -> npt.NDArray[np.int64]:
    scale = table.truncate_decimals
    rows = [(row.low.scaleb(scale), row.high.scaleb(scale), row.index_low, row.index_high) for row in table.rows]
    return np.array([[int(part) for part in row] for row in rows], dtype=np.int64)
