"""Mean of the valid hours of a period: every hour weighs the same, however often it was measured."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome


def compute(inputs: Inputs) -> Outcome:
    """Arithmetic mean of the valid hourly values (2008/50/EC: of hourly means). An hour is its own, valid or not."""
    cells, hours = inputs.cells, inputs.hours
    used = hours[hours["cell"] >= 0]
    if cells.period != "PT1H":
        used = used[used["valid"]]
    cell = used["cell"].to_numpy(np.int64)
    count = np.bincount(cell, minlength=len(cells))
    total = np.bincount(cell, used["value"].to_numpy(float), minlength=len(cells))
    return Outcome(np.where(count > 0, total / np.maximum(count, 1), np.nan))


calculator = Calculator(compute)
