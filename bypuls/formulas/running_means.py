"""Running means of hours: of eight (ozone, carbon monoxide) and of 24 (dust in older indices)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

EIGHT_HOURS, OF_EIGHT = 8, 6
DAY, OF_DAY = 24, 18


def running_means(values: Floats, window: int = EIGHT_HOURS, needed: int = OF_EIGHT) -> Floats:
    """The mean of the `window` values that end with each, over those that are there.

    Args:
        values: one per hour without a hole in time, the oldest first; NaN where there is none.
        window: how many hours belong to a mean.
        needed: how many of them must be there.

    Returns:
        As many means; NaN where too few are there. What lies before the first value counts as missing. Each mean is the
        sum of its own values, so that it does not depend on how much came before.
    """
    if not len(values):
        return values.astype(np.float64)
    grid = np.concatenate([np.full(window - 1, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(grid, window)
    there = ~np.isnan(windows)
    number = there.sum(axis=1)
    total = np.where(there, windows, 0.0).sum(axis=1)
    return np.where(number >= needed, total / np.maximum(number, 1), np.nan)


def mean_of(hours: Sequence[float | None], needed: int) -> float | None:
    """The mean of the hours that are there; None where fewer than needed are."""
    known = [hour for hour in hours if hour is not None]
    return sum(known) / len(known) if known and len(known) >= needed else None
