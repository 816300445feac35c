"""Mean daily volume of a month or year, over its complete days."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators._days import per_cell, valid_days


def compute(inputs: Inputs) -> Outcome:
    """Mean of the daily sums over days with `coverage.day` of their hours; `detail.days` says over how many."""
    days = valid_days(inputs)
    days = days[days["cell"] >= 0]
    total, valid, expected = per_cell(inputs, days, days["sum"].to_numpy(float))
    value = np.where(valid > 0, total / np.maximum(valid, 1), np.nan)
    detail = [{"days": number} if number else None for number in valid.tolist()]
    return Outcome(value, detail=list(detail), covered=valid, expected=expected, counted="days")


calculator = Calculator(compute)
