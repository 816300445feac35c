"""How cold it was, as heating sees it."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Floats, Inputs, Outcome
from processors.calculators._days import day_means, per_cell


def compute(inputs: Inputs) -> Outcome:
    """Sum over the days of how far the day's mean temperature lies below `base_temperature` (Cel); 0 for warmer days.

    The mean is of the day's hours, not of its extremes. Days without enough hours lack; nothing is scaled up.
    """
    days = day_means(inputs)
    base = float(inputs.definition.parameters["base_temperature"])
    total, valid, elapsed = per_cell(inputs, days, heating_degrees(days["mean"].to_numpy(float), base))
    value = np.where(valid > 0, total, np.nan)
    if inputs.cells.period == "P1D":
        return Outcome(value)
    return Outcome(value, covered=valid, expected=elapsed, counted="days")


def heating_degrees(mean: Floats, base: float) -> Floats:
    """Degree days of days with these means.

    >>> heating_degrees(np.array([2.0, 17.0, 21.3]), 17.0).tolist()
    [15.0, 0.0, 0.0]
    """
    return np.maximum(0.0, base - mean)


calculator = Calculator(compute, units=frozenset({"Cel.d"}), parameters=frozenset({"base_temperature"}))
