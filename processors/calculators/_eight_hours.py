"""Running eight-hour means and the largest of each day, which ozone is judged by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bypuls.formulas.running_means import EIGHT_HOURS, OF_EIGHT, running_means
from processors.calculation import Floats, Inputs, Integers
from processors.windows import HOUR, local_days, starts_of

HOURS_BEFORE = EIGHT_HOURS - 1
MEANS_OF_DAY = 24


def day_maxima(inputs: Inputs) -> pd.DataFrame:
    """One row per cell and day that has an eight-hour mean: cell, day, value (the largest), ends (of it), means.

    A mean needs 6 of its 8 hours and belongs to the day on which it ends: the first of a day is that from 17 to 1
    o'clock, the last that from 16 to 24 (2008/50/EC, Annex VII). One that is not over yet is none, unless its last hour
    is valid already.
    """
    hours, cells = inputs.hours[inputs.hours["valid"]], inputs.cells
    frames = [
        _running_means(site, own["bucket"].to_numpy(np.int64) // HOUR, own["value"].to_numpy(float))
        for site, own in ((site, hours[hours["site"] == site]) for site in hours["site"].unique().tolist())
    ]
    if not frames:
        return pd.DataFrame(columns=["cell", "day", "value", "ends", "means"])
    means = pd.concat(frames, ignore_index=True)
    last = means["last"].to_numpy(np.int64)
    cell = cells.find(means["site"].to_numpy(np.int64), starts_of(last, cells.period, inputs.calendar))
    over = last + HOUR <= (cells.start + cells.elapsed * HOUR)[cell]
    keep = (cell >= 0) & (over | means["there"].to_numpy(bool))
    means = means.assign(cell=cell, ends=last + HOUR, day=local_days(last, inputs.calendar))[keep]
    means = means.sort_values(["cell", "day", "value", "ends"], ascending=[True, True, False, True])
    days = means.drop_duplicates(["cell", "day"])[["cell", "day", "value", "ends"]]
    number = means.groupby(["cell", "day"], sort=False).size().to_numpy()
    return pd.DataFrame(days.assign(means=number).reset_index(drop=True))


def _running_means(site: int, at: Integers, value: Floats) -> pd.DataFrame:
    """The means of one site: `last` (start of the last hour), value, whether that hour itself is `there`."""
    first = int(at.min())
    # Two hours more than there are: a mean may lack its last two.
    grid = np.full(int(at.max()) - first + 1 + (EIGHT_HOURS - OF_EIGHT), np.nan)
    grid[at - first] = value
    means = running_means(grid, EIGHT_HOURS, OF_EIGHT)
    enough = np.flatnonzero(~np.isnan(means))
    return pd.DataFrame(
        {
            "site": site,
            "last": (enough + first) * HOUR,
            "value": means[enough],
            "there": ~np.isnan(grid[enough]),
        }
    )
