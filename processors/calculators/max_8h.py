"""The largest running eight-hour mean of a day."""

from __future__ import annotations

import numpy as np

from bypuls.clock import isoformat
from processors.calculation import Calculator, Detail, Inputs, Outcome
from processors.calculators._eight_hours import HOURS_BEFORE, MEANS_OF_DAY, day_maxima
from processors.windows import instant


def compute(inputs: Inputs) -> Outcome:
    """Largest of the running eight-hour means that end on the day; 18 of its 24 are needed, each of 6 valid hours.

    `detail`: when the largest ended, the earliest of several. Source: 2008/50/EC, Annex VII.
    """
    count = len(inputs.cells)
    value, covered = np.full(count, np.nan), np.zeros(count, dtype=np.int64)
    detail: list[Detail | None] = [None] * count
    days = day_maxima(inputs)
    for at, largest, ends, means in zip(days["cell"], days["value"], days["ends"], days["means"], strict=True):
        value[at], covered[at] = largest, means
        detail[at] = {"ends": isoformat(instant(ends))}
    expected = np.full(count, MEANS_OF_DAY, dtype=np.int64)
    return Outcome(value, detail=detail, covered=covered, expected=expected, counted="means")


calculator = Calculator(compute, hours_before=HOURS_BEFORE)
