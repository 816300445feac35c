"""Mean of the hours that end with each hour."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators._running import at_cells, means_at_cells


def compute(inputs: Inputs) -> Outcome:
    """Mean of the valid hours among the `window.last_hours` that end with the hour, which it is stamped by.

    Source: 2008/50/EC, Annexes VII and XI (6 of 8 hours, 18 of 24).
    """
    window = inputs.definition.window.last_hours
    (name,) = inputs.definition.own_inputs
    ones = np.ones(window)
    valid = at_cells(inputs, name, window - 1, lambda grid: np.convolve(~np.isnan(grid), ones)[: len(grid)])
    return Outcome(
        means_at_cells(inputs, name, window, 1),
        covered=np.nan_to_num(valid).round().astype(np.int64),
        expected=inputs.cells.expected,
    )


calculator = Calculator(compute)
