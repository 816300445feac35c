"""The mean of a year beside the limit for it."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Inputs, Outcome
from processors.calculators._limits import judged


def compute(inputs: Inputs) -> Outcome:
    """Arithmetic mean of a year's valid hours; `detail`: the limit, which guideline level or interim target it meets.

    Parameters: `standard` (an id, or `national`: the city's own), `pollutant` (its name there). The edition in force
    when the year begins applies. `within` and `above` are said of years that are over and covered; a part of a year
    proves nothing and is `open`.

    Source: 2008/50/EC, Annexes I and XI; e-Reporting clarification V4.1 on rounding.
    """
    own = inputs.hours[(inputs.hours["cell"] >= 0) & inputs.hours["valid"]]
    cell = own["cell"].to_numpy(np.int64)
    count = np.bincount(cell, minlength=len(inputs.cells))
    total = np.bincount(cell, own["value"].to_numpy(float), minlength=len(inputs.cells))
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return judged(inputs, mean, "year", count / np.maximum(inputs.cells.expected, 1), certain=False)


calculator = Calculator(compute, parameters=frozenset({"standard", "pollutant"}))
