"""Hours above a limit: how many of a day, month or year so far."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators._exceedance import Counted, count_exceedances


def compute(inputs: Inputs) -> Outcome:
    """Count valid hourly values that, rounded half up to the limit's decimals, are strictly above it.

    Parameters: `standard` (an id, or `national`: the city's own), `pollutant` (its name there), `statistic` (hour).
    The edition in force when the period begins applies to all of it.

    Source: 2008/50/EC and 2024/2881, Annex I; e-Reporting clarification V4.1 on rounding.
    """
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    cell, value = own["cell"].to_numpy(np.int64), own["value"].to_numpy(float)
    return count_exceedances(inputs, "1h", Counted(cell, value, inputs.cells.hours.astype(float)))


calculator = Calculator(
    compute, units=frozenset({"hours"}), parameters=frozenset({"standard", "pollutant", "statistic", "rounding"})
)
