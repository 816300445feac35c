"""Equivalent sound level of a period: the mean of the energy, never of the decibels."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators._levels import level, weighted_energy


def compute(inputs: Inputs) -> Outcome:
    """Energy mean of the valid hours, each with the share of it that was measured: what lacks leaves the denominator.

    LAeq = 10 lg (sum of t times 10^(L/10), over the sum of t). An hour is its own, valid or not.
    """
    used = inputs.hours[inputs.hours["cell"] >= 0]
    if inputs.cells.period != "PT1H":
        used = used[used["valid"]]
    cell, count = used["cell"].to_numpy(np.int64), len(inputs.cells)
    energy = np.bincount(cell, weighted_energy(used), minlength=count).astype(float)
    time = np.bincount(cell, used["share"].to_numpy(float), minlength=count).astype(float)
    return Outcome(level(energy, time))


calculator = Calculator(compute)
