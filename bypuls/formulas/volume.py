"""Counted vehicles: the peak hour factor, the average day of a year, density from occupancy, classes of length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

KILOMETRES_PER_MILE = 1.609344
_QUARTERS = 4


def peak_hour_factor(hour: float, peak_quarter: float) -> float | None:
    """Volume of an hour over four times its busiest quarter (HCM): 0.25 to 1.

    None at no flow, which has no peak, and where the two contradict each other.

    >>> peak_hour_factor(30, 12), peak_hour_factor(0, 0)
    (0.625, None)
    """
    if not peak_quarter > 0 or not peak_quarter <= hour <= _QUARTERS * peak_quarter:
        return None
    return hour / (_QUARTERS * peak_quarter)


def peak_hour_factor_of(quarters: Sequence[float | None]) -> float | None:
    """`peak_hour_factor` of an hour's four quarters; None where one of them is missing.

    >>> round(peak_hour_factor_of([210, 260, 240, 190]), 3)
    0.865
    """
    known = [quarter for quarter in quarters if quarter is not None and quarter >= 0]
    if len(known) != _QUARTERS or len(quarters) != _QUARTERS:
        return None
    return peak_hour_factor(sum(known), max(known))


def density(occupancy_percent: float, effective_length: float) -> float | None:
    """Vehicles per kilometre of a lane that a detector says is occupied so often: 10 occ / L (m).

    L is the mean vehicle's length and the detection zone's together, calibrated per lane. None where either makes no
    sense. Source: MnDOT, traffic data (density).
    """
    if not 0 <= occupancy_percent <= 100 or not effective_length > 0:  # noqa: PLR2004 - percent
        return None
    return 10 * occupancy_percent / effective_length


def per_kilometre(per_mile: float) -> float:
    """A density per mile as one per kilometre."""
    return per_mile / KILOMETRES_PER_MILE


def average_annual_daily_traffic(months: Integers, weekdays: Integers, volumes: Floats) -> float | None:
    """AADT by the AASHTO method: the mean over the week of the mean over the year of each month's mean of that weekday.

    So a month or weekday of which more days were counted does not weigh more.

    Args:
        months: 1 to 12 of each counted day.
        weekdays: 0 to 6 likewise.
        volumes: vehicles of the day.

    Returns:
        Vehicles a day; None where a weekday was never counted or nothing was.

    Source: AASHTO, Guidelines for Traffic Data Programs; FHWA Traffic Monitoring Guide (detail unverified).
    """
    cell = weekdays * 12 + months - 1
    number = np.bincount(cell, minlength=7 * 12).reshape(7, 12)
    total = np.bincount(cell, volumes, minlength=7 * 12).reshape(7, 12)
    if (number.sum(axis=1) == 0).any():
        return None
    of_month = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    return float(np.nanmean(of_month, axis=1).mean())


def length_class(length: float | None, edges: Sequence[float]) -> str | None:
    """Norwegian class of a vehicle's length (m) as the roads authority writes it; the lower edge belongs to it.

    None for what has no length (bicycles).

    >>> length_class(5.6, [5.6, 7.6]), length_class(3, [5.6, 7.6]), length_class(9, [5.6, 7.6])
    ('[5.6,7.6)', '[..,5.6)', '[7.6,..)')
    """
    if length is None or not length > 0:
        return None
    at = sum(length >= edge for edge in edges)
    low = ".." if at == 0 else f"{edges[at - 1]:.1f}"
    high = ".." if at == len(edges) else f"{edges[at]:.1f}"
    return f"[{low},{high})"
