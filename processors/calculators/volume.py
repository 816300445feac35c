"""How much was counted in a period."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome


def compute(inputs: Inputs) -> Outcome:
    """Sum of the counted hours. Nothing is scaled up: hours that lack show in the coverage, not in the number."""
    cells = inputs.cells
    own = inputs.hours[inputs.hours["cell"] >= 0]
    cell = own["cell"].to_numpy(np.int64)
    counted = np.bincount(cell, minlength=len(cells))
    total = np.bincount(cell, own["value"].to_numpy(float), minlength=len(cells))
    return Outcome(np.where(counted > 0, total, np.nan))


calculator = Calculator(compute)
