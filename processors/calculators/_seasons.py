"""The halves of a year that ozone's statistics are judged by: summer is April to September (2008/50/EC, Annex VII)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from processors.calculation import Floats, Inputs, Integers
from processors.windows import DAY, HOUR, local_days, local_seconds

_FIRST, _LAST = 4, 9
_OF_A_MONTH = 0.90


def months_of(days: Integers) -> Integers:
    """The month (1 to 12) of each day counted since 1970."""
    months: Integers = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return months


def is_summer(days: Integers) -> Integers:
    """1 for days from April to September, else 0."""
    months = months_of(days)
    return ((months >= _FIRST) & (months <= _LAST)).astype(np.int64)


def worse_half(inputs: Inputs) -> tuple[Integers, Integers]:
    """Valid hours, and hours over, of the half of each window's year that has the smaller share of them."""
    cells = inputs.cells
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    half = is_summer(local_days(own["bucket"].to_numpy(np.int64), inputs.calendar))
    slot = own["cell"].to_numpy(np.int64) * 2 + half
    valid = np.bincount(slot, minlength=2 * len(cells)).reshape(-1, 2)
    until = np.minimum(cells.end, cells.start + cells.elapsed * HOUR)
    # Sites share their windows: each is counted once.
    windows, back = np.unique(np.stack([cells.start, until]), axis=1, return_inverse=True)
    over = np.zeros((windows.shape[1], 2), dtype=np.int64)
    for row, (start, end) in enumerate(windows.T.tolist()):
        clock = local_seconds(np.arange(start, end, HOUR), inputs.calendar)
        over[row] = np.bincount(is_summer(clock // DAY), minlength=2)
    expected = over[back.reshape(-1)]
    share = np.where(expected > 0, valid / np.maximum(expected, 1), np.inf)
    rows, least = np.arange(len(cells)), np.argmin(share, axis=1)
    return valid[rows, least], expected[rows, least]


def summer_days(inputs: Inputs, valid: pd.DataFrame, elapsed: Integers) -> tuple[Integers, Integers]:
    """Summer days over in months of which 90 % are valid, and all summer days over; before April, of the winter.

    Five of the six summer months must be valid: 83 % of their days. `valid` names the valid days: cell, day.
    """
    count = len(inputs.cells)
    first = local_days(inputs.cells.start, inputs.calendar)
    covered, expected = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    days_of = {int(str(cell)): days.to_numpy(np.int64) for cell, days in valid.groupby("cell")["day"]}
    for at, (begin, over) in enumerate(zip(first.tolist(), elapsed.tolist(), strict=True)):
        days = np.arange(begin, begin + over)
        summer = is_summer(days) == 1
        days = days[summer] if summer.any() else days
        months, length = np.unique(months_of(days), return_counts=True)
        there = months_of(np.intersect1d(days, days_of.get(at, days[:0])))
        number: Floats = (there[:, None] == months[None, :]).sum(axis=0).astype(float)
        covered[at], expected[at] = length[number >= _OF_A_MONTH * length - 1e-9].sum(), length.sum()
    return covered, expected
