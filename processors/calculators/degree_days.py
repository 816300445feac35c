"""How cold it was, as heating sees it."""

from __future__ import annotations

import numpy as np

from bypuls.formulas.energy import heating_degrees
from processors.calculation import Calculator, Inputs, Outcome
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


calculator = Calculator(compute, units=frozenset({"Cel.d"}), parameters=frozenset({"base_temperature"}))
