"""Running eight-hour means and the largest of each day, which ozone is judged by."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from bypuls.formulas.running_means import EIGHT_HOURS, OF_EIGHT, running_means
from processors.calculation import Floats, Inputs, Integers
from processors.preparation import Booleans
from processors.windows import HOUR, distinct, local_days, starts_of

HOURS_BEFORE = EIGHT_HOURS - 1
MEANS_OF_DAY = 24


def day_maxima(inputs: Inputs) -> pd.DataFrame:
    """One row per cell and day that has an eight-hour mean: cell, day, value (the largest), ends (of it), means.

    A mean needs 6 of its 8 hours and belongs to the day on which it ends: the first of a day is that from 17 to 1
    o'clock, the last that from 16 to 24 (2008/50/EC, Annex VII). One that is not over yet is none, unless its last hour
    is valid already.
    """
    cells, frame = inputs.cells, inputs.hours
    valid = np.flatnonzero(frame["valid"].to_numpy(bool))
    site = frame["site"].to_numpy(np.int64)[valid]
    order = np.argsort(site, kind="stable")
    site, valid = site[order], valid[order]
    at, value = frame["bucket"].to_numpy(np.int64)[valid] // HOUR, frame["value"].to_numpy(float)[valid]
    sites = distinct(site)
    edges = np.searchsorted(site, np.append(sites, np.iinfo(np.int64).max)).tolist()
    parts = [_running_means(at[begin:end], value[begin:end]) for begin, end in pairwise(edges)]
    if not parts:
        return pd.DataFrame(columns=["cell", "day", "value", "ends", "means"])
    last, means, there = (np.concatenate(column) for column in zip(*parts, strict=True))
    of_site = np.repeat(sites, [len(part[0]) for part in parts])
    cell = cells.find(of_site, starts_of(last, cells.period, inputs.calendar))
    over = last + HOUR <= (cells.start + cells.elapsed * HOUR)[cell]
    keep = (cell >= 0) & (over | there)
    # Of a site one after another in time, so cells and their days lie together.
    cell, last, means = cell[keep], last[keep], means[keep]
    day = local_days(last, inputs.calendar)
    new = np.append(True, (cell[1:] != cell[:-1]) | (day[1:] != day[:-1])) if len(cell) else np.empty(0, dtype=bool)
    first = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    largest = np.maximum.reduceat(means, first) if len(first) else means
    of_largest = np.flatnonzero(means == largest[group])
    earliest = of_largest[np.searchsorted(group[of_largest], np.arange(len(first)))]
    return pd.DataFrame(
        {
            "cell": cell[first],
            "day": day[first],
            "value": largest,
            "ends": last[earliest] + HOUR,
            "means": np.bincount(group, minlength=len(first)),
        }
    )


def _running_means(at: Integers, value: Floats) -> tuple[Integers, Floats, Booleans]:
    """The means of one site: when the last hour of each starts, the mean, whether that hour itself is there."""
    first = int(at.min())
    # Two hours more than there are: a mean may lack its last two.
    grid = np.full(int(at.max()) - first + 1 + (EIGHT_HOURS - OF_EIGHT), np.nan)
    grid[at - first] = value
    means = running_means(grid, EIGHT_HOURS, OF_EIGHT)
    enough = np.flatnonzero(~np.isnan(means))
    return (enough + first) * HOUR, means[enough], ~np.isnan(grid[enough])
