"""How much energy was used in a period, from registers or from the energy of intervals."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators._energy import covered_hours, estimates, of_cells, used_hours


def compute(inputs: Inputs) -> Outcome:
    """Sum of the hours. A register is interpolated to the hours' edges: hours in a gap are estimated and say so.

    Inside a period they count as covered (what was used across the gap is known), at its edges not. Nothing is scaled
    up.
    """
    size = len(inputs.cells)
    own, count, total = of_cells(used_hours(inputs), size)
    value = np.where(count > 0, total, np.nan)
    return Outcome(value, covered=covered_hours(own, size), evidence=estimates(own, total))


calculator = Calculator(compute)
