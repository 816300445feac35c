"""The largest day mean of a month or year."""

from __future__ import annotations

import numpy as np

from bypuls.clock import isoformat
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators._days import day_means, elapsed_days
from processors.windows import day_start, instant


def compute(inputs: Inputs) -> Outcome:
    """Largest mean of a valid day; `detail` names the day by its start (the earliest of several)."""
    count = len(inputs.cells)
    days = day_means(inputs).sort_values(["cell", "mean", "day"], ascending=[True, False, True])
    cell = days["cell"].to_numpy(np.int64)
    value = np.full(count, np.nan)
    detail: list[Detail | None] = [None] * count
    largest = days.drop_duplicates("cell")
    for at, day, mean in zip(largest["cell"], largest["day"], largest["mean"], strict=True):
        value[at] = mean
        detail[at] = {"day": isoformat(instant(day_start(day, inputs.calendar)))}
    return Outcome(
        value,
        detail=detail,
        covered=np.bincount(cell, minlength=count),
        expected=elapsed_days(inputs),
        counted="days",
    )


calculator = Calculator(compute)
