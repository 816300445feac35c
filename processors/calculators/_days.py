"""Day statistics that several formulas share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from processors.calculation import Floats, Inputs, Integers
from processors.windows import DAY, day_hours, local_days, local_seconds


def days_of(inputs: Inputs) -> pd.DataFrame:
    """One row per site and day that has valid hours: site, day (since 1970), cell, sum, hours (valid), length (hours).

    Days before the cells' windows, which a calculator asked for, have cell -1.
    """
    valid = inputs.hours["valid"].to_numpy(bool)
    bucket, site, cell = (inputs.hours[name].to_numpy(np.int64)[valid] for name in ("bucket", "site", "cell"))
    keys = (site << 32) + local_days(bucket, inputs.calendar)
    found, first, group = np.unique(keys, return_index=True, return_inverse=True)
    day = found & 0xFFFFFFFF
    return pd.DataFrame(
        {
            "site": found >> 32,
            "day": day,
            "cell": cell[first],
            "sum": np.bincount(group, inputs.hours["value"].to_numpy(float)[valid], minlength=len(found)),
            "hours": np.bincount(group, minlength=len(found)),
            "length": day_hours(day, inputs.calendar),
        }
    )


def valid_days(inputs: Inputs) -> pd.DataFrame:
    """The days of `days_of` with enough valid hours (`coverage.day`: 18 of 24)."""
    days = days_of(inputs)
    return days[days["hours"] >= inputs.definition.coverage["day"] * days["length"] - 1e-9]


def day_means(inputs: Inputs) -> pd.DataFrame:
    """Days that count for a statistic of days, with their mean; a day asked for by itself is given with less, too."""
    days = days_of(inputs) if inputs.cells.period == "P1D" else valid_days(inputs)
    days = days[days["cell"] >= 0]
    return days.assign(mean=days["sum"] / days["hours"])


def per_cell(inputs: Inputs, days: pd.DataFrame, number: Floats) -> tuple[Floats, Integers, Integers]:
    """Sum of a number of each day over its cell; days that count; days that could (those over, while it runs)."""
    cells = inputs.cells
    cell = days["cell"].to_numpy(np.int64)
    total = np.bincount(cell, number, minlength=len(cells)).astype(float)
    valid = np.bincount(cell, minlength=len(cells))
    return total, valid, elapsed_days(inputs)


def elapsed_days(inputs: Inputs) -> Integers:
    """Whole days of each window that are over."""
    cells = inputs.cells
    until = np.minimum(cells.end, cells.start + cells.elapsed * 3600)
    return local_days(until, inputs.calendar) - local_days(cells.start, inputs.calendar)


def local_hours(inputs: Inputs, buckets: Integers) -> Integers:
    """The hour (0 to 23) that the calendar's clock shows."""
    return local_seconds(buckets, inputs.calendar) % DAY // 3600
