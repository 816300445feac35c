"""Days whose mean is above a limit: of one day yes or no, of a month or year how many so far."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators._days import day_means, elapsed_days
from processors.calculators._exceedance import Counted, count_exceedances


def compute(inputs: Inputs) -> Outcome:
    """Count valid day means that, rounded half up to the limit's decimals, are strictly above it.

    Parameters: `standard` (an id, or `national`: the city's own), `pollutant` (its name there), `statistic` (day_mean).
    The edition in force when the period begins applies to all of it. A day is valid with `coverage.day` of its hours.

    Source: 2008/50/EC and 2024/2881, Annex I; e-Reporting clarification V4.1 on rounding.
    """
    cells, days = inputs.cells, day_means(inputs)
    cell, value, whole = days["cell"].to_numpy(np.int64), days["mean"].to_numpy(float), cells.hours / 24
    if cells.period == "P1D":
        return count_exceedances(inputs, "24h", Counted(cell, value, whole))
    valid = np.bincount(cell, minlength=len(cells))
    return count_exceedances(inputs, "24h", Counted(cell, value, whole, valid, elapsed_days(inputs), "days"))


calculator = Calculator(
    compute, units=frozenset({"days"}), parameters=frozenset({"standard", "pollutant", "statistic", "rounding"})
)
