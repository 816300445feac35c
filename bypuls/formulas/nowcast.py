"""NowCast of US EPA for dust: a mean of twelve hours that follows the newest the more, the more the air changes.

Ozone's NowCast is a regression on two weeks of hours; here is only its surrogate, which every output has to name so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

HOURS = 12
LEAST_WEIGHT = 0.5
_NEWEST, _OF_NEWEST = 3, 2


def nowcast(newest_first: Sequence[float | None]) -> float | None:
    """The NowCast of the newest hour, not truncated; None where fewer than two of the newest three hours are there.

    Args:
        newest_first: hourly means, the newest first; None where there is none. Beyond twelve they do not count.

    Source: EPA-454/B-24-002; AirNow forum, topic 172.

    >>> round(nowcast([13, 16, 10, 21, 74, 64, 53, 82, 90, 75, 80, 50]), 6)
    17.413919
    """
    hours = np.full(HOURS, np.nan)
    given = [np.nan if hour is None else hour for hour in newest_first[:HOURS]]
    hours[: len(given)] = given
    value = float(_of_windows(hours[None, ::-1])[0])
    return None if np.isnan(value) else value


def nowcasts(values: Floats) -> Floats:
    """The NowCast at every hour.

    Args:
        values: one per hour without a hole in time, the oldest first; NaN where there is none.

    Returns:
        As many, NaN where it is not valid.
    """
    if not len(values):
        return values.astype(np.float64)
    grid = np.concatenate([np.full(HOURS - 1, np.nan), values])
    return _of_windows(np.lib.stride_tricks.sliding_window_view(grid, HOURS))


def ozone_surrogate(newest_first: Sequence[float | None]) -> float | None:
    """What stands in for ozone's NowCast where the regression fails: 0.85 C + 4.5 ppb, C the newest of three hours.

    Never below 0; None where none of the newest three hours is there. Whatever shows it must call it a surrogate.

    Source: USEPA/O3-Nowcast, white paper.
    """
    newest = next((hour for hour in newest_first[:_NEWEST] if hour is not None), None)
    return None if newest is None else max(0.0, 0.85 * newest + 4.5)


def _of_windows(windows: Floats) -> Floats:
    """Rows of twelve hours, the oldest first."""
    there = ~np.isnan(windows)
    valid = there[:, -_NEWEST:].sum(axis=1) >= _OF_NEWEST
    least = np.where(there, windows, np.inf).min(axis=1)
    most = np.where(there, windows, -np.inf).max(axis=1)
    # Nothing but noughts does not change: its weight is 1.
    steady = most <= 0
    ratio = np.where(steady, 1.0, np.where(valid, least, 0.0) / np.where(steady | ~valid, 1.0, most))
    weight = np.maximum(ratio, LEAST_WEIGHT)[:, None] ** np.arange(HOURS - 1, -1, -1)
    weight = np.where(there, weight, 0.0)
    total = (weight * np.where(there, windows, 0.0)).sum(axis=1)
    return np.where(valid, total / np.where(valid, weight.sum(axis=1), 1.0), np.nan)
