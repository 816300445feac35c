"""Mean of the valid hours of a period: every hour weighs the same, however often it was measured."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators._seasons import worse_half


def compute(inputs: Inputs) -> Outcome:
    """Arithmetic mean of the valid hourly values (2008/50/EC: of hourly means). An hour is its own, valid or not.

    With the parameter `half_years` a year needs its coverage in summer (April to September) and in winter each.
    """
    cells, hours = inputs.cells, inputs.hours
    used = hours[hours["cell"] >= 0]
    if cells.period != "PT1H":
        used = used[used["valid"]]
    cell = used["cell"].to_numpy(np.int64)
    count = np.bincount(cell, minlength=len(cells))
    total = np.bincount(cell, used["value"].to_numpy(float), minlength=len(cells))
    outcome = Outcome(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    if cells.period == "P1Y" and inputs.definition.parameters.get("half_years"):
        outcome.covered, outcome.expected = worse_half(inputs)
        outcome.counted = "half_year_hours"
    return outcome


calculator = Calculator(compute, optional=frozenset({"half_years"}))
